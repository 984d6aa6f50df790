/** What HTTP clients of Kubernetes lean on, beside the objects themselves. */
import { once } from 'node:events';
import type { IncomingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { gunzipSync } from 'node:zlib';
import { decodeProtobuf, encodeProtobuf } from '@skiff/api/wire/server';
import { parseYaml } from '@skiff/api/yaml';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { widgets } from '../extensions/testing.ts';
import { type Reply, startTestServer, type TestServer } from './testing/server.ts';

let at: TestServer;
const configMaps = '/api/v1/namespaces/default/configmaps';
const json = (reply: Reply) => JSON.parse(reply.text);
const protobuf = 'application/vnd.kubernetes.protobuf';

beforeAll(async () => {
  at = await startTestServer();
  for (const name of ['a', 'b', 'c'])
    await at.create(configMaps, {
      ...{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, labels: { set: 'abc' } }, data: { k: name } },
    });
});
afterAll(() => at.close());

/** An answer as bytes. */
async function raw(path: string, headers: Record<string, string>, method = 'GET') {
  const call = httpsRequest({
    ...{ host: '127.0.0.1', port: at.restPort, path, method, headers, servername: 'localhost', agent: false },
    ...{ ca: at.ca.certificatePem, cert: at.admin.certificatePem, key: at.admin.keyPem },
  }).end();
  const [response] = await once(call, 'response');
  const parts: Buffer[] = [];
  for await (const part of response) parts.push(part as Buffer);
  return {
    status: response.statusCode as number,
    headers: response.headers as IncomingHttpHeaders,
    body: Buffer.concat(parts),
  };
}

describe('methods', () => {
  it.each([configMaps, `${configMaps}/a`, '/version', '/api', '/apis/apps/v1'])(
    'HEAD of %s is its GET without a body',
    async (path) => {
      const [get, head] = [await raw(path, {}), await raw(path, {}, 'HEAD')];
      expect([head.status, head.body.length]).toEqual([200, 0]);
      expect(head.headers['content-type']).toBe(get.headers['content-type']);
    },
  );

  it('HEAD of what is not there is a 404', async () => {
    expect((await raw(`${configMaps}/nope`, {}, 'HEAD')).status).toBe(404);
  });

  it('pods/resize is not there: its feature gate is off in v1.32', async () => {
    const { resources } = json(await at.request('/api/v1')) as { resources: { name: string }[] };
    expect(resources.filter(({ name }) => name.startsWith('pods/')).map(({ name }) => name)).not.toContain(
      'pods/resize',
    );
    for (const method of ['GET', 'PATCH', 'PUT']) {
      const reply = await raw('/api/v1/namespaces/default/pods/p/resize', {}, method);
      expect([reply.status, JSON.parse(reply.body.toString()).message]).toEqual([
        ...[404, 'the server could not find the requested resource'],
      ]);
    }
  });

  it('a verb that a kind does not have is a 405', async () => {
    for (const [method, path] of [
      ['GET', '/apis/authorization.k8s.io/v1/subjectaccessreviews'],
      ['PUT', '/apis/authentication.k8s.io/v1/tokenreviews'],
      ['POST', `${configMaps}/a`],
    ] as const)
      expect(
        (await at.request(path, { method, headers: { 'content-type': 'application/json' }, body: '{}' })).status,
        path,
      ).toBe(405);
  });
});

describe('representations', () => {
  it.each(['application/json', 'application/yaml', protobuf])('of an error in %s is a Status', async (accept) => {
    const reply = await raw(`${configMaps}/nope`, { accept });
    expect(reply.status).toBe(404);
    const text = reply.body.toString('latin1');
    expect(text).toContain('NotFound');
    expect(text).toContain('Status');
  });

  it('gzip is for who asks, and for more than 128 KiB', async () => {
    await at.create(configMaps, {
      ...{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'long' } },
      data: { k: 'x'.repeat(140_000) },
    });
    const asked = { 'accept-encoding': 'gzip' };
    const long = await raw(`${configMaps}/long`, asked);
    expect(long.headers).toMatchObject({
      'content-encoding': 'gzip',
      vary: expect.stringContaining('Accept-Encoding'),
    });
    expect(JSON.parse(gunzipSync(long.body).toString()).metadata.name).toBe('long');
    const list = await raw(configMaps, asked);
    expect(JSON.parse(gunzipSync(list.body).toString()).items).toHaveLength(4);
    expect((await raw(`${configMaps}/a`, asked)).headers['content-encoding']).toBeUndefined();
    for (const refused of ['identity', 'gzip;q=0', ''])
      expect(
        (await raw(`${configMaps}/long`, { 'accept-encoding': refused })).headers['content-encoding'],
      ).toBeUndefined();
    const bytes = await raw(`${configMaps}/long`, { ...asked, accept: protobuf });
    expect(decodeProtobuf(gunzipSync(bytes.body))).toMatchObject({ metadata: { name: 'long' } });
    await at.request(`${configMaps}/long`, { method: 'DELETE' });
  });

  it('metadata alone is had of an object, a list and a watch, in JSON and in protobuf', async () => {
    const as = (kind: string, type = 'application/json') => ({ accept: `${type};as=${kind};v=v1;g=meta.k8s.io` });
    const one = { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: { name: 'a' } };
    const object = JSON.parse((await raw(`${configMaps}/a`, as('PartialObjectMetadata'))).body.toString());
    expect(object).toMatchObject(one);
    expect(object.data).toBeUndefined();
    const list = JSON.parse((await raw(configMaps, as('PartialObjectMetadataList'))).body.toString());
    expect(list).toMatchObject({
      kind: 'PartialObjectMetadataList',
      apiVersion: 'meta.k8s.io/v1',
      items: [one, {}, {}],
    });
    expect(decodeProtobuf((await raw(`${configMaps}/a`, as('PartialObjectMetadata', protobuf))).body)).toMatchObject(
      one,
    );
    expect(decodeProtobuf((await raw(configMaps, as('PartialObjectMetadataList', protobuf))).body)).toMatchObject({
      ...{ kind: 'PartialObjectMetadataList', items: [{ metadata: { name: 'a' } }, {}, {}] },
    });
    const watch = `${configMaps}?watch=1&timeoutSeconds=1&fieldSelector=metadata.name%3Da`;
    expect(JSON.parse((await raw(watch, as('PartialObjectMetadata'))).body.toString())).toMatchObject({
      type: 'ADDED',
      object: one,
    });
    const frames = framesOf(
      (await raw(watch, { accept: `${protobuf};stream=watch;as=PartialObjectMetadata;v=v1;g=meta.k8s.io` })).body,
    );
    expect(frames).toMatchObject([{ type: 'ADDED', object: one }]);
  });

  it('a list is the same in each format, empty or not', async () => {
    for (const path of [configMaps, `${configMaps}?labelSelector=no%3Dne`, `${configMaps}?limit=1`]) {
      const list = JSON.parse((await raw(path, {})).body.toString());
      const yaml = (await raw(path, { accept: 'application/yaml' })).body.toString();
      expect(parseYaml(yaml)[0]?.value).toEqual(list);
      expect(JSON.parse((await raw(`${path}${path.includes('?') ? '&' : '?'}pretty=1`, {})).body.toString())).toEqual(
        list,
      );
      const bytes = (await raw(path, { accept: protobuf })).body;
      expect(bytes).toEqual(encodeProtobuf(list));
      expect(decodeProtobuf(bytes)).toMatchObject({ kind: 'ConfigMapList', metadata: list.metadata });
    }
  });

  it('a table falls back to what else is accepted', async () => {
    const accept =
      'application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json';
    expect(json(await at.request(configMaps, { headers: { accept } })).kind).toBe('Table');
    const unknown = 'application/json;as=Table;v=v7;g=meta.k8s.io,application/json';
    expect(json(await at.request(configMaps, { headers: { accept: unknown } })).kind).toBe('ConfigMapList');
    const rows = async (includeObject: string) =>
      json(await at.request(`${configMaps}?includeObject=${includeObject}`, { headers: { accept } })).rows[0].object;
    expect(await rows('None')).toBeUndefined();
    expect(await rows('Metadata')).toMatchObject({ kind: 'PartialObjectMetadata', metadata: { name: 'a' } });
    expect(await rows('Object')).toMatchObject({ kind: 'ConfigMap', data: { k: 'a' } });
  });

  it('pretty is for who asks for it, and for browsers and curl', async () => {
    const lines = async (path: string, headers: Record<string, string> = {}) =>
      (await raw(path, headers)).body.toString().trim().split('\n').length;
    expect(await lines(`${configMaps}/a`)).toBe(1);
    expect(await lines(`${configMaps}/a?pretty=true`)).toBeGreaterThan(5);
    expect(await lines(`${configMaps}/a?pretty=false`, { 'user-agent': 'curl/8' })).toBe(1);
    expect(await lines(`${configMaps}/a`, { 'user-agent': 'curl/8' })).toBeGreaterThan(5);
    expect(await lines(`${configMaps}?pretty=1`)).toBeGreaterThan(5);
    expect(await lines('/version', { 'user-agent': 'Mozilla/5.0' })).toBeGreaterThan(5);
    for (const page of ['/version', '/']) expect(await lines(page)).toBeGreaterThan(5);
  });
});

/** The events of a watch in protobuf. */
function framesOf(body: Buffer): unknown[] {
  const events: unknown[] = [];
  for (let rest = body; rest.length > 0; ) {
    const length = rest.readUInt32BE(0);
    const event = rest.subarray(4, 4 + length);
    // meta/v1 WatchEvent: type 1, object 2 (a RawExtension, whose raw 1 is the envelope).
    const type = event.subarray(2, 2 + (event[1] ?? 0)).toString();
    const object = event.indexOf('k8s\0');
    events.push({ type, object: decodeProtobuf(event.subarray(object)) });
    rest = rest.subarray(4 + length);
  }
  return events;
}

describe('a watch', () => {
  const watch = `${configMaps}?watch=1&timeoutSeconds=1&labelSelector=set%3Dabc`;
  const events = (reply: Reply) =>
    reply.text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));

  it('in protobuf is frames with their length before them', async () => {
    const { headers, body } = await raw(watch, { accept: `${protobuf};stream=watch` });
    expect(headers['content-type']).toBe(`${protobuf};stream=watch`);
    expect(framesOf(body)).toMatchObject([
      { type: 'ADDED', object: { kind: 'ConfigMap', metadata: { name: 'a' } } },
      {},
      {},
    ]);
  });

  it('that asks for its beginning is told when it has it', async () => {
    const streaming = `${watch}&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`;
    const all = events(await at.request(streaming));
    expect(all.map((event) => event.type)).toEqual(['ADDED', 'ADDED', 'ADDED', 'BOOKMARK']);
    expect(all[3].object).toMatchObject({
      kind: 'ConfigMap',
      metadata: {
        resourceVersion: expect.stringMatching(/^\d+$/),
        annotations: { 'k8s.io/initial-events-end': 'true' },
      },
    });
    const none = await at.request(streaming.replace('sendInitialEvents=true', 'sendInitialEvents=false'));
    expect(none.text).not.toContain('ADDED');
  });
});

describe('writes', () => {
  const post = (query: string, name: string) =>
    at.request(`${configMaps}?${query}`, {
      ...{ method: 'POST', headers: { 'content-type': 'application/json' } },
      body: JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } }),
    });

  it('with dryRun=All answer as if, and store nothing', async () => {
    const dry = await post('dryRun=All', 'dry');
    expect([dry.status, json(dry).metadata.name]).toEqual([201, 'dry']);
    expect(json(dry).metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
    expect((await at.request(`${configMaps}/dry`)).status).toBe(404);
    const gone = await at.request(`${configMaps}/a?dryRun=All`, { method: 'DELETE' });
    expect(gone.status).toBe(200);
    const patched = await at.request(`${configMaps}/a?dryRun=All`, {
      ...{ method: 'PATCH', headers: { 'content-type': 'application/merge-patch+json' }, body: '{"data":{"k":"dry"}}' },
    });
    expect(json(patched).data.k).toBe('dry');
    expect(json(await at.request(`${configMaps}/a`)).data.k).toBe('a');
  });
});

describe('pages', () => {
  it('are of one moment, count what is left, and keep their selector', async () => {
    const first = json(await at.request(`${configMaps}?limit=2`));
    expect(first.metadata.remainingItemCount).toBe(1);
    await at.create(configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'bb' } });
    const token = encodeURIComponent(first.metadata.continue);
    const second = json(await at.request(`${configMaps}?limit=2&continue=${token}`));
    expect(second.items.map((item: { metadata: { name: string } }) => item.metadata.name)).toEqual(['c']);
    expect(second.metadata).toEqual({ resourceVersion: first.metadata.resourceVersion });
    const selected = json(await at.request(`${configMaps}?limit=2&labelSelector=set%3Dabc`));
    expect(selected.metadata.remainingItemCount).toBeUndefined();
  });

  it('of custom kinds say so when nothing follows, as Go writes what it has no type for', async () => {
    await at.create('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', widgets());
    const path = '/apis/x.io/v1/namespaces/default/widgets';
    await vi.waitFor(async () => expect((await at.request(path)).status).toBe(200), { timeout: 10_000 });
    const metadata = async (accept: string) => json(await at.request(path, { headers: { accept } })).metadata;
    const resourceVersion = expect.any(String);
    expect(await metadata('application/json')).toEqual({ continue: '', resourceVersion });
    const yaml = await at.request(path, { headers: { accept: 'application/yaml' } });
    expect(parseYaml(yaml.text)[0]?.value).toMatchObject({ metadata: { continue: '', resourceVersion } });
    for (const as of ['Table', 'PartialObjectMetadataList'])
      expect(await metadata(`application/json;as=${as};v=v1;g=meta.k8s.io`)).toEqual({ resourceVersion });
  });

  it('at an exact version are as it was then', async () => {
    const before = json(await at.request(configMaps));
    await at.request(`${configMaps}/bb`, { method: 'DELETE' });
    const { resourceVersion } = before.metadata;
    const exact = json(await at.request(`${configMaps}?resourceVersion=${resourceVersion}&resourceVersionMatch=Exact`));
    expect(exact.items).toEqual(before.items);
    const newer = json(
      await at.request(`${configMaps}?resourceVersion=${resourceVersion}&resourceVersionMatch=NotOlderThan`),
    );
    expect(newer.items.length).toBe(before.items.length - 1);
  });
});

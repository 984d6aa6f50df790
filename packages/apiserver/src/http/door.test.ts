import { once } from 'node:events';
import { request as httpsRequest } from 'node:https';
import { connect as tlsConnect } from 'node:tls';
import { gunzipSync } from 'node:zlib';
import { decodeProtobuf, encodeProtobuf } from '@skiff/api/wire/server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from './testing/server.ts';

let at: TestServer;

beforeAll(async () => {
  at = await startTestServer();
});
afterAll(() => at.close());

const json = (text: string) => JSON.parse(text);
const configMaps = '/api/v1/namespaces/default/configmaps';
const configMap = (name: string, data: Record<string, string> = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, labels: { test: 'door' } },
  data,
});

describe('an object', () => {
  it('is created, read, replaced, patched and deleted', async () => {
    const created = await at.create(configMaps, configMap('life', { a: '1' }));
    expect(created.status).toBe(201);
    const read = await at.request(`${configMaps}/life`);
    expect(json(read.text)).toEqual(json(created.text));
    const body = JSON.stringify({ ...json(read.text), data: { a: '2' } });
    const headers = { 'content-type': 'application/json' };
    const put = await at.request(`${configMaps}/life`, { method: 'PUT', headers, body });
    expect(json(put.text).data).toEqual({ a: '2' });
    const patched = await at.request(`${configMaps}/life`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/merge-patch+json' },
      body: '{"data":{"b":"3"}}',
    });
    expect(json(patched.text).data).toEqual({ a: '2', b: '3' });
    const deleted = await at.request(`${configMaps}/life`, { method: 'DELETE' });
    expect(json(deleted.text)).toMatchObject({ kind: 'Status', status: 'Success' });
    const gone = await at.request(`${configMaps}/life`);
    expect(gone.status).toBe(404);
    expect(json(gone.text)).toMatchObject({
      reason: 'NotFound',
      message: 'configmaps "life" not found',
      details: { name: 'life', kind: 'configmaps' },
    });
  });

  it('travels in YAML and in protobuf as well', async () => {
    const headers = { 'content-type': 'application/yaml', accept: 'application/yaml' };
    const body = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: yaml\ndata:\n  a: "1"\n';
    const created = await at.request(configMaps, { method: 'POST', headers, body });
    expect(created.headers['content-type']).toBe('application/yaml');
    expect(created.text).toContain('data:\n  a: "1"\n');
    const protobuf = 'application/vnd.kubernetes.protobuf';
    const sent = await at.request(configMaps, {
      method: 'POST',
      headers: { 'content-type': protobuf },
      body: encodeProtobuf(configMap('proto', { b: '2' })),
    });
    expect(json(sent.text).data).toEqual({ b: '2' });
  });

  it('is refused in Kubernetes’ words when it is wrong', async () => {
    const strict = await at.request(`${configMaps}?fieldValidation=Strict`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...configMap('strict'), dat: {} }),
    });
    expect(strict.status).toBe(400);
    expect(json(strict.text).message).toContain('unknown field "dat"');
    const warned = await at.create(configMaps, { ...configMap('warned'), dat: {} });
    expect(warned.status).toBe(201);
    expect(warned.headers.warning).toBe('299 - "unknown field \\"dat\\""');
    expect((await at.create(configMaps, configMap('warned'))).status).toBe(409);
  });
});

describe('a list', () => {
  beforeAll(async () => {
    for (const name of ['l1', 'l2', 'l3'])
      await at.create(configMaps, { ...configMap(name), metadata: { name, labels: { list: 'y' } } });
  });

  it('is paged, selected, a table, metadata alone, and the same over HTTP/2', async () => {
    const page = json((await at.request(`${configMaps}?labelSelector=list%3Dy&limit=2`)).text);
    expect(page.items.map((item: { metadata: { name: string } }) => item.metadata.name)).toEqual(['l1', 'l2']);
    const next = `${configMaps}?labelSelector=list%3Dy&limit=2&continue=${encodeURIComponent(page.metadata.continue)}`;
    expect(json((await at.request(next)).text).items).toHaveLength(1);
    const selected = `${configMaps}?labelSelector=list%3Dy`;
    expect((await at.request2(selected)).text).toBe((await at.request(selected)).text);
    const table = json(
      (await at.request(selected, { headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' } })).text,
    );
    expect(table).toMatchObject({ kind: 'Table', apiVersion: 'meta.k8s.io/v1' });
    expect(table.columnDefinitions[0].name).toBe('Name');
    expect(table.rows.map((row: { cells: unknown[] }) => row.cells[0])).toEqual(['l1', 'l2', 'l3']);
    const partial = json(
      (
        await at.request(selected, {
          headers: { accept: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io' },
        })
      ).text,
    );
    expect(partial).toMatchObject({ kind: 'PartialObjectMetadataList', items: [{ metadata: { name: 'l1' } }, {}, {}] });
    expect(partial.items[0].data).toBeUndefined();
  });

  it('is protobuf for who accepts nothing else', async () => {
    const protobuf = 'application/vnd.kubernetes.protobuf';
    const reply = await new Promise<Buffer>((resolve, reject) => {
      const options = {
        ...{
          host: '127.0.0.1',
          port: at.restPort,
          path: `${configMaps}?labelSelector=list%3Dy`,
          headers: { accept: protobuf },
        },
        ...{ ca: at.ca.certificatePem, cert: at.admin.certificatePem, key: at.admin.keyPem },
      };
      const call = httpsRequest(options, async (response) => {
        const parts: Buffer[] = [];
        for await (const part of response) parts.push(part as Buffer);
        resolve(Buffer.concat(parts));
      });
      call.on('error', reject);
      call.end();
    });
    expect(decodeProtobuf(reply)).toMatchObject({
      kind: 'ConfigMapList',
      items: [{ metadata: { name: 'l1' } }, {}, {}],
    });
  });

  it('is compressed when it is long and the client takes that', async () => {
    await at.create(configMaps, configMap('long', { text: 'x'.repeat(200_000) }));
    const parts: Buffer[] = [];
    const options = {
      ...{ host: '127.0.0.1', port: at.restPort, path: `${configMaps}/long`, headers: { 'accept-encoding': 'gzip' } },
      ...{ ca: at.ca.certificatePem, cert: at.admin.certificatePem, key: at.admin.keyPem },
    };
    const call = httpsRequest(options).end();
    const [response] = await once(call, 'response');
    for await (const part of response) parts.push(part as Buffer);
    expect(response.headers['content-encoding']).toBe('gzip');
    expect(json(gunzipSync(Buffer.concat(parts)).toString()).data.text).toHaveLength(200_000);
  });
});

describe('a watch', () => {
  /** Reads lines of a watch until `count` came. */
  const watch = async (query: string, count: number, act: () => Promise<unknown>, accept = 'application/json') => {
    const options = {
      ...{ host: '127.0.0.1', port: at.restPort, path: `${configMaps}?watch=1&${query}`, headers: { accept } },
      ...{ ca: at.ca.certificatePem, cert: at.admin.certificatePem, key: at.admin.keyPem },
    };
    const call = httpsRequest(options).end();
    const [response] = await once(call, 'response');
    await act();
    let text = '';
    for await (const part of response) {
      text += String(part);
      if (text.split('\n').length > count) break;
    }
    call.destroy();
    return text.trim().split('\n').slice(0, count).map(json);
  };

  it('tells what happens, in order', async () => {
    const { metadata } = json((await at.request(configMaps)).text);
    const events = await watch(`resourceVersion=${metadata.resourceVersion}`, 3, async () => {
      await at.create(configMaps, configMap('w1'));
      await at.request(`${configMaps}/w1`, {
        method: 'PATCH',
        headers: { 'content-type': 'application/merge-patch+json' },
        body: '{"data":{"k":"v"}}',
      });
      await at.request(`${configMaps}/w1`, { method: 'DELETE' });
    });
    expect(events.map((event) => [event.type, event.object.metadata.name])).toEqual([
      ['ADDED', 'w1'],
      ['MODIFIED', 'w1'],
      ['DELETED', 'w1'],
    ]);
  });

  it('sends tables, with their columns only once', async () => {
    const events = await watch(
      'labelSelector=list%3Dy',
      3,
      async () => {},
      'application/json;as=Table;v=v1;g=meta.k8s.io',
    );
    expect(events.map((event) => event.object.kind)).toEqual(['Table', 'Table', 'Table']);
    expect(events[0].object.columnDefinitions[0].name).toBe('Name');
    expect(events[1].object.columnDefinitions).toBeNull();
  });

  it('ends cleanly when its time is up', async () => {
    const reply = await at.request(`${configMaps}?watch=1&timeoutSeconds=1&labelSelector=none%3Dx`);
    expect(reply).toMatchObject({ status: 200, text: '' });
  });
});

describe('who may', () => {
  it('is nobody without credentials, but for health and version', async () => {
    for (const path of ['/healthz', '/livez', '/readyz', '/version'])
      expect((await at.request(path, { as: undefined })).status, path).toBe(200);
    const refused = await at.request('/api/v1/namespaces/default/pods', { as: undefined });
    expect(refused.status).toBe(401);
    expect(json(refused.text)).toMatchObject({ message: 'Unauthorized', reason: 'Unauthorized' });
    expect((await at.request('/metrics', { as: undefined })).status).toBe(401);
    expect((await at.request('/api', { as: undefined })).status).toBe(401);
  });

  it('is what roles say', async () => {
    const jane = await at.issue('jane');
    expect((await at.request('/apis', { as: jane })).status).toBe(200);
    expect((await at.request(configMaps, { as: jane })).status).toBe(403);
    await at.create('/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings', {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: 'jane' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
      subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'jane' }],
    });
    await expect.poll(async () => (await at.request(configMaps, { as: jane })).status).toBe(200);
    expect((await at.request('/api/v1/namespaces/default/secrets', { as: jane })).status).toBe(403);
    expect((await at.request('/api/v1/namespaces/kube-system/configmaps', { as: jane })).status).toBe(403);
  });

  it('is nobody whose credentials are bad', async () => {
    const server = await at.issue('jane', [], ['server']);
    expect((await at.request('/healthz', { as: server })).status).toBe(401);
    const headers = { authorization: 'Bearer nonsense' };
    expect((await at.request('/healthz', { as: undefined, headers })).status).toBe(401);
  });

  it('may be someone else, where that is allowed', async () => {
    const jane = await at.issue('jane');
    const headers = { 'impersonate-user': 'bob' };
    const refused = await at.request('/version', { as: jane, headers });
    expect(json(refused.text).message).toContain('cannot impersonate resource "users"');
    const asBob = await at.request('/api/v1/nodes', { headers });
    expect(json(asBob.text).message).toContain('User "bob" cannot list resource "nodes"');
    const groupOnly = await at.request('/version', { headers: { 'impersonate-group': 'g' } });
    expect(groupOnly.status).toBe(400);
  });
});

describe('a bad request', () => {
  const body = JSON.stringify(configMap('bad'));
  const post = { method: 'POST', body, headers: { 'content-type': 'application/json' } };
  it.each<[string, string, Parameters<TestServer['request']>[1], number, string]>([
    [
      'an unknown type of body',
      configMaps,
      { ...post, headers: { 'content-type': 'text/plain' } },
      415,
      'UnsupportedMediaType',
    ],
    [
      'a compressed body',
      configMaps,
      { ...post, headers: { 'content-encoding': 'gzip' } },
      415,
      'UnsupportedMediaType',
    ],
    [
      'an unknown patch',
      `${configMaps}/a`,
      { method: 'PATCH', body: '{}', headers: { 'content-type': 'application/json' } },
      415,
      'UnsupportedMediaType',
    ],
    ['a watch in YAML', `${configMaps}?watch=1`, { headers: { accept: 'application/yaml' } }, 406, 'NotAcceptable'],
    ['an unknown answer', configMaps, { headers: { accept: 'application/xml' } }, 406, 'NotAcceptable'],
    [
      'a review as a table',
      '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
      { method: 'POST', headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' }, body: '{}' },
      406,
      'NotAcceptable',
    ],
    [
      'a table of an unknown version',
      configMaps,
      { headers: { accept: 'application/json;as=Table;v=v9;g=meta.k8s.io' } },
      406,
      'NotAcceptable',
    ],
    ['a body that is too long', configMaps, { ...post, body: 'x'.repeat(3_145_729) }, 413, 'RequestEntityTooLarge'],
    ['a body that is no JSON', configMaps, { ...post, body: '{' }, 400, 'BadRequest'],
    ['a body that is a list', configMaps, { ...post, body: '[]' }, 400, 'BadRequest'],
    ['no body', configMaps, { ...post, body: '' }, 400, 'BadRequest'],
    ['POST to an object', `${configMaps}/a`, post, 405, 'MethodNotAllowed'],
    ['PUT to a collection', configMaps, { ...post, method: 'PUT' }, 405, 'MethodNotAllowed'],
    ['a path with an empty segment', '/api//v1/pods', {}, 404, 'NotFound'],
    ['an encoded slash', '/api/v1/namespaces/default%2fpods', {}, 400, 'BadRequest'],
    ['a name of dots', `${configMaps}/..`, {}, 400, 'BadRequest'],
    ['a cluster-scoped kind in a namespace', '/api/v1/namespaces/default/nodes', {}, 404, 'NotFound'],
    ['a kind that is not served', '/apis/x.y/v1/zs', {}, 404, 'NotFound'],
    ['limit', `${configMaps}?limit=abc`, {}, 400, 'BadRequest'],
    ['timeout', `${configMaps}?timeout=abc`, {}, 400, 'BadRequest'],
    ['dryRun', `${configMaps}?dryRun=Everything`, post, 422, 'Invalid'],
    ['fieldValidation', `${configMaps}?fieldValidation=Loose`, post, 422, 'Invalid'],
    [
      'apply without a manager',
      `${configMaps}/a`,
      { method: 'PATCH', body, headers: { 'content-type': 'application/apply-patch+yaml' } },
      422,
      'Invalid',
    ],
    ['sendInitialEvents on a list', `${configMaps}?sendInitialEvents=true`, {}, 422, 'Invalid'],
    ['propagationPolicy', `${configMaps}/a?propagationPolicy=x`, { method: 'DELETE' }, 422, 'Invalid'],
    ['export', `${configMaps}/a?export=true`, {}, 400, 'BadRequest'],
  ])('%s', async (_, path, options, status, reason) => {
    const reply = await at.request(path, options);
    expect(json(reply.text)).toMatchObject({ kind: 'Status', status: 'Failure', reason, code: status });
    expect(reply.status).toBe(status);
  });

  it('with more header fields than the limit is a 431', async () => {
    const headers = Object.fromEntries(Array.from({ length: 1001 }, (_, i) => [`x-${i}`, 'y']));
    expect((await at.request('/healthz', { headers })).status).toBe(431);
  });

  it('never reaches anything behind a refused upgrade', async () => {
    const socket = tlsConnect({
      host: '127.0.0.1',
      port: at.restPort,
      ca: at.ca.certificatePem,
      ALPNProtocols: ['http/1.1'],
    });
    await once(socket, 'secureConnect');
    const upgrade =
      'GET /api/v1/namespaces/default/pods/p/exec HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n';
    socket.write(`${upgrade}GET /version HTTP/1.1\r\nHost: x\r\n\r\n`);
    let text = '';
    for await (const part of socket) text += String(part);
    expect(text.match(/HTTP\/1.1 \d+/g)).toEqual(['HTTP/1.1 401']);
    expect(text).not.toContain('gitVersion');
  });
});

describe('pages', () => {
  it('of discovery agree with each other', async () => {
    const aggregated = await at.request('/apis', {
      headers: { accept: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList' },
    });
    expect(aggregated.headers['content-type']).toBe(
      'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList',
    );
    const { items } = json(aggregated.text);
    const { groups } = json((await at.request('/apis')).text);
    expect(items.map((item: { metadata: { name: string } }) => item.metadata.name)).toEqual(
      groups.map((group: { name: string }) => group.name),
    );
    const apps = json((await at.request('/apis/apps/v1')).text);
    expect(apps.resources.find((one: { name: string }) => one.name === 'deployments/scale')).toMatchObject({
      kind: 'Scale',
      group: 'autoscaling',
      verbs: expect.arrayContaining(['get', 'patch', 'update']),
    });
    const again = await at.request('/apis', {
      headers: {
        accept: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList',
        'if-none-match': String(aggregated.headers.etag),
      },
    });
    expect(again).toMatchObject({ status: 304, text: '' });
  });

  it('of OpenAPI have what kubectl looks for', async () => {
    const asked = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf';
    const v2 = await at.request('/openapi/v2', { headers: { accept: asked } });
    expect(v2.headers['content-type']).toBe('application/com.github.proto-openapi.spec.v2.v1.0+protobuf');
    const { paths } = json((await at.request('/openapi/v3')).text);
    const { serverRelativeURL } = paths['apis/apps/v1'];
    const { paths: operations, components } = json((await at.request(serverRelativeURL)).text);
    const { patch } = operations['/apis/apps/v1/namespaces/{namespace}/deployments/{name}'];
    expect(patch['x-kubernetes-group-version-kind']).toEqual({ group: 'apps', version: 'v1', kind: 'Deployment' });
    expect(patch.parameters.map((one: { name: string }) => one.name)).toContain('fieldValidation');
    const containers = components.schemas['io.k8s.api.core.v1.PodSpec'].properties.containers;
    expect(containers).toMatchObject({
      'x-kubernetes-patch-merge-key': 'name',
      'x-kubernetes-patch-strategy': 'merge',
      'x-kubernetes-list-type': 'map',
    });
  });

  it('of health name their checks', async () => {
    const { text } = await at.request('/readyz?verbose');
    expect(text).toBe('[+]ping ok\n[+]etcd ok\n[+]informer-sync ok\n[+]shutdown ok\nreadyz check passed\n');
    expect((await at.request('/livez?verbose')).text).toBe('[+]ping ok\n[+]etcd ok\nlivez check passed\n');
    expect((await at.request('/readyz/etcd')).text).toBe('ok');
    expect((await at.request('/readyz/nothing')).status).toBe(404);
  });

  it('of metrics count requests under bounded labels', async () => {
    await at.request('/apis/evil.example/v1/things');
    const { text } = await at.request('/metrics');
    expect(text).toMatch(
      /apiserver_request_total\{verb="LIST",group="",version="v1",resource="configmaps",.*code="200"\} \d/,
    );
    expect(text).not.toContain('evil.example');
    expect(text).toContain('process_cpu_seconds_total');
  });
});

it('failed for no reason of its own in any of this', () => {
  expect(at.log.filter((line) => line.startsWith('error'))).toEqual([]);
});

/** Every built-in kind through the REST door in each encoding, a document with most of its fields. */
import { once } from 'node:events';
import { request as httpsRequest } from 'node:https';
import { apiVersionOf, type Definition, type JsonObject } from '@skiff/api';
import { builtinDefinitions } from '@skiff/api/kinds';
import { manifests } from '@skiff/api/testing';
import { decodeProtobuf, encodeProtobuf } from '@skiff/api/wire/server';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestServer, type TestServer } from './testing/server.ts';

const protobuf = 'application/vnd.kubernetes.protobuf';

let at: TestServer;
beforeAll(async () => {
  at = await startTestServer();
  const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default' } };
  await at.create('/api/v1/namespaces/default/serviceaccounts', account);
});
afterAll(() => at.close());

interface Bytes {
  readonly status: number;
  readonly type: string;
  readonly body: Buffer;
}

/** A request whose answer is bytes: `at.request` reads text. */
async function send(method: string, path: string, accept: string, body?: Buffer): Promise<Bytes> {
  const call = httpsRequest({
    ...{ host: '127.0.0.1', port: at.restPort, servername: 'localhost', path, method },
    ...{ ca: at.ca.certificatePem, cert: at.admin.certificatePem, key: at.admin.keyPem, agent: false },
    headers: { accept, 'content-type': protobuf },
  });
  call.end(body);
  const [response] = await once(call, 'response');
  const parts: Buffer[] = [];
  for await (const part of response) parts.push(part as Buffer);
  return { status: response.statusCode, type: response.headers['content-type'], body: Buffer.concat(parts) };
}

const collectionOf = ({ group, version, resource, namespaced }: Definition): string =>
  `${group === '' ? '/api' : `/apis/${group}`}/${version}/${namespaced ? 'namespaces/default/' : ''}${resource}`;

/** A CertificateSigningRequest holds what its client signed: it has tests of its own. */
const creatable = builtinDefinitions().filter(
  ({ verbs, kind }) => verbs.includes('create') && verbs.includes('get') && kind !== 'CertificateSigningRequest',
);

const bySort = new Map(manifests().map((one) => [`${one.apiVersion} ${one.kind}`, one]));

describe('each kind, made as a message', () => {
  test.each(creatable.map((one) => [`${apiVersionOf(one)} ${one.kind}`, one] as const))(
    '%s',
    async (sort, definition) => {
      const manifest = bySort.get(sort);
      if (manifest === undefined) throw new Error(`there is no manifest of ${sort}`);
      const { namespace, ...metadata } = manifest.metadata as JsonObject;
      expect([undefined, 'default']).toContain(namespace);
      const sent = encodeProtobuf({ ...manifest, metadata });
      const collection = collectionOf(definition);
      const path = `${collection}/${metadata.name}`;

      const asJson = await at.request(`${collection}?dryRun=All&fieldValidation=Strict`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ ...manifest, metadata }),
      });
      expect(asJson.status, asJson.text).toBe(201);
      const created = await send('POST', collection, protobuf, sent);
      expect(created).toMatchObject({ status: 201, type: protobuf });
      const text = await at.request(path);
      const document = JSON.parse(text.text) as JsonObject;
      // What JSON shows and what the message says are one document.
      expect(encodeProtobuf(document)).toEqual((await send('GET', path, protobuf)).body);

      // Nothing that was sent is lost: JSON made the same object.
      expect(specOf(JSON.parse(asJson.text) as JsonObject)).toEqual(specOf(document));

      // Defaults of defaults are the same: writing back what was read changes nothing.
      const put = await send('PUT', path, protobuf, (await send('GET', path, protobuf)).body);
      expect(put.status, put.body.toString()).toBe(200);
      expect(specOf(decodeProtobuf(put.body))).toEqual(specOf(decodeProtobuf(created.body)));

      const list = await send('GET', `${collection}?fieldSelector=metadata.name%3D${metadata.name}`, protobuf);
      expect(decodeProtobuf(list.body)).toMatchObject({
        kind: definition.listKind,
        items: [{ metadata: { name: metadata.name } }],
      });
      const table = JSON.parse((await at.request(path, { headers: { accept: tableType } })).text) as JsonObject;
      expect(table).toMatchObject({ kind: 'Table', rows: [{ object: { metadata: { name: metadata.name } } }] });
      expect(await firstEvent(`${collection}?watch=1&fieldSelector=metadata.name%3D${metadata.name}`)).toMatchObject({
        kind: definition.kind,
        metadata: { name: metadata.name },
      });
    },
  );
});

const tableType = 'application/json;as=Table;v=v1;g=meta.k8s.io';

/** All but what makes each object its own, and without empty objects, which Go shows wherever a message can have one. */
function specOf({ metadata, status: _, ...rest }: JsonObject): JsonObject {
  const { uid = '' } = metadata as { uid?: string };
  const text = JSON.stringify(rest).replaceAll(uid, 'uid');
  return JSON.parse(text, (_key, value) => (JSON.stringify(value) === '{}' ? undefined : value)) as JsonObject;
}

/** The object of a protobuf watch's first event. */
async function firstEvent(path: string): Promise<JsonObject> {
  const call = httpsRequest({
    ...{ host: '127.0.0.1', port: at.restPort, servername: 'localhost', path },
    ...{ ca: at.ca.certificatePem, cert: at.admin.certificatePem, key: at.admin.keyPem, agent: false },
    headers: { accept: `${protobuf};stream=watch` },
  }).end();
  const [response] = await once(call, 'response');
  expect(response.headers['content-type']).toBe(`${protobuf};stream=watch`);
  let received = Buffer.alloc(0);
  for await (const part of response) {
    received = Buffer.concat([received, part as Buffer]);
    if (received.length >= 4 && received.length >= 4 + received.readUInt32BE(0)) break;
  }
  call.destroy();
  const frame = received.subarray(4, 4 + received.readUInt32BE(0));
  // WatchEvent: type 1, then object 2, a RawExtension whose raw bytes are the envelope.
  return decodeProtobuf(frame.subarray(frame.indexOf('k8s\0', 0, 'latin1')));
}

test('bytes that are no message are refused', async () => {
  const { status, body } = await send(
    'POST',
    '/api/v1/namespaces/default/configmaps',
    'application/json',
    Buffer.from('k8s\0\xff\xff'),
  );
  expect([status, JSON.parse(body.toString())]).toMatchObject([400, { reason: 'BadRequest' }]);
});

test.each([
  'application/com.github.proto-openapi.spec.v2@v1.0+protobuf',
  'application/com.github.proto-openapi.spec.v2.v1.0+protobuf',
])('OpenAPI v2 as %s is of a type that every client can parse', async (accept) => {
  const { status, type } = await send('GET', '/openapi/v2', accept);
  expect([status, type]).toEqual([200, 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf']);
});

/** Calls that mean no good, by the numbers of the list of hostile inputs: HTTP/2 by hand, and messages that no client writes. */
import { once } from 'node:events';
import { type ClientHttp2Session, connect, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http2';
import { gzipSync } from 'node:zlib';
import { status as code } from '@grpc/grpc-js';
import type { JsonObject } from '@skiff/api';
import { parseJson } from '@skiff/api/json';
import { services } from '@skiff/api/wire';
import { toAny } from '@skiff/api/wire/server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectUnharmed } from '../http/testing/invariants.ts';
import { startTestServer, type TestServer } from '../http/testing/server.ts';

let at: TestServer;
let session: ClientHttp2Session;
beforeAll(async () => {
  at = await startTestServer();
  session = open();
});
afterAll(async () => {
  session.destroy();
  await at.close();
});
expectUnharmed(() => at);

function open(as = true): ClientHttp2Session {
  const identity = as ? { cert: at.admin.certificatePem, key: at.admin.keyPem } : {};
  const to = connect(`https://${at.grpcAddress}`, { ca: at.ca.certificatePem, servername: 'localhost', ...identity });
  to.on('error', () => {});
  return to;
}

const get = '/skiff.v1.Resources/Get';
const target = { group: '', version: 'v1', resource: 'namespaces', namespace: '', name: 'default', subresource: '' };
const configMaps = { ...target, resource: 'configmaps', namespace: 'default', name: '' };
const bytesOf = (method: keyof typeof services.Resources, request: object): Buffer =>
  (services.Resources[method] as { requestSerialize(value: object): Buffer }).requestSerialize(request);
const request = (): Buffer => bytesOf('Get', { target });

function message(payload: Uint8Array, flag = 0, length = payload.length): Buffer {
  const head = Buffer.alloc(5);
  head[0] = flag;
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, payload]);
}

interface Outcome {
  readonly http: number;
  /** The call's code; undefined when the answer is none of gRPC's. */
  readonly code: number | undefined;
  readonly body: Buffer;
}

async function call(
  body: Buffer,
  {
    path = get,
    headers = {},
    over = session,
  }: { path?: string; headers?: OutgoingHttpHeaders; over?: ClientHttp2Session } = {},
): Promise<Outcome> {
  const stream = over.request({
    ...{ ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers' },
    ...headers,
  });
  stream.on('error', () => {});
  let answered: IncomingHttpHeaders & { ':status'?: number } = {};
  let trailers: IncomingHttpHeaders = {};
  stream.on('response', (received) => (answered = received));
  stream.on('trailers', (received) => (trailers = received));
  const parts: Buffer[] = [];
  stream.on('data', (part: Buffer) => parts.push(part));
  const closed = once(stream, 'close');
  stream.end(body);
  await closed;
  const text = trailers['grpc-status'] ?? answered['grpc-status'];
  return {
    http: answered[':status'] ?? 0,
    code: text === undefined ? undefined : Number(text),
    body: Buffer.concat(parts),
  };
}

describe('frames', () => {
  it('a sound call by hand is answered', async () => {
    expect(await call(message(request()))).toMatchObject({ http: 200, code: code.OK });
    const zipped = message(gzipSync(request()), 1);
    expect(await call(zipped, { headers: { 'grpc-encoding': 'gzip' } })).toMatchObject({ code: code.OK });
    expect(await call(message(request()), { headers: { 'grpc-encoding': 'gzip' } })).toMatchObject({ code: code.OK });
  });

  it('H-211 another content type is a 415', async () => {
    expect(await call(message(request()), { headers: { 'content-type': 'application/json' } })).toMatchObject({
      http: 415,
    });
  });

  it.each<[string, () => Buffer, number | 'any']>([
    ['H-212 5 MiB', () => message(Buffer.alloc(5 * 1024 * 1024)), code.RESOURCE_EXHAUSTED],
    ['H-212 a length of 4 GiB - 1', () => message(Buffer.alloc(1), 0, 0xffff_ffff), code.RESOURCE_EXHAUSTED],
    ['H-213 a frame cut short', () => message(request()).subarray(0, -3), 'any'],
    ['H-213 half a head', () => Buffer.from([0, 0]), 'any'],
    ['H-213 no message', () => Buffer.alloc(0), 'any'],
    ['H-213 two messages', () => Buffer.concat([message(request()), message(request())]), 'any'],
    ['H-214 bytes that are no message', () => message(Buffer.alloc(100, 0xff)), code.INTERNAL],
    ['H-216 the compressed flag without an encoding', () => message(request(), 1), code.INTERNAL],
    ['H-224 groups in groups', () => message(Buffer.alloc(100_000, 0x0b)), 'any'],
    ['H-224 messages in messages', () => message(Buffer.alloc(4_000_000, 0x0a)), 'any'],
  ])('%s: refused', async (_, body, expected) => {
    const before = process.memoryUsage().rss;
    const outcome = await call(body());
    if (expected === 'any') expect([undefined, code.OK]).not.toContain(outcome.code);
    else expect(outcome.code).toBe(expected);
    expect(process.memoryUsage().rss - before).toBeLessThan(256 * 1024 * 1024);
  });

  it('H-217 an unknown encoding is UNIMPLEMENTED', async () => {
    const outcome = await call(message(request(), 1), { headers: { 'grpc-encoding': 'br' } });
    expect(outcome.code).toBe(code.UNIMPLEMENTED);
  });

  it('H-218 what inflates to 1 GiB is never inflated', async () => {
    // Members one behind the other are one stream.
    const member = gzipSync(Buffer.alloc(64 * 1024 * 1024), { level: 9 });
    const body = Buffer.concat(Array.from({ length: 16 }, () => member));
    const before = process.memoryUsage().rss;
    const outcome = await call(message(body, 1), { headers: { 'grpc-encoding': 'gzip' } });
    expect(outcome.code).toBe(code.RESOURCE_EXHAUSTED);
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1024 * 1024);
  });

  it.each([
    ...['1234567890123S', '-1S', 'S', '', '1e9S', '1S, 2S', '__proto__'].map(
      (text) => [text, code.INVALID_ARGUMENT] as const,
    ),
    ...['597H', '99999999H', '99999999M', '99999999S'].map((text) => [text, code.OK] as const),
  ])('H-219 grpc-timeout %j is answered with %s', async (timeout, expected) => {
    const outcome = await call(message(request()), { headers: { 'grpc-timeout': timeout } });
    expect(outcome.code).toBe(expected);
  });

  it('H-219 grpc-timeout of nothing ends in time, with an answer or without', async () => {
    const outcome = await call(message(request()), { headers: { 'grpc-timeout': '0n' } });
    expect([code.OK, code.DEADLINE_EXCEEDED]).toContain(outcome.code);
  });

  it('H-221 rapid resets cost their sender the connection', async () => {
    const other = open();
    await once(other, 'connect');
    const ended = new Promise<void>((resolve) => other.once('close', () => resolve()));
    for (let i = 0; i < 40 && !other.destroyed && !other.closed; i++) {
      for (let j = 0; j < 100 && !other.destroyed && !other.closed; j++) {
        const stream = other.request({ ':method': 'POST', ':path': get, 'content-type': 'application/grpc' });
        stream.on('error', () => {});
        stream.close(8);
      }
      await new Promise(setImmediate);
    }
    await ended;
    expect(await call(message(request()))).toMatchObject({ code: code.OK });
  });

  it.each([
    '/',
    '/skiff.v1.Resources',
    '/skiff.v1.Resources/__proto__',
    '/constructor/toString',
    '/skiff.v1.Nope/Get',
    '//',
  ])('a method %s that is none is UNIMPLEMENTED', async (path) => {
    expect((await call(message(request()), { path })).code).toBe(code.UNIMPLEMENTED);
  });
});

describe('messages', () => {
  const create = (object: object) =>
    call(message(bytesOf('Create', { target: configMaps, object })), { path: '/skiff.v1.Resources/Create' });
  const list = () => at.request('/api/v1/namespaces/default/configmaps');

  it('H-224 map fields named as Object.prototype’s are data', async () => {
    const text =
      '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"maps"},"data":{"__proto__":"x","constructor":"y"}}';
    const typed = toAny(parseJson(text.replace('maps', 'typed')).value as JsonObject);
    expect((await create({ json: text })).code).toBe(code.OK);
    expect((await create({ message: typed })).code).toBe(code.OK);
    for (const name of ['maps', 'typed'])
      expect(
        JSON.parse((await at.request(`/api/v1/namespaces/default/configmaps/${name}`)).text, (key, value) =>
          key === 'data' ? Object.entries(value) : value,
        ).data,
      ).toEqual([
        ['__proto__', 'x'],
        ['constructor', 'y'],
      ]);
  });

  it.each<[string, string]>([
    ['no JSON', '{'],
    ['a list', '[]'],
    ['nothing', ''],
    ['10 001 objects in each other', `${'{"a":'.repeat(10_001)}1${'}'.repeat(10_001)}`],
    ['a number beyond every number', '{"metadata":{"name":"n"},"data":{"a":1e400}}'],
  ])('H-224 a document of %s is INVALID_ARGUMENT', async (_, json) => {
    expect((await create({ json })).code).toBe(code.INVALID_ARGUMENT);
  });

  it('H-224 bytes that are no UTF-8 are repaired or refused, never kept', async () => {
    const json = Buffer.from('{"metadata":{"name":"bytes"},"data":{"a":"_"}}');
    json[json.indexOf('_')] = 0xff;
    const framed = bytesOf('Create', { target: configMaps, object: { json: 'J'.repeat(json.length) } });
    json.copy(framed, framed.indexOf('JJJJ'));
    const outcome = await call(message(framed), { path: '/skiff.v1.Resources/Create' });
    expect([code.OK, code.INVALID_ARGUMENT, code.INTERNAL]).toContain(outcome.code);
    expect((await list()).text.isWellFormed()).toBe(true);
  });

  it.each<[string, number]>([
    ['an unknown enum value', 99],
    ['an enum value below zero', -1],
  ])('H-224 %s is INVALID_ARGUMENT', async (_, type) => {
    const body = bytesOf('Patch', { target: { ...configMaps, name: 'maps' }, type, patch: '{}' });
    expect((await call(message(body), { path: '/skiff.v1.Resources/Patch' })).code).toBe(code.INVALID_ARGUMENT);
  });

  it.each(['9223372036854775807', '-1', '9007199254740993'])('H-224 a limit of %s is held', async (limit) => {
    const body = bytesOf('List', { target: configMaps, limit });
    expect((await call(message(body), { path: '/skiff.v1.Resources/List' })).code).toBe(code.OK);
  });

  it('H-224 2 000 000 repeated items are refused, not chewed on, and twice as many are too much', async () => {
    // WriteOptions is field 3; an empty one repeated is merged again and again.
    const body = Buffer.concat([
      bytesOf('Create', { target: configMaps }),
      Buffer.alloc(4_000_000, Buffer.from([0x1a, 0x00])),
    ]);
    const outcome = await call(message(body), { path: '/skiff.v1.Resources/Create' });
    expect(outcome.code).toBe(code.INVALID_ARGUMENT);
    const twice = await call(message(Buffer.concat([body, body])), { path: '/skiff.v1.Resources/Create' });
    expect(twice.code).toBe(code.RESOURCE_EXHAUSTED);
  });
});

describe('who and when', () => {
  it('H-222 who shows nothing does nothing', async () => {
    const nobody = open(false);
    for (const [path, body] of [
      [get, request()],
      ['/skiff.v1.Resources/List', bytesOf('List', { target: configMaps })],
      ['/skiff.v1.Resources/Delete', bytesOf('Delete', { target })],
    ] as const)
      expect([code.UNAUTHENTICATED, code.PERMISSION_DENIED]).toContain(
        (await call(message(body), { path, over: nobody })).code,
      );
    nobody.destroy();
  });

  it.each([
    '/grpc.health.v1.Health/Check',
    '/grpc.health.v1.Health/Watch',
    '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
    '/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo',
  ])('H-227 %s is closed to a stranger', async (path) => {
    const nobody = open(false);
    expect((await call(message(Buffer.alloc(0)), { path, over: nobody })).code).toBe(code.UNAUTHENTICATED);
    nobody.destroy();
  });

  it('H-227 there is no channelz', async () => {
    expect((await call(message(Buffer.alloc(0)), { path: '/grpc.channelz.v1.Channelz/GetServers' })).code).toBe(
      code.UNIMPLEMENTED,
    );
  });

  it('H-226 a deadline of 1 ms is DEADLINE_EXCEEDED, a cancel in mid-write harms nobody', async () => {
    const watch = bytesOf('Watch', { target: configMaps });
    const late = await call(message(watch), { path: '/skiff.v1.Resources/Watch', headers: { 'grpc-timeout': '1m' } });
    expect(late.code).toBe(code.DEADLINE_EXCEEDED);
    for (let i = 0; i < 20; i++) {
      const stream = session.request({
        ':method': 'POST',
        ':path': '/skiff.v1.Resources/Create',
        'content-type': 'application/grpc',
        te: 'trailers',
      });
      stream.on('error', () => {});
      const closed = once(stream, 'close');
      const body = message(
        bytesOf('Create', { target: configMaps, object: { json: `{"metadata":{"name":"cut-${i}"}}` } }),
      );
      stream.write(body.subarray(0, body.length - i));
      stream.close(8);
      await closed;
    }
    expect(await call(message(request()))).toMatchObject({ code: code.OK });
  });
});

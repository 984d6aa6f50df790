/** HTTP/1.1 whose framing means no good, by the numbers of the list of hostile inputs. */
import { once } from 'node:events';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bodyOf, rawConnection } from './streams/testing/raw.ts';
import { expectUnharmed } from './testing/invariants.ts';
import { startTestServer, type TestServer } from './testing/server.ts';

let at: TestServer;
beforeAll(async () => {
  at = await startTestServer();
});
afterAll(() => at.close());
expectUnharmed(() => at);

const configMaps = '/api/v1/namespaces/default/configmaps';
const hidden = `DELETE ${configMaps}/kept HTTP/1.1\r\nHost: x\r\n\r\n`;

/** The status codes of all that is answered before the server closes. */
async function answers(text: string | Buffer): Promise<string[]> {
  const raw = await rawConnection(at);
  raw.socket.write(text);
  await raw.closed;
  return [
    ...raw
      .received()
      .toString('latin1')
      .matchAll(/HTTP\/1\.1 (\d+)/g),
  ].map((match) => match[1] ?? '');
}

const requestOf = (...lines: readonly string[]): string => `${lines.join('\r\n')}\r\n\r\n`;
const get = (...headers: readonly string[]): string => requestOf('GET /version HTTP/1.1', 'Host: x', ...headers);
const post = (...headers: readonly string[]): string =>
  requestOf(`POST ${configMaps} HTTP/1.1`, 'Host: x', 'Content-Type: application/json', ...headers);

it.each<[string, string, string]>([
  ['H-001 Content-Length with Transfer-Encoding', post('Content-Length: 5', 'Transfer-Encoding: chunked'), '400'],
  ['H-001 the other order', post('Transfer-Encoding: chunked', 'Content-Length: 5'), '400'],
  ['H-002 two Content-Lengths', post('Content-Length: 5', 'Content-Length: 6'), '400'],
  ['H-003 chunked, identity', post('Transfer-Encoding: chunked, identity'), '400'],
  ['H-004 bare LF', 'GET /version HTTP/1.1\nHost: x\n\n', '400'],
  ['H-004 space before the colon', get('X-A : b'), '400'],
  ['H-004 NUL in a header', get('X-A: a\0b'), '400'],
  ['H-004 NUL in the path', requestOf('GET /ver\0sion HTTP/1.1', 'Host: x'), '400'],
  ['H-004 lone CR in a header', get('X-A: a\rb'), '400'],
  ['H-004 lone CR in the path', requestOf('GET /ver\rsion HTTP/1.1', 'Host: x'), '400'],
  ['H-006 headers of more than 1 MiB', get(`X-A: ${'a'.repeat(1_048_576)}`), '431'],
  [
    'H-008 a chunk extension of 20 KB',
    `${post('Transfer-Encoding: chunked')}1;${'e'.repeat(20_000)}\r\n{\r\n0\r\n\r\n`,
    '413',
  ],
  ['H-009 an unknown expectation', get('Expect: bogus', 'Connection: close'), '417'],
])('%s: refused, and what is behind is never read', async (_, text, code) => {
  await at.create(configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'kept' } });
  expect(await answers(`${text}0\r\n\r\n${hidden}`)).toEqual([code]);
  expect((await at.request(`${configMaps}/kept`)).status).toBe(200);
});

it('H-006 headers of 17 KiB and of 900 KiB, and an address of 30 KiB, are taken', async () => {
  for (const size of [17 * 1024, 900 * 1024])
    expect(await answers(get(`X-A: ${'a'.repeat(size)}`, 'Connection: close'))).toEqual(['200']);
  const long = requestOf(`GET /version?a=${'b'.repeat(30 * 1024)} HTTP/1.1`, 'Host: x', 'Connection: close');
  expect(await answers(long)).toEqual(['200']);
});

it('H-007 1 900 header fields are a 431', async () => {
  const fields = Array.from({ length: 1900 }, (_, i) => `x${i}: y`);
  expect(await answers(get('Connection: close', ...fields))).toEqual(['431']);
});

it.each(['127.0.0.1:2379', '10.0.0.1:22'])('H-011 CONNECT %s opens nothing', async (to) => {
  const codes = await answers(requestOf(`CONNECT ${to} HTTP/1.1`, `Host: ${to}`));
  expect(codes.filter((code) => code !== '405')).toEqual([]);
});

it('H-012 an absolute-form target is its path', async () => {
  const jane = await at.issue('jane');
  const ask = requestOf('GET http://evil/api/v1/secrets HTTP/1.1', 'Host: evil', 'Connection: close');
  expect(await answers(ask)).toEqual(['200']);
  const raw = await rawConnection(at, jane);
  raw.socket.write(ask);
  await raw.closed;
  expect(raw.received().toString()).toMatch(/^HTTP\/1\.1 403/);
  expect(JSON.parse(bodyOf(raw.received()).toString()).message).toContain('cannot list resource "secrets"');
});

it('H-014 a body that trickles is cut at the request’s timeout', async () => {
  const raw = await rawConnection(at);
  raw.socket.write(post('Content-Length: 1000').replace(configMaps, `${configMaps}?timeout=200ms`));
  raw.socket.write('{');
  await raw.closed;
  expect(raw.received().toString()).toMatch(/^HTTP\/1\.1 504/);
});

it.each(['Upgrade, Upgrade: h2c', 'Upgrade\r\nUpgrade: tls/1.3', 'Upgrade\r\nUpgrade: websocket'])(
  'H-023 Connection: %s on an ordinary path is plain HTTP/1.1',
  async (value) => {
    const [code] = await answers(get(`Connection: ${value}`).replace('Host: x', 'Host: x\r\nConnection: close'));
    expect(code).toBe('200');
  },
);

it('H-022 a compressed body is never inflated', async () => {
  // Members one behind the other are one stream: 10 MiB of them inflate to 10 GiB.
  const member = gzipSync(Buffer.alloc(64 * 1024 * 1024, 0x20), { level: 9 });
  const body = Buffer.concat(Array.from({ length: 160 }, () => member));
  expect(body.length).toBeGreaterThan(10 * 1000 * 1000);
  const head = post('Content-Encoding: gzip', `Content-Length: ${body.length}`);
  expect(await answers(Buffer.concat([Buffer.from(head), body]))).toEqual(['415']);
});

it('H-062 a chunked body without end is cut at 3 MiB', async () => {
  const raw = await rawConnection(at);
  raw.socket.write(post('Transfer-Encoding: chunked'));
  const chunk = `10000\r\n${' '.repeat(0x10000)}\r\n`;
  let sent = 0;
  while (!raw.socket.destroyed && sent < 256 * 1024 * 1024) {
    sent += chunk.length;
    if (!raw.socket.write(chunk)) await Promise.race([once(raw.socket, 'drain'), raw.closed]);
  }
  await raw.closed;
  expect(sent).toBeLessThan(32 * 1024 * 1024);
  expect(raw.received().toString()).toContain('limit is 3145728');
});

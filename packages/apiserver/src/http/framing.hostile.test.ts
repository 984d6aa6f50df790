/** Connections and framing that mean no good, by the numbers of the list of hostile inputs. */
import { once } from 'node:events';
import { connect as http2Connect } from 'node:http2';
import { connect as tcpConnect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
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

describe('HTTP/1.1', () => {
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
    const body = gzipSync(Buffer.alloc(64 * 1024 * 1024, 0x20), { level: 9 });
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
});

describe('HTTP/2', () => {
  const tls = (as = at.admin) => ({
    ca: at.ca.certificatePem,
    servername: 'localhost',
    cert: as.certificatePem,
    key: as.keyPem,
  });
  const origin = () => `https://127.0.0.1:${at.restPort}`;

  it('H-014 a body that trickles is answered at the request’s timeout', async () => {
    const session = http2Connect(origin(), tls());
    const path = `${configMaps}?timeout=200ms`;
    const stream = session.request({ ':path': path, ':method': 'POST', 'content-type': 'application/json' });
    const closed = once(stream, 'close');
    stream.write('{');
    const [headers] = await once(stream, 'response');
    expect(headers[':status']).toBe(504);
    let text = '';
    for await (const part of stream) text += String(part);
    expect(JSON.parse(text).reason).toBe('Timeout');
    stream.end();
    await closed;
    session.destroy();
  });

  it('H-018 the 101st stream at once is refused', async () => {
    const session = http2Connect(origin(), tls());
    const [settings] = await once(session, 'remoteSettings');
    expect(settings.maxConcurrentStreams).toBe(100);
    session.destroy();
  });

  /** A frame of HTTP/2 by hand. */
  const frame = (type: number, flags: number, stream: number, payload: Uint8Array = Buffer.alloc(0)): Buffer => {
    const head = Buffer.alloc(9);
    head.writeUIntBE(payload.length, 0, 3);
    head[3] = type;
    head[4] = flags;
    head.writeUInt32BE(stream, 5);
    return Buffer.concat([head, payload]);
  };
  const preface = Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frame(4, 0, 0)]);

  /** A header field that is sent as it is, with a name shorter than 127. */
  const literal = (name: string, value: string): Buffer => {
    const length: number[] = [127];
    let rest = value.length - 127;
    for (; rest >= 128; rest >>= 7) length.push(128 | (rest & 127));
    return Buffer.concat([
      Buffer.from([0, name.length]),
      Buffer.from(name),
      Buffer.from([...length, rest]),
      Buffer.from(value),
    ]);
  };

  // As Go's client does it: in frames as long as the server takes. Node's own stays at 16 KiB, and nghttp2 takes nine.
  it.each([
    ['17 KiB are taken', 1, '"gitVersion"'],
    ['300 KiB are taken', 18, '"gitVersion"'],
    ['900 KiB are taken', 53, '"gitVersion"'],
    ['1.1 MiB are a 431', 67, '"code":431'],
  ])('H-006 headers of %s', async (_, fields, answer) => {
    const raw = await rawConnection(at, at.admin, 'h2');
    const settingsAck = frame(4, 1, 0);
    raw.socket.write(Buffer.concat([preface, settingsAck]));
    // The server's limits hold from when it knows that they are known.
    await expect.poll(() => raw.received().includes(settingsAck)).toBe(true);
    const many = Array.from({ length: fields }, (_, i) => literal(`x-${i}`, 'a'.repeat(17 * 1024)));
    const block = Buffer.concat([Buffer.from([0x82, 0x87, 0x41, 1, 0x78, 4, 8]), Buffer.from('/version'), ...many]);
    const size = 256 * 1024;
    for (let start = 0; start < block.length; start += size) {
      const isLast = start + size >= block.length;
      const [type, flags] = start === 0 ? [1, 1] : [9, 0];
      raw.socket.write(frame(type, flags | (isLast ? 4 : 0), 1, block.subarray(start, start + size)));
    }
    await expect.poll(() => raw.received().includes(answer)).toBe(true);
    raw.socket.destroy();
  });

  /** Sends a frame for ever, until the server has had enough; bounded so that a failure ends. */
  async function flood(first: Buffer, again: (turn: number) => Buffer): Promise<number> {
    const raw = await rawConnection(at, at.admin, 'h2');
    raw.socket.write(Buffer.concat([preface, first]));
    let sent = 0;
    for (let turn = 0; !raw.socket.destroyed && sent < 256 * 1024 * 1024; turn++) {
      const bytes = again(turn);
      sent += bytes.length;
      if (!raw.socket.writable) break;
      if (!raw.socket.write(bytes)) await Promise.race([once(raw.socket, 'drain'), raw.closed]).catch(() => {});
      if (turn % 16 === 0) await new Promise(setImmediate);
    }
    const wasCut = !raw.socket.writable;
    raw.socket.destroy();
    return wasCut ? sent : Number.POSITIVE_INFINITY;
  }
  const repeated = (one: Buffer, count: number): Buffer => Buffer.concat(Array.from({ length: count }, () => one));

  it('H-016 CONTINUATION frames without end close the connection', async () => {
    // :method GET, never END_HEADERS; then literal headers.
    const headers = frame(1, 0x1, 1, Buffer.from([0x82]));
    const field = Buffer.concat([
      Buffer.from([0x00, 0x01]),
      Buffer.from('a'),
      Buffer.from([0x7e]),
      Buffer.alloc(126, 0x62),
    ]);
    const continuation = frame(9, 0, 1, repeated(field, 100));
    expect(await flood(headers, () => repeated(continuation, 4))).toBeLessThan(64 * 1024 * 1024);
  });

  it.each<[string, Buffer]>([
    ['SETTINGS', frame(4, 0, 0, Buffer.from([0, 3, 0, 0, 0, 100]))],
    ['PING', frame(6, 0, 0, Buffer.alloc(8))],
    ['empty DATA of closed streams', frame(0, 0, 1)],
    ['RST_STREAM of idle streams', frame(3, 0, 9, Buffer.from([0, 0, 0, 8]))],
  ])('H-017 a flood of %s whose answers are never read ends', async (_, one) => {
    const raw = await rawConnection(at, at.admin, 'h2');
    raw.socket.pause();
    raw.socket.write(preface);
    const bytes = repeated(one, 1000);
    let sent = 0;
    const limit = 64 * 1024 * 1024;
    while (!raw.socket.destroyed && sent < limit) {
      sent += bytes.length;
      if (!raw.socket.write(bytes))
        await Promise.race([once(raw.socket, 'drain'), raw.closed, new Promise((resolve) => setTimeout(resolve, 500))]);
      if (raw.socket.writableNeedDrain) break;
    }
    raw.socket.destroy();
    expect(sent).toBeLessThan(limit);
  });

  it('H-017 rapid resets end the connection', async () => {
    // GET https / of localhost, ended; reset at once.
    const block = Buffer.from([0x82, 0x87, 0x84, 0x41, 0x01, 0x78]);
    const pair = (turn: number): Buffer =>
      Buffer.concat([frame(1, 0x5, turn * 2 + 1, block), frame(3, 0, turn * 2 + 1, Buffer.from([0, 0, 0, 8]))]);
    const burst = (turn: number): Buffer => Buffer.concat(Array.from({ length: 100 }, (_, i) => pair(turn * 100 + i)));
    expect(await flood(Buffer.alloc(0), burst)).toBeLessThan(1024 * 1024);
  });

  it('H-019 who is nobody gets one answer and no further', async () => {
    for (const headers of [{}, { authorization: 'Bearer nonsense' }]) {
      const session = http2Connect(origin(), { ca: at.ca.certificatePem, servername: 'localhost' });
      const closed = once(session, 'close');
      const goaway = once(session, 'goaway');
      const stream = session.request({ ':path': '/api/v1/pods', ...headers });
      const [answer] = await once(stream, 'response');
      expect(answer[':status']).toBe(401);
      stream.resume();
      await goaway;
      await closed;
    }
  });
});

describe('TLS', () => {
  it('H-021 certificates that prove nothing are a 401, never an anonymous success', async () => {
    const { createCA, issueCertificate } = await import('../pki/authority.ts');
    const nowMs = Date.now();
    const [hour, day] = [3_600_000, 86_400_000];
    const stranger = await createCA({ commonName: 'skiff-ca', nowMs, lifetimeMs: day });
    const of = (
      ca: typeof at.ca,
      commonName: string,
      startMs: number,
      usages: readonly ('client' | 'server')[] = ['client'],
    ) =>
      issueCertificate(ca, { commonName, organizations: ['system:masters'], usages, nowMs: startMs, lifetimeMs: hour });
    const bad = {
      'of another CA': await of(stranger, 'admin', nowMs),
      expired: await of(at.ca, 'admin', nowMs - 5 * hour),
      'not yet valid': await of(at.ca, 'admin', nowMs + 5 * hour),
      'for servers': await of(at.ca, 'admin', nowMs, ['server']),
      'without a name': await of(at.ca, '', nowMs),
    };
    for (const [why, as] of Object.entries(bad)) {
      const outcome = await at.request('/version', { as }).then(
        (reply) => reply.status,
        () => 'no handshake',
      );
      expect([401, 'no handshake'], why).toContain(outcome);
    }
  });

  it('H-024 connections that say nothing keep nobody else out', async () => {
    const silent = Array.from({ length: 500 }, () => tcpConnect(at.restPort, '127.0.0.1'));
    await Promise.all(silent.map((socket) => once(socket, 'connect')));
    expect((await at.request('/version')).status).toBe(200);
    for (const socket of silent) socket.destroy();
  });
});

/** Connections of HTTP/2 that mean no good, by the numbers of the list of hostile inputs. */
import { once } from 'node:events';
import { constants, connect as http2Connect } from 'node:http2';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { maxControlFrames } from './control-frames.ts';
import { type Raw, rawConnection } from './streams/testing/raw.ts';
import {
  type Frame,
  frame,
  framesIn,
  frameType,
  getBlock,
  getFrame,
  goawayCode,
  literal,
  preface,
  settingsAck,
} from './testing/http2-frames.ts';
import { expectUnharmed } from './testing/invariants.ts';
import { startTestServer, type TestServer } from './testing/server.ts';

let at: TestServer;
beforeAll(async () => {
  at = await startTestServer();
});
afterAll(() => at.close());
expectUnharmed(() => at);

const configMaps = '/api/v1/namespaces/default/configmaps';

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

it('H-018 the limit of streams at once is announced', async () => {
  const session = http2Connect(origin(), tls());
  const [settings] = await once(session, 'remoteSettings');
  expect(settings.maxConcurrentStreams).toBe(100);
  session.destroy();
});

const watches = (count: number): Buffer =>
  Buffer.concat(Array.from({ length: count }, (_, i) => getFrame(2 * i + 1, `${configMaps}?watch=1`)));

it('H-018 the 101st stream of a client that may not know the limit yet is refused, and the others go on', async () => {
  const raw = await connected();
  raw.socket.write(Buffer.concat([preface, watches(101)]));
  const seen = (type: number): Frame[] => [...framesIn(raw.received())].filter((one) => one.type === type);
  await expect.poll(() => seen(frameType.headers)).toHaveLength(100);
  expect(seen(frameType.reset).map(({ stream, payload }) => [stream, payload.readUInt32BE(0)])).toEqual([
    [201, constants.NGHTTP2_REFUSED_STREAM],
  ]);
  await at.create(configMaps, { metadata: { name: 'seen-by-all' } });
  const told = (): number => new Set(seen(frameType.data).map(({ stream }) => stream)).size;
  await expect.poll(told).toBe(100);
  raw.socket.destroy();
});

it('H-018 the 101st stream of a client that knows the limit costs it the connection', async () => {
  const raw = await connected();
  raw.socket.write(Buffer.concat([preface, settingsAck]));
  // The server's limits hold from when it knows that they are known.
  await expect.poll(() => raw.received().includes(settingsAck)).toBe(true);
  raw.socket.write(watches(101));
  await raw.closed;
  const answered = [...framesIn(raw.received())].filter(({ type }) => type === frameType.headers);
  expect(answered.length).toBeLessThanOrEqual(100);
});

// As Go's client does it: in frames as long as the server takes. Node's own stays at 16 KiB, and nghttp2 takes nine.
it.each([
  ['17 KiB are taken', 1, '"gitVersion"'],
  ['300 KiB are taken', 18, '"gitVersion"'],
  ['900 KiB are taken', 53, '"gitVersion"'],
  ['1.1 MiB are a 431', 67, '"code":431'],
])('H-006 headers of %s', async (_, fields, answer) => {
  const raw = await connected();
  raw.socket.write(Buffer.concat([preface, settingsAck]));
  // The server's limits hold from when it knows that they are known.
  await expect.poll(() => raw.received().includes(settingsAck)).toBe(true);
  const many = Array.from({ length: fields }, (_, i) => literal(`x-${i}`, 'a'.repeat(17 * 1024)));
  const block = Buffer.concat([getBlock('/version'), ...many]);
  const size = 256 * 1024;
  for (let start = 0; start < block.length; start += size) {
    const isLast = start + size >= block.length;
    const [type, flags] = start === 0 ? [frameType.headers, 1] : [frameType.continuation, 0];
    raw.socket.write(frame(type, flags | (isLast ? 4 : 0), 1, block.subarray(start, start + size)));
  }
  await expect.poll(() => raw.received().includes(answer)).toBe(true);
  raw.socket.destroy();
});

/** Writes for ever, until the server has had enough; bounded so that a failure ends. Answers the bytes that it took. */
async function flood(raw: Raw, first: Buffer, again: (turn: number) => Buffer): Promise<number> {
  raw.socket.write(first);
  let sent = 0;
  for (let turn = 0; raw.socket.writable && sent < 256 * 1024 * 1024; turn++) {
    const bytes = again(turn);
    sent += bytes.length;
    if (!raw.socket.write(bytes)) await Promise.race([once(raw.socket, 'drain'), raw.closed]).catch(() => {});
    if (turn % 16 === 0) await new Promise(setImmediate);
  }
  const wasCut = !raw.socket.writable;
  raw.socket.destroy();
  return wasCut ? sent : Number.POSITIVE_INFINITY;
}
const connected = () => rawConnection(at, at.admin, 'h2');
const repeated = (one: Buffer, count: number): Buffer => Buffer.concat(Array.from({ length: count }, () => one));

it('H-016 CONTINUATION frames without end close the connection', async () => {
  // :method GET, never END_HEADERS; then literal headers.
  const headers = frame(frameType.headers, 0x1, 1, Buffer.from([0x82]));
  const field = Buffer.concat([
    Buffer.from([0x00, 0x01]),
    Buffer.from('a'),
    Buffer.from([0x7e]),
    Buffer.alloc(126, 0x62),
  ]);
  const continuation = frame(frameType.continuation, 0, 1, repeated(field, 100));
  expect(
    await flood(await connected(), Buffer.concat([preface, headers]), () => repeated(continuation, 4)),
  ).toBeLessThan(64 * 1024 * 1024);
});

const ping = frame(frameType.ping, 0, 0, Buffer.alloc(8));
const settings = frame(frameType.settings, 0, 0, Buffer.from([0, 3, 0, 0, 0, 100]));
const resetOf = (stream: number): Buffer => frame(frameType.reset, 0, stream, Buffer.from([0, 0, 0, 8]));
const windowUpdate = (bytes: number[]): Buffer => frame(frameType.windowUpdate, 0, 0, Buffer.from(bytes));

it.each<[string, Buffer]>([
  ['PING', ping],
  ['SETTINGS', settings],
])('H-017 a flood of %s is told to calm down', async (_, one) => {
  const raw = await connected();
  raw.socket.write(preface);
  const acks = (): number =>
    [...framesIn(raw.received())].filter(({ type, flags }) => type === one[3] && flags === 1).length;
  // Each answered before the next: what is still on its way when the server closes would take its last words along.
  for (let sent = 1; goawayCode(raw.received()) === undefined && sent <= 2 * maxControlFrames; sent++) {
    const before = acks();
    raw.socket.write(one);
    await expect.poll(() => acks() > before || goawayCode(raw.received()) !== undefined, { interval: 0 }).toBe(true);
  }
  await raw.closed;
  expect(goawayCode(raw.received())).toBe(constants.NGHTTP2_ENHANCE_YOUR_CALM);
});

it.each<[string, Buffer]>([
  ['PRIORITY', frame(frameType.priority, 0, 1, Buffer.from([0, 0, 0, 3, 5]))],
  ['frames of no known type', frame(0x55, 0, 0, Buffer.alloc(8))],
  ['PING', ping],
  ['SETTINGS', settings],
  ['empty DATA of closed streams', frame(frameType.data, 0, 1)],
  ['RST_STREAM of idle streams', resetOf(9)],
  ['WINDOW_UPDATE of nothing', windowUpdate([0, 0, 0, 0])],
  ['WINDOW_UPDATE beyond every window', windowUpdate([0x7f, 0xff, 0xff, 0xff])],
])('H-017 a flood of %s, read or not, ends the connection', async (_, one) => {
  for (const isRead of [true, false]) {
    const raw = await connected();
    if (!isRead) raw.socket.pause();
    expect(await flood(raw, preface, () => repeated(one, 1000))).toBeLessThan(8 * 1024 * 1024);
  }
});

it('H-017 rapid resets end the connection', async () => {
  // GET https / of localhost, ended; reset at once.
  const block = Buffer.from([0x82, 0x87, 0x84, 0x41, 0x01, 0x78]);
  const pair = (turn: number): Buffer =>
    Buffer.concat([frame(frameType.headers, 0x5, turn * 2 + 1, block), resetOf(turn * 2 + 1)]);
  const burst = (turn: number): Buffer => Buffer.concat(Array.from({ length: 100 }, (_, i) => pair(turn * 100 + i)));
  expect(await flood(await connected(), preface, burst)).toBeLessThan(1024 * 1024);
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

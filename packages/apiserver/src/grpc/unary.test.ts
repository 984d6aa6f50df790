import { once } from 'node:events';
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { status } from '@grpc/grpc-js';
import { ApiError } from '@skiff/api';
import { createStepClock } from '@skiff/client/testing';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createOpenCalls } from '../chain/open-calls.ts';
import { silentLogger } from '../registry/testing.ts';
import type { CallInfo } from './adapt.ts';
import { framed, type Pieces } from './messages.ts';
import { serveUnary } from './unary.ts';

const clock = createStepClock();
const same = (value: unknown): Buffer => value as Buffer;
const definition = {
  ...{ path: '/a/B', requestStream: false, responseStream: false },
  ...{ requestSerialize: same, requestDeserialize: same, responseSerialize: same, responseDeserialize: same },
};

let ending: AbortController;
let server: Http2Server;
let session: ClientHttp2Session;
let started: PromiseWithResolvers<CallInfo>;
/** What the handler answers. */
let answer: (request: Buffer, call: CallInfo) => Promise<Buffer | Pieces>;
/** Whether it is in pieces. */
let inPieces: boolean;

beforeEach(async () => {
  ending = new AbortController();
  started = Promise.withResolvers();
  const parts = { clock, logger: silentLogger, calls: createOpenCalls(ending.signal), maxReceiveBytes: 100 };
  inPieces = false;
  const run = (request: unknown, call: CallInfo): Promise<Buffer | Pieces> => {
    started.resolve(call);
    return answer(request as Buffer, call);
  };
  server = createServer();
  server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) =>
    serveUnary({ name: 'B', definition, run, inPieces }, stream, headers, 5000, parts),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
afterEach(async () => {
  session.close();
  await new Promise((closed) => server.close(closed));
  expect(clock.pending).toBe(0);
});

const untilAborted = (_: Buffer, { signal }: CallInfo): Promise<Buffer> =>
  new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));

function call(body = framed(Buffer.from('question'))): ClientHttp2Stream {
  const stream = session.request({ ':method': 'POST', ':path': '/a/B', 'content-type': 'application/grpc' });
  stream.on('error', () => {});
  stream.end(body);
  return stream;
}

/** The head of an answer that is nothing else. */
const refusal = async (stream: ClientHttp2Stream): Promise<IncomingHttpHeaders> => {
  const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders];
  stream.resume();
  await once(stream, 'close');
  return headers;
};

it('a call is answered with a message and then a status', async () => {
  answer = async (request) => Buffer.from(`${request}!`);
  const stream = call();
  const trailers = once(stream, 'trailers');
  const body = Buffer.concat(await stream.toArray());
  expect(body.subarray(5).toString()).toBe('question!');
  expect((await trailers)[0]).toMatchObject({ 'grpc-status': '0' });
});

it('a failure is told with its Status, whatever its text', async () => {
  answer = () => Promise.reject(new ApiError('NotFound', 'nö\n\ud800'));
  const headers = await refusal(call());
  expect(headers).toMatchObject({ 'grpc-status': String(status.NOT_FOUND), 'grpc-message': 'n%C3%B6%0A%EF%BF%BD' });
  expect(headers['skiff-status-bin']).toBeDefined();
});

it('the deadline answers in place of a handler, and tells it', async () => {
  answer = untilAborted;
  const refused = refusal(call());
  const { signal } = await started.promise;
  clock.step(5000);
  expect(await refused).toMatchObject({ 'grpc-status': String(status.DEADLINE_EXCEEDED) });
  expect(signal.aborted).toBe(true);
});

it('a handler hears when the caller hangs up', async () => {
  answer = untilAborted;
  const stream = call();
  const { signal } = await started.promise;
  stream.close(8);
  if (!signal.aborted) await once(signal, 'abort');
  expect(signal.reason).toMatchObject({ name: 'CallGone' });
});

it('the server’s end ends a call, with its reason', async () => {
  answer = untilAborted;
  const refused = refusal(call());
  await started.promise;
  ending.abort(new ApiError('ServiceUnavailable', 'ending'));
  expect(await refused).toMatchObject({ 'grpc-status': String(status.UNAVAILABLE), 'grpc-message': 'ending' });
});

it('an answer aborts nothing', async () => {
  answer = async (request) => request;
  const stream = call();
  await stream.toArray();
  expect((await started.promise).signal.aborted).toBe(false);
});

it('an answer in pieces is one message', async () => {
  inPieces = true;
  const pieces = Array.from({ length: 100 }, (_, i) => Buffer.alloc(10_000, i));
  answer = async () => ({ bytes: 1_000_000, pieces });
  const stream = call();
  const trailers = once(stream, 'trailers');
  expect(Buffer.concat(await stream.toArray())).toEqual(framed(Buffer.concat(pieces)));
  expect((await trailers)[0]).toMatchObject({ 'grpc-status': '0' });
});

it('an answer that is longer than a message can be is none', async () => {
  inPieces = true;
  answer = async () => ({ bytes: 2 ** 32, pieces: [] });
  expect(await refusal(call())).toMatchObject({ 'grpc-status': String(status.INTERNAL) });
});

it.each<[string, (stream: ClientHttp2Stream) => void]>([
  ['its deadline has passed', () => clock.step(5000)],
  ['the caller hung up', (stream) => stream.close(8)],
  ['the server ends', () => ending.abort(new Error('ending'))],
])('an answer that nobody reads is made no further when %s', async (_, end) => {
  inPieces = true;
  const isOver = Promise.withResolvers<void>();
  const endless = function* (): Generator<Buffer> {
    try {
      for (;;) yield Buffer.alloc(10_000);
    } finally {
      isOver.resolve();
    }
  };
  answer = async () => ({ bytes: 1_000_000_000, pieces: endless() });
  const stream = call();
  await once(stream, 'response');
  end(stream);
  await isOver.promise;
});

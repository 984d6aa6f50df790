import { once } from 'node:events';
import type { ClientHttp2Stream, IncomingHttpHeaders } from 'node:http2';
import { gzipSync } from 'node:zlib';
import { type ClientReadableStream, credentials, Client as GrpcClient, type ServiceError, status } from '@grpc/grpc-js';
import { ApiError } from '@skiff/api';
import { createStepClock } from '@skiff/client/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createOpenCalls } from '../chain/open-calls.ts';
import { silentLogger } from '../registry/testing.ts';
import type { CallInfo, Send } from './adapt.ts';
import { framed } from './messages.ts';
import { serveStream } from './server-stream.ts';
import { openRawDoor, type RawDoor } from './testing/raw-door.ts';

const clock = createStepClock();
const same = (value: unknown): Buffer => value as Buffer;
const definition = {
  ...{ path: '/a/B', requestStream: false, responseStream: true },
  ...{ requestSerialize: same, requestDeserialize: same, responseSerialize: same, responseDeserialize: same },
};
const frame = (text: string): Buffer => framed(Buffer.from(text));

let ending: AbortController;
let door: RawDoor;
let started: PromiseWithResolvers<CallInfo>;
/** What the handler does. */
let run: (request: Buffer, call: CallInfo, send: Send<readonly Buffer[]>) => Promise<void>;
/** The caller's deadline. */
let timeoutMs: number | undefined;

beforeEach(async () => {
  ending = new AbortController();
  started = Promise.withResolvers();
  timeoutMs = undefined;
  const parts = { clock, logger: silentLogger, calls: createOpenCalls(ending.signal), maxReceiveBytes: 100 };
  const handler = (request: unknown, call: CallInfo, send: Send<readonly Buffer[]>): Promise<void> => {
    started.resolve(call);
    return run(request as Buffer, call, send);
  };
  door = await openRawDoor((stream, headers) =>
    serveStream({ name: 'B', definition, run: handler }, stream, headers, timeoutMs, parts),
  );
});
afterEach(async () => {
  await door.close();
  expect(clock.pending).toBe(0);
});

const untilAborted = (_: Buffer, { signal }: CallInfo): Promise<void> =>
  new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason));
  });

/** Messages of a body, in their order. */
function messagesIn(body: Buffer): string[] {
  const messages: string[] = [];
  for (let at = 0; at < body.length; ) {
    const end = at + 5 + body.readUInt32BE(at + 1);
    expect(body[at]).toBe(0);
    messages.push(body.subarray(at + 5, end).toString());
    at = end;
  }
  return messages;
}

interface Whole {
  readonly headers: IncomingHttpHeaders;
  readonly messages: readonly string[];
  readonly trailers: IncomingHttpHeaders;
}

async function whole(stream: ClientHttp2Stream): Promise<Whole> {
  let headers: IncomingHttpHeaders = {};
  let trailers: IncomingHttpHeaders = {};
  stream.once('response', (all) => {
    headers = all;
  });
  stream.once('trailers', (all) => {
    trailers = all;
  });
  const messages = messagesIn(Buffer.concat(await stream.toArray()));
  return { headers, messages, trailers };
}

describe('raw', () => {
  it('messages in frames, then a status; pieces are bytes one behind the other', async () => {
    run = async (request, _, send) => {
      await send([frame(`${request} `)]);
      const rest = frame('one two three');
      await send([rest.subarray(0, 3), rest.subarray(3, 9), rest.subarray(9)]);
      await send([frame('')]);
    };
    const { headers, messages, trailers } = await whole(door.call());
    expect(headers).toMatchObject({
      ...{ ':status': 200, 'content-type': 'application/grpc+proto' },
      ...{ 'grpc-encoding': 'identity', 'grpc-accept-encoding': 'identity,deflate,gzip' },
    });
    expect(messages).toEqual(['question ', 'one two three', '']);
    expect(trailers).toMatchObject({ 'grpc-status': '0', 'grpc-message': 'OK' });
  });

  it('no message is a head and a status', async () => {
    run = async () => {};
    const { headers, messages, trailers } = await whole(door.call());
    expect(headers).not.toHaveProperty('grpc-status');
    expect([messages, trailers['grpc-status']]).toEqual([[], '0']);
  });

  it('a failure before the first message is the head, one after it the trailers, each with its Status', async () => {
    run = () => Promise.reject(new ApiError('NotFound', 'nö\n'));
    const { headers } = await whole(door.call());
    expect(headers).toMatchObject({ 'grpc-status': String(status.NOT_FOUND), 'grpc-message': 'n%C3%B6%0A' });
    expect(headers).toHaveProperty('skiff-status-bin');
    run = async (_, _call, send) => {
      await send([frame('a')]);
      throw new ApiError('Expired', 'too old');
    };
    const { messages, trailers } = await whole(door.call());
    expect(messages).toEqual(['a']);
    expect(trailers).toMatchObject({ 'grpc-status': String(status.OUT_OF_RANGE), 'grpc-message': 'too%20old' });
    expect(trailers).toHaveProperty('skiff-status-bin');
  });

  it.each<[string, Buffer, IncomingHttpHeaders, status]>([
    ['no message', Buffer.alloc(0), {}, status.UNIMPLEMENTED],
    ['half a message', frame('question').subarray(0, 7), {}, status.INTERNAL],
    ['two messages', Buffer.concat([frame('a'), frame('b')]), {}, status.UNIMPLEMENTED],
    ['a message over the limit', frame('x'.repeat(101)), {}, status.RESOURCE_EXHAUSTED],
    ['compression that is not named', compressed('a'), {}, status.INTERNAL],
    ['compression of an unknown kind', compressed('a'), { 'grpc-encoding': 'br' }, status.UNIMPLEMENTED],
  ])('%s is refused', async (_, body, more, code) => {
    run = untilAborted;
    const { headers } = await whole(door.call(body, more));
    expect(headers['grpc-status']).toBe(String(code));
  });

  it('a compressed request is read; the answer is not compressed', async () => {
    run = async (request, _, send) => send([frame(String(request))]);
    const { headers, messages } = await whole(door.call(compressed('zipped'), { 'grpc-encoding': 'gzip' }));
    expect([headers['grpc-encoding'], messages]).toEqual(['identity', ['zipped']]);
  });

  it('another content type is a 415', async () => {
    const { headers } = await whole(door.call(undefined, { 'content-type': 'text/plain' }));
    expect(headers[':status']).toBe(415);
  });

  it('a deadline before the first message is the head, one after it the trailers; the handler hears of it', async () => {
    timeoutMs = 5000;
    run = untilAborted;
    const early = whole(door.call());
    await started.promise;
    clock.step(5000);
    expect((await early).headers['grpc-status']).toBe(String(status.DEADLINE_EXCEEDED));
    const sent = Promise.withResolvers<AbortSignal>();
    run = async (request, call, send) => {
      await send([frame('a')]);
      sent.resolve(call.signal);
      await untilAborted(request, call);
    };
    const late = whole(door.call());
    const signal = await sent.promise;
    clock.step(5000);
    expect(await late).toMatchObject({
      messages: ['a'],
      trailers: { 'grpc-status': String(status.DEADLINE_EXCEEDED) },
    });
    expect(signal.reason).toMatchObject({ name: 'CallGone' });
  });

  it('the server’s end ends a call, with its reason', async () => {
    const sent = Promise.withResolvers<void>();
    run = async (request, call, send) => {
      await send([frame('a')]);
      sent.resolve();
      await untilAborted(request, call);
    };
    const answer = whole(door.call());
    await sent.promise;
    ending.abort(new ApiError('ServiceUnavailable', 'ending'));
    expect((await answer).trailers).toMatchObject({
      'grpc-status': String(status.UNAVAILABLE),
      'grpc-message': 'ending',
    });
  });

  it('who does not read gets one message under way; who hangs up then ends the wait', async () => {
    const failed = Promise.withResolvers<unknown>();
    let sent = 0;
    run = async (_, _call, send) => {
      const frames = [frame('x'.repeat(64 * 1024))];
      try {
        for (;;) {
          await send(frames);
          sent += 1;
        }
      } catch (error) {
        failed.resolve(error);
      }
    };
    const stream = door.call();
    const { signal } = await started.promise;
    await once(stream, 'response');
    // Its window is 64 KiB, and nothing takes from it: the head of the frame is already too much.
    await once(stream, 'readable');
    expect(sent).toBeLessThanOrEqual(1);
    stream.close(8);
    expect(await failed.promise).toMatchObject({ name: 'CallGone' });
    expect(signal.aborted).toBe(true);
  });

  it('a call that ended is no matter to the server’s end', async () => {
    run = async () => {};
    await whole(door.call());
    ending.abort(new Error('ending'));
    expect((await started.promise).signal.aborted).toBe(false);
  });
});

function compressed(text: string): Buffer {
  const bytes = frame('').subarray(0, 5);
  const zipped = gzipSync(text);
  bytes[0] = 1;
  bytes.writeUInt32BE(zipped.length, 1);
  return Buffer.concat([bytes, zipped]);
}

describe('a client of grpc-js', () => {
  let client: GrpcClient;
  beforeEach(() => {
    client = new GrpcClient(door.address, credentials.createInsecure());
  });
  afterEach(() => client.close());

  const watch = (): ClientReadableStream<Buffer> =>
    client.makeServerStreamRequest('/a/B', same, same, Buffer.from('question'));

  it('reads messages and the end', async () => {
    run = async (request, _, send) => {
      await send([frame(`${request}!`)]);
      await send([frame('a'), frame('b')]);
    };
    const call = watch();
    const ended = once(call, 'status');
    expect((await call.toArray()).map(String)).toEqual(['question!', 'a', 'b']);
    expect((await ended)[0]).toMatchObject({ code: status.OK, details: 'OK' });
  });

  it('reads a failure after messages, with its Status', async () => {
    run = async (_, _call, send) => {
      await send([frame('a')]);
      throw new ApiError('Forbidden', 'nö');
    };
    const call = watch();
    const error = await call.toArray().then(
      () => undefined,
      (reason: ServiceError) => reason,
    );
    expect(error).toMatchObject({ code: status.PERMISSION_DENIED, details: 'nö' });
    expect(error?.metadata.get('skiff-status-bin')).toHaveLength(1);
  });

  it('cancels, and the handler hears of it', async () => {
    run = async (request, call, send) => {
      await send([frame('a')]);
      await untilAborted(request, call);
    };
    const call = watch();
    call.on('error', () => {});
    await once(call, 'data');
    call.cancel();
    const { signal } = await started.promise;
    if (!signal.aborted) await once(signal, 'abort');
    expect(signal.reason).toMatchObject({ name: 'CallGone' });
  });
});

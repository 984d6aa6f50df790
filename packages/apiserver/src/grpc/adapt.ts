/**
 * Plain functions as gRPC methods. A unary handler is a promise; a streaming one reads an async iterable and writes with an
 * awaited `send`, which is where back-pressure comes from: grpc-js itself would buffer without end.
 */
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import type {
  Metadata,
  ServerDuplexStream,
  ServerWritableStream,
  ServiceDefinition,
  UntypedServiceImplementation,
} from '@grpc/grpc-js';
import type { Clock, Logger } from '@skiff/api';
import { isReason } from '@skiff/api';
import { toGrpcFailure } from '@skiff/api/wire';
import type { Credentials } from '../chain/authenticate.ts';
import { requestTimeoutMs } from '../chain/chain.ts';
import type { OpenCalls } from '../chain/open-calls.ts';
import { certificateOf } from './credentials.ts';
import type { Pieces } from './messages.ts';

/** What a handler knows of its call. */
export interface CallInfo {
  readonly credentials: Credentials;
  readonly userAgent: string;
  /** Aborts when the client cancelled, its deadline passed or the server ends. */
  readonly signal: AbortSignal;
  /** What the client's deadline leaves, at most a request's own limit. */
  readonly timeoutMs: number;
}

/** Waits until the client has room. Throws the signal's reason when it is gone. */
export type Send<Response> = (message: Response) => Promise<void>;

export type Handler =
  | { readonly type: 'unary'; readonly run: (request: unknown, call: CallInfo) => Promise<unknown> }
  | { readonly type: 'pieces'; readonly run: (request: unknown, call: CallInfo) => Promise<Pieces> }
  | {
      readonly type: 'stream';
      readonly run: (requests: AsyncIterable<unknown>, call: CallInfo, send: Send<unknown>) => Promise<void>;
    }
  | {
      readonly type: 'bytes';
      readonly run: (request: unknown, call: CallInfo, send: Send<readonly Buffer[]>) => Promise<void>;
    };

/** A method with one request and one answer. */
export const unary = <Request, Response>(run: (request: Request, call: CallInfo) => Promise<Response>): Handler => ({
  type: 'unary',
  // Async, so that what a handler throws before its first await is an answer too.
  run: async (request, call) => run(request as Request, call),
});

/** The same with an answer that may be long. */
export const unaryInPieces = <Request>(run: (request: Request, call: CallInfo) => Promise<Pieces>): Handler => ({
  type: 'pieces',
  run: async (request, call) => run(request as Request, call),
});

/** A method that answers a stream. */
export const serverStream = <Request, Response>(
  run: (request: Request, call: CallInfo, send: Send<Response>) => Promise<void>,
): Handler => ({
  type: 'stream',
  run: async (requests, call, send) => {
    for await (const request of requests) return run(request as Request, call, send as Send<Response>);
  },
});

/**
 * A method that answers a stream of bytes: framed messages, in pieces that many calls share. `send` waits until they are on their way: for a client
 * that reads slowly one message waits, and what comes meanwhile can go with the next.
 */
export const byteStream = <Request>(
  run: (request: Request, call: CallInfo, send: Send<readonly Buffer[]>) => Promise<void>,
): Handler => ({ type: 'bytes', run: (request, call, send) => run(request as Request, call, send) });

/** A method with a stream in both directions. */
export const bidi = <Request, Response>(
  run: (requests: AsyncIterable<Request>, call: CallInfo, send: Send<Response>) => Promise<void>,
): Handler => ({
  type: 'stream',
  run: async (requests, call, send) => run(requests as AsyncIterable<Request>, call, send as Send<Response>),
});

export interface AdaptParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly calls: OpenCalls;
}

/** The streams of a service that grpc-js serves: the other methods never reach it. Throws Error when a method of the service has no handler, or a handler no method. */
export function adapt(
  service: ServiceDefinition,
  handlers: Readonly<Record<string, Handler>>,
  parts: AdaptParts,
): UntypedServiceImplementation {
  const missing = Object.keys(service).filter((name) => !Object.hasOwn(handlers, name));
  const unknown = Object.keys(handlers).filter((name) => !Object.hasOwn(service, name));
  if (missing.length + unknown.length > 0)
    throw new Error(`methods without match: ${[...missing, ...unknown].join(', ')}`);
  return Object.fromEntries(
    Object.entries(handlers).flatMap(([name, handler]) =>
      handler.type === 'stream' ? [[name, adaptStream(name, handler, service, parts)]] : [],
    ),
  );
}

export function report(parts: Pick<AdaptParts, 'logger'>, method: string, error: unknown): void {
  if (!(error instanceof Error) || isReason(error, 'InternalError') || error.name !== 'ApiError')
    parts.logger.error({ err: error, method }, 'a call failed');
}

type StreamCall = ServerWritableStream<unknown, unknown> | ServerDuplexStream<unknown, unknown>;

function adaptStream(
  method: string,
  handler: Extract<Handler, { type: 'stream' }>,
  service: ServiceDefinition,
  parts: AdaptParts,
): (call: StreamCall) => void {
  const readsStream = service[method]?.requestStream === true;
  const started = async (call: StreamCall, info: CallInfo): Promise<void> => {
    const requests = readsStream
      ? requestsOf(call as ServerDuplexStream<unknown, unknown>)
      : one(call as ServerWritableStream<unknown, unknown>);
    return handler.run(requests, info, sender(call, info.signal));
  };
  return (call) => {
    const { info, end } = openCall(call, parts);
    call.on('error', () => {});
    void started(call, info)
      .then(
        () => void call.end(),
        (error: unknown) => {
          if (!info.signal.aborted) report(parts, method, error);
          call.emit('error', toGrpcFailure(error));
        },
      )
      .finally(end);
  };
}

const sender =
  (call: StreamCall, signal: AbortSignal): Send<unknown> =>
  async (message) => {
    signal.throwIfAborted();
    if (!call.write(message)) await once(call, 'drain', { signal });
  };

async function* one(call: ServerWritableStream<unknown, unknown>): AsyncGenerator<unknown> {
  yield call.request;
}

/** What the client sends; ends when it half-closes or goes. */
async function* requestsOf(call: Readable): AsyncGenerator<unknown> {
  for await (const message of call.iterator({ destroyOnReturn: false })) yield message as unknown;
}

/** Why work stopped when the caller hung up. */
class CallGone extends Error {
  override readonly name = 'CallGone';
}

/** Made once: an error for each call would take a stack for each. */
const callOver = new CallGone('the call is over');
export const callerGone = new CallGone('the caller hung up');

interface OpenCall {
  readonly info: CallInfo;
  /** Nothing more is done for the call: told to whatever still waits on its behalf. */
  readonly end: () => void;
}

function openCall(call: StreamCall, { calls, clock }: AdaptParts): OpenCall {
  const gone = calls.open();
  let isOver = false;
  // grpc-js says so of every call in the end, also of those that were answered.
  call.once('cancelled', () => {
    if (!isOver) gone.abort(callerGone);
  });
  if (call.cancelled) gone.abort(callerGone);
  const deadline = call.getDeadline();
  const deadlineMs = deadline instanceof Date ? deadline.getTime() : deadline;
  const left = deadlineMs - clock.now();
  const info: CallInfo = {
    credentials: { certificate: certificateOf(call), authorization: text(call.metadata, 'authorization') },
    userAgent: text(call.metadata, 'user-agent') ?? '',
    signal: gone.signal,
    timeoutMs: Number.isFinite(left) ? Math.max(1, Math.min(left, requestTimeoutMs)) : requestTimeoutMs,
  };
  const end = (): void => {
    isOver = true;
    calls.close(gone);
    gone.abort(callOver);
  };
  return { info, end };
}

function text(metadata: Metadata, key: string): string | undefined {
  const [value] = metadata.get(key);
  return typeof value === 'string' ? value : undefined;
}

/** grpc-js' callbacks and emitters as promises and async iterables; nothing of grpc-js goes further than this folder. */
import type {
  ClientDuplexStream,
  ClientReadableStream,
  Metadata,
  MethodDefinition,
  ServiceDefinition,
  ServiceError,
} from '@grpc/grpc-js';
import { status } from '@grpc/grpc-js';
import { ApiError, type Clock } from '@skiff/api';
import { fromGrpcFailure } from '@skiff/api/wire';
import type { FailoverChannel } from './channel.ts';

export interface CallContext {
  readonly channel: FailoverChannel;
  readonly metadata: Metadata;
  readonly clock: Clock;
}

type Method = MethodDefinition<object, object>;

function methodOf(service: ServiceDefinition, name: string): Method {
  const method = service[name];
  if (method === undefined) throw new Error(`no method ${name}`);
  return method as Method;
}

/** One request, one answer, never without a deadline. Throws ApiError. */
export function unary<Out>(
  context: CallContext,
  service: ServiceDefinition,
  name: string,
  request: object,
  options: { timeoutMs: number; signal?: AbortSignal | undefined },
): Promise<Out> {
  const { path, requestSerialize, responseDeserialize } = methodOf(service, name);
  return new Promise((resolve, reject) => {
    const { client } = context.channel;
    const { signal } = options;
    if (signal?.aborted) {
      reject(abortedError(signal));
      return;
    }
    const deadline = context.clock.now() + options.timeoutMs;
    const call = client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      request,
      context.metadata,
      { deadline },
      (error, answer) => {
        signal?.removeEventListener('abort', cancel);
        if (error === null) resolve(answer as Out);
        else reject(signal?.aborted ? abortedError(signal) : translate(context.channel, client, error));
      },
    );
    const cancel = (): void => call.cancel();
    signal?.addEventListener('abort', cancel, { once: true });
  });
}

/** Messages of a server stream. Ends when the server ends it or the signal aborts; throws ApiError otherwise. */
export async function* serverStream<Out>(
  context: CallContext,
  service: ServiceDefinition,
  name: string,
  request: object,
  signal: AbortSignal | undefined,
): AsyncIterable<Out> {
  const { path, requestSerialize, responseDeserialize } = methodOf(service, name);
  const { client } = context.channel;
  if (signal?.aborted) return;
  const call = client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, request, context.metadata);
  const cancel = (): void => call.cancel();
  signal?.addEventListener('abort', cancel, { once: true });
  try {
    yield* messages<Out>(context.channel, client, call, signal);
  } finally {
    signal?.removeEventListener('abort', cancel);
    call.on('error', () => undefined);
    call.cancel();
  }
}

/** A stream in both directions. `write` waits while the other side is slow. */
export interface Duplex<In, Out> {
  write(message: In): Promise<void>;
  /** No more will be written. */
  end(): void;
  readonly output: AsyncIterable<Out>;
  cancel(): void;
}

export function duplex<In extends object, Out>(
  context: CallContext,
  service: ServiceDefinition,
  name: string,
  signal: AbortSignal | undefined,
): Duplex<In, Out> {
  const { path, requestSerialize, responseDeserialize } = methodOf(service, name);
  const { client } = context.channel;
  const call = client.makeBidiStreamRequest(
    path,
    requestSerialize,
    responseDeserialize,
    context.metadata,
  ) as ClientDuplexStream<object, object>;
  // Without a reader of `output` an error must not end the process.
  call.on('error', () => undefined);
  let ended = false;
  const cancel = (): void => {
    ended = true;
    call.cancel();
  };
  if (signal?.aborted) cancel();
  else signal?.addEventListener('abort', cancel, { once: true });
  // grpc-js tells the end of a call by its status, and only by that.
  call.once('status', () => {
    ended = true;
    signal?.removeEventListener('abort', cancel);
  });
  const over = (): ApiError => new ApiError('ServiceUnavailable', 'the stream has ended');
  return {
    write(message) {
      if (ended || call.writableEnded) return Promise.reject(over());
      if (call.write(message)) return Promise.resolve();
      return new Promise((resolve, reject) => {
        const settle = (): void => {
          call.removeListener('drain', settle);
          call.removeListener('status', settle);
          if (ended) reject(over());
          else resolve();
        };
        call.once('drain', settle);
        call.once('status', settle);
      });
    },
    end: () => call.end(),
    output: messages<Out>(context.channel, client, call, signal),
    cancel,
  };
}

async function* messages<Out>(
  channel: FailoverChannel,
  client: FailoverChannel['client'],
  call: ClientReadableStream<object> | ClientDuplexStream<object, object>,
  signal: AbortSignal | undefined,
): AsyncIterable<Out> {
  try {
    for await (const message of call) yield message as Out;
  } catch (error) {
    if (signal?.aborted) return;
    throw translate(channel, client, error as ServiceError);
  }
}

function translate(channel: FailoverChannel, client: FailoverChannel['client'], error: ServiceError): ApiError {
  if (error.code === status.UNAVAILABLE || error.code === status.CANCELLED) channel.failed(client);
  return fromGrpcFailure(error);
}

function abortedError(signal: AbortSignal): ApiError {
  return new ApiError('Timeout', 'the call was given up by its caller', undefined, { cause: signal.reason });
}

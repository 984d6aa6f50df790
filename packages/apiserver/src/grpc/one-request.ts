/**
 * Calls with one request, straight on their HTTP/2 streams: what all of them share, whatever they answer. grpc-js would put a stream of its own,
 * a listener and its interceptors' places around each; a caller sees no difference.
 */
import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { type MethodDefinition, status } from '@grpc/grpc-js';
import type { Clock, Timer } from '@skiff/api';
import { type GrpcFailure, toGrpcFailure } from '@skiff/api/wire';
import { requestTimeoutMs } from '../chain/chain.ts';
import type { OpenCalls } from '../chain/open-calls.ts';
import { type AdaptParts, type CallInfo, callerGone, report } from './adapt.ts';
import { certificateOfSession } from './credentials.ts';
import { type Fault, frameBytes, isFault, type Message, messageIn, payloadOf, tooLarge } from './messages.ts';

export interface OneRequestMethod {
  readonly name: string;
  readonly definition: MethodDefinition<unknown, unknown>;
}

export interface OneRequestParts extends Pick<AdaptParts, 'logger'> {
  readonly clock: Clock;
  readonly calls: OpenCalls;
  /** Of one message. */
  readonly maxReceiveBytes: number;
}

/** Serves a call on its stream; `timeoutMs` is the caller's, undefined when it set none. */
export type Serve = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, timeoutMs: number | undefined) => void;

/** False, and answered, when the stream is no gRPC call. */
export function isCall(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): boolean {
  stream.on('error', ignore);
  if (headers['content-type']?.startsWith('application/grpc') === true) return true;
  stream.respond({ ':status': 415 }, { endStream: true });
  stream.resume();
  return false;
}

const ignore = (): void => {};

const head = { ':status': 200, 'content-type': 'application/grpc+proto' } as const;
const answerHead = { ...head, 'grpc-accept-encoding': 'identity,deflate,gzip', 'grpc-encoding': 'identity' };
const withTrailers = { waitForTrailers: true };
export const done = { 'grpc-status': String(status.OK), 'grpc-message': 'OK' };

/** From the head of a request to the end of its answer, whichever comes first: the handler's, the deadline's, or the caller's hanging up. */
export abstract class OneRequestCall<Method extends OneRequestMethod> {
  protected readonly method: Method;
  protected readonly stream: ServerHttp2Stream;
  protected readonly parts: OneRequestParts;
  readonly #headers: IncomingHttpHeaders;
  readonly #timeoutMs: number | undefined;
  protected readonly gone: AbortController;
  readonly #deadline: Timer | undefined;
  #chunks: Buffer[] = [];
  #bytes = 0;
  /** How it ends is on its way, or told. */
  #isAnswered = false;
  #hasHead = false;
  /** Nothing is done for the call any more. */
  #isOver = false;

  constructor(
    method: Method,
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    timeoutMs: number | undefined,
    parts: OneRequestParts,
  ) {
    this.method = method;
    this.stream = stream;
    this.#headers = headers;
    this.parts = parts;
    this.#timeoutMs = timeoutMs;
    this.gone = parts.calls.open();
    this.#deadline = timeoutMs === undefined ? undefined : parts.clock.after(timeoutMs, () => this.#late());
  }

  /** Begins: the handler runs when the whole request is there. */
  read(): void {
    this.stream.on('data', (chunk: Buffer) => this.#take(chunk));
    this.stream.on('end', () => this.#run());
    this.stream.on('close', () => this.#close());
  }

  /** Answers the request, to the end. What it throws is the call's failure. */
  protected abstract handle(request: unknown, info: CallInfo): Promise<void>;

  /** The head goes out before the first byte of an answer. */
  protected respond(): void {
    if (this.#hasHead) return;
    this.#hasHead = true;
    this.stream.respond(answerHead, withTrailers);
  }

  /** The handler's work is done; else as `claim`. */
  protected finish(): boolean {
    this.#isOver = true;
    this.#deadline?.cancel();
    this.parts.calls.close(this.gone);
    return this.claim();
  }

  /** True once, when there is somebody to answer: the caller gets this end and no other. */
  protected claim(): boolean {
    if (this.#isAnswered || this.isGone()) return false;
    this.#isAnswered = true;
    return true;
  }

  protected fail({ code, details, metadata }: Fault & Partial<GrpcFailure>): void {
    if (!this.finish()) return;
    const trailers = {
      'grpc-status': String(code),
      'grpc-message': encodeURI(details.toWellFormed()),
      ...(metadata?.toHttp2Headers() as OutgoingHttpHeaders | undefined),
    };
    if (this.#hasHead) this.end(trailers);
    else this.stream.respond({ ...head, ...trailers }, { endStream: true });
  }

  /** Ends an answer that has begun, after its last bytes. */
  protected end(trailers: OutgoingHttpHeaders, last?: Buffer): void {
    this.stream.on('wantTrailers', () => {
      if (!this.isGone()) this.stream.sendTrailers(trailers);
    });
    this.stream.end(last);
  }

  protected report(error: unknown): void {
    report(this.parts, this.method.name, error);
  }

  protected isGone(): boolean {
    return this.stream.destroyed || this.stream.closed;
  }

  /** What comes after the answer is read and forgotten. */
  #take(chunk: Buffer): void {
    if (this.#isAnswered) return;
    this.#bytes += chunk.length;
    if (this.#bytes <= this.parts.maxReceiveBytes + frameBytes) this.#chunks.push(chunk);
    else this.fail(tooLarge(this.parts.maxReceiveBytes));
  }

  #run(): void {
    if (this.#isAnswered || this.isGone()) return;
    const [first] = this.#chunks;
    const body = this.#chunks.length === 1 && first !== undefined ? first : Buffer.concat(this.#chunks, this.#bytes);
    this.#chunks = [];
    const message = messageIn(body, this.parts.maxReceiveBytes);
    if (isFault(message)) this.fail(message);
    else if (message.isCompressed) void this.#inflate(message);
    else this.#handle(message.bytes);
  }

  async #inflate(message: Message): Promise<void> {
    const payload = await payloadOf(message, this.#headers['grpc-encoding'], this.parts.maxReceiveBytes);
    if (isFault(payload)) this.fail(payload);
    else if (!this.#isAnswered && !this.isGone()) this.#handle(payload);
  }

  #handle(payload: Buffer): void {
    let request: unknown;
    try {
      request = this.method.definition.requestDeserialize(payload);
    } catch {
      this.fail({ code: status.INTERNAL, details: 'Error deserializing request' });
      return;
    }
    this.handle(request, this.#info()).catch((error: unknown) => {
      if (!this.gone.signal.aborted) this.report(error);
      this.fail(toGrpcFailure(error));
    });
  }

  #info(): CallInfo {
    const { authorization, 'user-agent': userAgent } = this.#headers;
    const { session } = this.stream;
    return {
      credentials: { certificate: session === undefined ? undefined : certificateOfSession(session), authorization },
      userAgent: userAgent ?? '',
      signal: this.gone.signal,
      timeoutMs: Math.max(1, Math.min(this.#timeoutMs ?? requestTimeoutMs, requestTimeoutMs)),
    };
  }

  #late(): void {
    const wasOver = this.#isOver;
    this.fail({ code: status.DEADLINE_EXCEEDED, details: 'Deadline exceeded' });
    if (!wasOver) this.gone.abort(callerGone);
  }

  #close(): void {
    const wasOver = this.#isOver;
    this.finish();
    if (!wasOver) this.gone.abort(callerGone);
  }
}

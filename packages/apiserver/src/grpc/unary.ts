/**
 * Calls with one request and one answer, straight on their HTTP/2 streams. grpc-js would put a stream of its own, a listener and its interceptors'
 * places around each; a caller sees no difference.
 */
import { constants, type IncomingHttpHeaders, type OutgoingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { type MethodDefinition, type ServiceDefinition, status } from '@grpc/grpc-js';
import type { Clock, Timer } from '@skiff/api';
import { type GrpcFailure, toGrpcFailure } from '@skiff/api/wire';
import { requestTimeoutMs } from '../chain/chain.ts';
import type { OpenCalls } from '../chain/open-calls.ts';
import { send } from '../http/exchange.ts';
import { untilStalled } from '../http/watch.ts';
import { type AdaptParts, type CallInfo, callerGone, type Handler, isUnary, report } from './adapt.ts';
import { certificateOfSession } from './credentials.ts';
import {
  type Fault,
  frameBytes,
  framed,
  frameHead,
  isFault,
  type Message,
  messageIn,
  type Pieces,
  payloadOf,
  tooLarge,
} from './messages.ts';

export interface UnaryMethod {
  readonly name: string;
  readonly definition: MethodDefinition<unknown, unknown>;
  readonly run: (request: unknown, call: CallInfo) => Promise<unknown>;
  /** What `run` answers is `Pieces`. */
  readonly inPieces: boolean;
}

export interface UnaryParts extends Pick<AdaptParts, 'logger'> {
  readonly clock: Clock;
  readonly calls: OpenCalls;
  /** Of one message. */
  readonly maxReceiveBytes: number;
}

/** The methods of a service that are served here, by their paths. */
export function unaryMethods(
  service: ServiceDefinition,
  handlers: Readonly<Record<string, Handler>>,
): readonly (readonly [string, UnaryMethod])[] {
  return Object.entries(handlers).flatMap(([name, handler]) => {
    const definition = service[name];
    if (!isUnary(handler) || definition === undefined) return [];
    const method = { name, definition, run: handler.run, inPieces: handler.type === 'pieces' };
    return [[definition.path, method] as const];
  });
}

/** Serves one call. `timeoutMs` is the caller's, undefined when it set none. */
export function serveUnary(
  method: UnaryMethod,
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  timeoutMs: number | undefined,
  parts: UnaryParts,
): void {
  stream.on('error', ignore);
  if (headers['content-type']?.startsWith('application/grpc') !== true) {
    stream.respond({ ':status': 415 }, { endStream: true });
    stream.resume();
    return;
  }
  new UnaryCall(method, stream, headers, timeoutMs, parts).read();
}

const ignore = (): void => {};

const head = { ':status': 200, 'content-type': 'application/grpc+proto' } as const;
const answerHead = { ...head, 'grpc-accept-encoding': 'identity,deflate,gzip', 'grpc-encoding': 'identity' };
const withTrailers = { waitForTrailers: true };
const done = { 'grpc-status': String(status.OK), 'grpc-message': 'OK' };

function sendDone(this: ServerHttp2Stream): void {
  if (!this.destroyed && !this.closed) this.sendTrailers(done);
}

/** From the head of a request to its answer, whichever comes first: the handler's, the deadline's, or the caller's hanging up. */
class UnaryCall {
  readonly #method: UnaryMethod;
  readonly #stream: ServerHttp2Stream;
  readonly #headers: IncomingHttpHeaders;
  readonly #parts: UnaryParts;
  readonly #timeoutMs: number | undefined;
  readonly #gone: AbortController;
  readonly #deadline: Timer | undefined;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  #isAnswered = false;
  /** Nothing is done for the call any more. */
  #isOver = false;

  constructor(
    method: UnaryMethod,
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    timeoutMs: number | undefined,
    parts: UnaryParts,
  ) {
    this.#method = method;
    this.#stream = stream;
    this.#headers = headers;
    this.#parts = parts;
    this.#timeoutMs = timeoutMs;
    this.#gone = parts.calls.open();
    this.#deadline = timeoutMs === undefined ? undefined : parts.clock.after(timeoutMs, () => this.#late());
  }

  read(): void {
    this.#stream.on('data', (chunk: Buffer) => this.#take(chunk));
    this.#stream.on('end', () => this.#run());
    this.#stream.on('close', () => this.#close());
  }

  /** What comes after the answer is read and forgotten. */
  #take(chunk: Buffer): void {
    if (this.#isAnswered) return;
    this.#bytes += chunk.length;
    if (this.#bytes <= this.#parts.maxReceiveBytes + frameBytes) this.#chunks.push(chunk);
    else this.#fail(tooLarge(this.#parts.maxReceiveBytes));
  }

  #run(): void {
    if (this.#isAnswered || this.#isGone()) return;
    const [first] = this.#chunks;
    const body = this.#chunks.length === 1 && first !== undefined ? first : Buffer.concat(this.#chunks, this.#bytes);
    this.#chunks.length = 0;
    const message = messageIn(body, this.#parts.maxReceiveBytes);
    if (isFault(message)) this.#fail(message);
    else if (message.isCompressed) void this.#inflate(message);
    else this.#handle(message.bytes);
  }

  async #inflate(message: Message): Promise<void> {
    const payload = await payloadOf(message, this.#headers['grpc-encoding'], this.#parts.maxReceiveBytes);
    if (isFault(payload)) this.#fail(payload);
    else if (!this.#isAnswered && !this.#isGone()) this.#handle(payload);
  }

  #handle(payload: Buffer): void {
    const { definition, name, run, inPieces } = this.#method;
    let request: unknown;
    try {
      request = definition.requestDeserialize(payload);
    } catch {
      this.#fail({ code: status.INTERNAL, details: 'Error deserializing request' });
      return;
    }
    run(request, this.#info()).then(
      (response) => (inPieces ? this.#answerInPieces(response as Pieces) : this.#answer(response)),
      (error: unknown) => {
        if (!this.#gone.signal.aborted) report(this.#parts, name, error);
        this.#fail(toGrpcFailure(error));
      },
    );
  }

  #info(): CallInfo {
    const { authorization, 'user-agent': userAgent } = this.#headers;
    const { session } = this.#stream;
    return {
      credentials: { certificate: session === undefined ? undefined : certificateOfSession(session), authorization },
      userAgent: userAgent ?? '',
      signal: this.#gone.signal,
      timeoutMs: Math.max(1, Math.min(this.#timeoutMs ?? requestTimeoutMs, requestTimeoutMs)),
    };
  }

  #answer(response: unknown): void {
    const bytes = this.#encoded(() => framed(this.#method.definition.responseSerialize(response)));
    if (bytes === undefined) return;
    this.#end();
    if (this.#begin()) this.#stream.end(bytes);
  }

  /** As fast as the caller reads. What it no longer waits for, and what it does not take, is cut. */
  async #answerInPieces({ bytes, pieces }: Pieces): Promise<void> {
    const head = this.#encoded(() => frameHead(bytes));
    if (head === undefined || !this.#begin()) return;
    const { signal } = this.#gone;
    const guarded = untilStalled(this.#parts.clock, signal);
    try {
      await send(this.#stream, head, signal);
      for (const piece of pieces) await guarded(send(this.#stream, piece, signal));
      this.#stream.end();
    } catch (error) {
      if (!signal.aborted) report(this.#parts, this.#method.name, error);
      this.#stream.close(constants.NGHTTP2_CANCEL);
    }
    this.#end();
  }

  /** The head of an answer; false when there is nobody to answer. */
  #begin(): boolean {
    if (this.#isAnswered || this.#isGone()) return false;
    this.#isAnswered = true;
    this.#stream.respond(answerHead, withTrailers);
    this.#stream.on('wantTrailers', sendDone);
    return true;
  }

  #encoded(encode: () => Buffer): Buffer | undefined {
    try {
      return encode();
    } catch (error) {
      report(this.#parts, this.#method.name, error);
      this.#fail({ code: status.INTERNAL, details: 'Error serializing response' });
      return undefined;
    }
  }

  #fail({ code, details, metadata }: Fault & Partial<GrpcFailure>): void {
    this.#end();
    if (this.#isAnswered || this.#isGone()) return;
    this.#isAnswered = true;
    const trailers = { 'grpc-status': String(code), 'grpc-message': encodeURI(details.toWellFormed()) };
    const more = metadata?.toHttp2Headers() as OutgoingHttpHeaders | undefined;
    this.#stream.respond({ ...head, ...trailers, ...more }, { endStream: true });
  }

  #late(): void {
    const wasOver = this.#isOver;
    this.#fail({ code: status.DEADLINE_EXCEEDED, details: 'Deadline exceeded' });
    if (!wasOver) this.#gone.abort(callerGone);
  }

  #close(): void {
    const wasOver = this.#isOver;
    this.#end();
    if (!wasOver) this.#gone.abort(callerGone);
  }

  #end(): void {
    this.#isOver = true;
    this.#deadline?.cancel();
    this.#parts.calls.close(this.#gone);
  }

  #isGone(): boolean {
    return this.#stream.destroyed || this.#stream.closed;
  }
}

/** Calls with one request and one answer. */
import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { status } from '@grpc/grpc-js';
import { send } from '../http/exchange.ts';
import { untilStalled } from '../http/watch.ts';
import type { CallInfo } from './adapt.ts';
import { framed, frameHead, type Pieces } from './messages.ts';
import { done, isCall, OneRequestCall, type OneRequestMethod, type OneRequestParts } from './one-request.ts';

export interface UnaryMethod extends OneRequestMethod {
  readonly run: (request: unknown, call: CallInfo) => Promise<unknown>;
  /** What `run` answers is `Pieces`. */
  readonly inPieces: boolean;
}

/** Serves one call. `timeoutMs` is the caller's, undefined when it set none. */
export function serveUnary(
  method: UnaryMethod,
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  timeoutMs: number | undefined,
  parts: OneRequestParts,
): void {
  if (isCall(stream, headers)) new UnaryCall(method, stream, headers, timeoutMs, parts).read();
}

class UnaryCall extends OneRequestCall<UnaryMethod> {
  protected async handle(request: unknown, info: CallInfo): Promise<void> {
    const response = await this.method.run(request, info);
    if (this.method.inPieces) return this.#answerInPieces(response as Pieces);
    const bytes = this.#encoded(() => framed(this.method.definition.responseSerialize(response)));
    if (bytes === undefined || !this.finish()) return;
    this.respond();
    this.end(done, bytes);
  }

  /** As fast as the caller reads. What it no longer waits for, and what it does not take, is cut. */
  async #answerInPieces({ bytes, pieces }: Pieces): Promise<void> {
    const head = this.#encoded(() => frameHead(bytes));
    if (head === undefined || !this.claim()) return;
    const { signal } = this.gone;
    const guarded = untilStalled(this.parts.clock, signal);
    this.respond();
    try {
      await send(this.stream, head, signal);
      for (const piece of pieces) await guarded(send(this.stream, piece, signal));
      this.end(done);
    } catch (error) {
      if (!signal.aborted) this.report(error);
      this.stream.close(constants.NGHTTP2_CANCEL);
    }
    this.finish();
  }

  #encoded(encode: () => Buffer): Buffer | undefined {
    try {
      return encode();
    } catch (error) {
      this.report(error);
      this.fail({ code: status.INTERNAL, details: 'Error serializing response' });
      return undefined;
    }
  }
}

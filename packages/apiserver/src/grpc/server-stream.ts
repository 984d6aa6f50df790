/**
 * Calls with one request and a stream of messages, which their handlers frame: what is sent together is one write to the HTTP/2 stream.
 */
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { CallInfo, Handler } from './adapt.ts';
import { done, isCall, OneRequestCall, type OneRequestMethod, type OneRequestParts } from './one-request.ts';

export interface StreamMethod extends OneRequestMethod {
  readonly run: Extract<Handler, { type: 'bytes' }>['run'];
}

/** Serves one call. `timeoutMs` is the caller's, undefined when it set none. */
export function serveStream(
  method: StreamMethod,
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  timeoutMs: number | undefined,
  parts: OneRequestParts,
): void {
  if (isCall(stream, headers)) new StreamCall(method, stream, headers, timeoutMs, parts).read();
}

class StreamCall extends OneRequestCall<StreamMethod> {
  /** Ends the wait for the message that is under way. */
  #giveUp: ((reason: unknown) => void) | undefined;

  protected async handle(request: unknown, info: CallInfo): Promise<void> {
    const { signal } = this.gone;
    signal.addEventListener('abort', () => this.#giveUp?.(signal.reason), { once: true });
    await this.method.run(request, info, (pieces) => this.#send(pieces));
    if (!this.finish()) return;
    this.respond();
    this.end(done);
  }

  #send(pieces: readonly Buffer[]): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.gone.signal.aborted) return reject(this.gone.signal.reason);
      this.#giveUp = reject;
      // A call that is over is told by its signal.
      if (this.isGone()) return;
      this.respond();
      writeTogether(this.stream, pieces, resolve);
    });
  }
}

/** In one write of the HTTP/2 stream. */
function writeTogether(stream: ServerHttp2Stream, pieces: readonly Buffer[], written: () => void): void {
  const last = pieces.length - 1;
  if (last > 0) stream.cork();
  for (let index = 0; index < last; index += 1) stream.write(pieces[index]);
  stream.write(pieces[last], (error) => {
    if (error === null || error === undefined) written();
  });
  if (last > 0) stream.uncork();
}

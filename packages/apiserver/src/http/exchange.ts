/** One request and its answer, whether HTTP/1.1 or HTTP/2 carries them. */
import { once } from 'node:events';
import type { IncomingHttpHeaders } from 'node:http';
import type { Readable, Writable } from 'node:stream';
import type { Query } from './query.ts';

/** What this door uses of Node's two response types. */
export interface Outgoing extends Writable {
  statusCode: number;
  readonly headersSent: boolean;
  setHeader(name: string, value: string | number | readonly string[]): unknown;
  /** Sends the head now. Both of Node's responses have it, one of its two types says so. */
  flushHeaders?(): void;
}

export interface Exchange {
  readonly method: string;
  readonly path: string;
  readonly query: Query;
  /** The query as it came, without the question mark. */
  readonly rawQuery: string;
  readonly headers: IncomingHttpHeaders;
  /** Names and values by turns, as they came. */
  readonly rawHeaders: readonly string[];
  /** The client's address. */
  readonly remoteAddress: string;
  readonly httpVersionMajor: number;
  readonly body: Readable;
  readonly response: Outgoing;
  /** Aborts when the client is gone or the server ends. */
  readonly signal: AbortSignal;
  /** Texts for the user, sent as Warning headers with the answer. */
  readonly warnings: string[];
  /** Lets this be the last request of its connection; call before the answer's first byte. */
  endConnection(): void;
}

/** The first value of a header. */
export function header(exchange: Pick<Exchange, 'headers'>, name: string): string | undefined {
  const value = exchange.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** Writes one piece and waits until there is room for the next. Throws the signal's reason when the client goes meanwhile. */
export async function send(to: Writable, piece: string | Uint8Array, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  if (!to.write(piece)) await once(to, 'drain', { signal });
}

/** Writes one piece and waits until it is written: its bytes may be others then. Throws like `send`. */
export async function sendWritten(to: Writable, piece: Uint8Array, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const gone = (): void => reject(signal.reason);
  signal.addEventListener('abort', gone, { once: true });
  // A client that is gone is told of by the signal.
  to.write(piece, (error) => {
    if (error === null || error === undefined) resolve();
  });
  try {
    await promise;
  } finally {
    signal.removeEventListener('abort', gone);
  }
}

/** The same for pieces that go out as one write. */
export async function sendTogether(to: Writable, pieces: readonly Uint8Array[], signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  to.cork();
  let hasRoom = true;
  for (const piece of pieces) hasRoom = to.write(piece);
  to.uncork();
  if (!hasRoom) await once(to, 'drain', { signal });
}

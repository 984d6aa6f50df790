/** Sends answers: one text, a text in pieces, or an error as its Status document. */
import { createGzip, gzipSync } from 'node:zlib';
import type { ApiError } from '@skiff/api';
import { Overloaded } from '../chain/flow/flow-control.ts';
import { acceptsGzip, compressAbove, gzipLevel, warningHeaders } from './encode.ts';
import { type Exchange, sendWritten } from './exchange.ts';
import { prettyText, wantsPretty } from './pretty.ts';

export interface Payload {
  readonly code: number;
  readonly contentType: string;
  readonly body: string | Uint8Array;
}

/** Puts the headers that every answer has; call once, right before the first byte. */
export function startAnswer(exchange: Exchange, code: number, contentType: string): void {
  const { response } = exchange;
  response.statusCode = code;
  response.setHeader('content-type', contentType);
  response.setHeader('cache-control', 'no-cache, private');
  response.setHeader('x-content-type-options', 'nosniff');
  const warnings = warningHeaders(exchange.warnings);
  if (warnings.length > 0) response.setHeader('warning', warnings);
}

const takesGzip = (exchange: Exchange): boolean => acceptsGzip(exchange.headers['accept-encoding']);

/** A whole answer. HEAD gets its headers alone. */
export function respond(exchange: Exchange, payload: Payload): void {
  startAnswer(exchange, payload.code, payload.contentType);
  const { response } = exchange;
  let { body } = payload;
  if (typeof body === 'string' && payload.contentType === 'application/json' && wantsPretty(exchange))
    body = prettyText(body);
  if (body.length > compressAbove && takesGzip(exchange)) {
    response.setHeader('content-encoding', 'gzip');
    response.setHeader('vary', 'Accept-Encoding');
    body = gzipSync(body, { level: gzipLevel });
  }
  response.setHeader('content-length', Buffer.byteLength(body));
  if (exchange.method === 'HEAD') response.end();
  else response.end(body);
}

/** A page that Kubernetes always indents. */
export function respondIndented(exchange: Exchange, document: object): void {
  respond(exchange, { code: 200, contentType: 'application/json', body: JSON.stringify(document, null, 2) });
}

export function respondJson(exchange: Exchange, code: number, document: object): void {
  respond(exchange, { code, contentType: 'application/json', body: JSON.stringify(document) });
}

/** An answer in pieces, as fast as the client reads: each is written before the next is asked for. `chars` is about how long it will be. */
export async function respondPieces(
  exchange: Exchange,
  head: { readonly contentType: string; readonly chars: number },
  parts: Iterable<Uint8Array>,
): Promise<void> {
  const { response, signal } = exchange;
  startAnswer(exchange, 200, head.contentType);
  if (exchange.method === 'HEAD') {
    response.end();
    return;
  }
  if (head.chars <= compressAbove || !takesGzip(exchange)) {
    for (const part of parts) await sendWritten(response, part, signal);
    response.end();
    return;
  }
  response.setHeader('content-encoding', 'gzip');
  response.setHeader('vary', 'Accept-Encoding');
  const gzip = createGzip({ level: gzipLevel });
  gzip.pipe(response);
  const stop = (): void => void gzip.destroy();
  signal.addEventListener('abort', stop, { once: true });
  try {
    for (const part of parts) await sendWritten(gzip, part, signal);
    gzip.end();
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** An error as its Status document; nothing when the answer has begun: then only cutting it tells the client. */
export function respondError(exchange: Exchange, error: ApiError): void {
  const { response } = exchange;
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const retryAfter = error.status.details?.retryAfterSeconds;
  if (retryAfter !== undefined && retryAfter > 0) response.setHeader('retry-after', String(retryAfter));
  // A body that was not read to its end may still be coming: the connection cannot be used again.
  if (exchange.httpVersionMajor === 1 && !exchange.body.readableEnded) exchange.endConnection();
  const { code, message } = error.status;
  if (error instanceof Overloaded) {
    respond(exchange, { code, contentType: 'text/plain; charset=utf-8', body: `${message}\n` });
  } else respondJson(exchange, code, error.status);
}

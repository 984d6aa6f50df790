/** Reads request bodies, never more than the limit, and makes of each what the registry takes. */
import { ApiError, badRequest } from '@skiff/api';
import type { Exchange } from './exchange.ts';
import { header } from './exchange.ts';

/** As kube-apiserver's: an object, or a patch, in its JSON form. */
export const maxBodyBytes = 3 * 1024 * 1024;

const tooLarge = (): ApiError =>
  new ApiError('RequestEntityTooLarge', `Request entity too large: limit is ${maxBodyBytes}`);

/** The whole body. Throws ApiError RequestEntityTooLarge, UnsupportedMediaType for a compressed one, or the signal's reason. */
export async function readBody(exchange: Exchange, signal: AbortSignal): Promise<Buffer> {
  const encoding = header(exchange, 'content-encoding');
  if (encoding !== undefined && encoding !== 'identity')
    throw new ApiError('UnsupportedMediaType', 'the body of the request must not be compressed');
  if (Number(header(exchange, 'content-length') ?? 0) > maxBodyBytes) throw tooLarge();
  return new Promise((resolve, reject) => {
    const { body } = exchange;
    const parts: Buffer[] = [];
    let bytes = 0;
    const settle = (settled: () => void): void => {
      body.off('data', onData).off('end', onEnd).off('close', onClose);
      signal.removeEventListener('abort', onAbort);
      // What still comes is left unread: the answer has to go out before the connection is given up.
      body.pause();
      settled();
    };
    const onData = (part: Buffer): void => {
      bytes += part.length;
      if (bytes > maxBodyBytes) settle(() => reject(tooLarge()));
      else parts.push(part);
    };
    const onEnd = (): void => settle(() => resolve(Buffer.concat(parts, bytes)));
    const onClose = (): void => settle(() => reject(badRequest('the body of the request ended early')));
    const onAbort = (): void => settle(() => reject(signal.reason));
    signal.throwIfAborted();
    signal.addEventListener('abort', onAbort, { once: true });
    body.on('error', () => {});
    body.on('data', onData).on('end', onEnd).on('close', onClose);
  });
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** A body as text; what is not UTF-8 becomes U+FFFD, as in Go's JSON decoder. */
export const utf8 = (body: Uint8Array): string => decoder.decode(body);

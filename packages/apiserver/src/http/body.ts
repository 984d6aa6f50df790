/** Reads request bodies, never more than the limit, and makes of each what the registry takes. */
import { ApiError } from '@skiff/api';
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
  const parts: Buffer[] = [];
  let bytes = 0;
  const stop = (): void => void exchange.body.destroy();
  signal.addEventListener('abort', stop, { once: true });
  try {
    for await (const part of exchange.body.iterator({ destroyOnReturn: false })) {
      bytes += (part as Buffer).length;
      if (bytes > maxBodyBytes) throw tooLarge();
      parts.push(part as Buffer);
    }
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener('abort', stop);
  }
  return Buffer.concat(parts, bytes);
}

/** A body as text; what is not UTF-8 becomes U+FFFD, as in Go's JSON decoder. */
export const utf8 = (body: Uint8Array): string => new TextDecoder('utf-8').decode(body);

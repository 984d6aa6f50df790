/** gRPC's frame around a message: a byte that says whether it is compressed, four for its length, the message. */
import { promisify } from 'node:util';
import { gunzip, inflate } from 'node:zlib';
import { status } from '@grpc/grpc-js';

/** Why a request is refused before anybody reads it. */
export interface Fault {
  readonly code: status;
  readonly details: string;
}

export interface Message {
  readonly isCompressed: boolean;
  readonly bytes: Buffer;
}

/** A message that is never whole. */
export interface Pieces {
  /** Of all pieces. */
  readonly bytes: number;
  readonly pieces: Iterable<Uint8Array>;
}

export const frameBytes = 5;

export const isFault = (value: Message | Buffer | Fault): value is Fault => 'code' in value;

export const tooLarge = (maxBytes: number): Fault => ({
  code: status.RESOURCE_EXHAUSTED,
  details: `Received message larger than max (${maxBytes})`,
});

/** The one message that a whole request is. */
export function messageIn(body: Buffer, maxBytes: number): Message | Fault {
  if (body.length === 0) return { code: status.UNIMPLEMENTED, details: 'Received no request message' };
  const length = body.length < frameBytes ? Number.NaN : body.readUInt32BE(1);
  if (length > maxBytes) return tooLarge(maxBytes);
  const end = frameBytes + length;
  if (!(body.length >= end)) return { code: status.INTERNAL, details: 'the request ends in the middle of its message' };
  if (body.length > end) return { code: status.UNIMPLEMENTED, details: 'Received a second request message' };
  return { isCompressed: body[0] === 1, bytes: body.subarray(frameBytes) };
}

const inflaters = new Map([
  ['gzip', promisify<Buffer, object, Buffer>(gunzip)],
  ['deflate', promisify<Buffer, object, Buffer>(inflate)],
]);

/** A compressed message as it was, never more than the limit of it. */
export async function payloadOf(
  { bytes }: Message,
  encoding: string | readonly string[] | undefined,
  maxBytes: number,
): Promise<Buffer | Fault> {
  if (encoding === undefined || encoding === 'identity')
    return { code: status.INTERNAL, details: 'a message is compressed, and no grpc-encoding says how' };
  const run = inflaters.get(String(encoding));
  if (run === undefined)
    return {
      code: status.UNIMPLEMENTED,
      details: `Received message compressed with unsupported encoding "${encoding}"`,
    };
  try {
    return await run(bytes, { maxOutputLength: maxBytes });
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE') return tooLarge(maxBytes);
    return { code: status.INTERNAL, details: 'Failed to decompress message' };
  }
}

/** So many bytes that begin with the head of an uncompressed message of `length`. */
function startingWithHead(bytes: number, length: number): Buffer {
  const buffer = Buffer.allocUnsafe(bytes);
  buffer[0] = 0;
  buffer.writeUInt32BE(length, 1);
  return buffer;
}

/** What stands before an uncompressed message of so many bytes. Throws RangeError for more than a frame can hold. */
export const frameHead = (length: number): Buffer => startingWithHead(frameBytes, length);

/** A message in its frame, uncompressed. */
export function framed(message: Uint8Array): Buffer {
  const bytes = startingWithHead(frameBytes + message.length, message.length);
  bytes.set(message, frameBytes);
  return bytes;
}

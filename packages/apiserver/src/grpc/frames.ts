/** What grpc-js keeps to itself of a call: the part that reads and writes frames, and its HTTP/2 stream. */
import type { ServerHttp2Stream } from 'node:http2';
import { Metadata, type ServerWritableStream } from '@grpc/grpc-js';

export interface FrameReader {
  incomingEncoding: string;
  decompressMessage(message: Buffer, encoding: string): Promise<Buffer> | Buffer;
}

interface Innermost extends FrameReader {
  readonly stream: ServerHttp2Stream;
}

const isInnermost = (value: unknown): value is Innermost =>
  typeof value === 'object' &&
  value !== null &&
  'incomingEncoding' in value &&
  'decompressMessage' in value &&
  'stream' in value;

/** The innermost of the calls that interceptors have wrapped. */
function innermost(call: unknown): Innermost {
  let inner: unknown = call;
  while (typeof inner === 'object' && inner !== null) {
    if (isInnermost(inner)) return inner;
    inner = 'nextCall' in inner ? inner.nextCall : undefined;
  }
  throw new Error('grpc-js reads its frames elsewhere than it did');
}

export const frameReaderOf = (call: object): FrameReader => innermost(call);

/**
 * Writes messages of a call straight to its HTTP/2 stream, from pieces of bytes that many calls share: grpc-js would copy them twice for each.
 * Nothing else may write messages to such a call; it ends as any other.
 */
export function messageWriter(
  call: ServerWritableStream<unknown, unknown>,
): (pieces: readonly Buffer[], written: () => void) => void {
  call.sendMetadata(new Metadata());
  const { stream } = innermost((call as unknown as { readonly call: unknown }).call);
  return (pieces, written) => {
    // A call that is over is told elsewhere.
    if (stream.destroyed || stream.closed) return;
    const head = Buffer.alloc(5);
    head.writeUInt32BE(
      pieces.reduce((length, piece) => length + piece.length, 0),
      1,
    );
    stream.cork();
    stream.write(head);
    for (const piece of pieces.slice(0, -1)) stream.write(piece);
    stream.write(pieces.at(-1) ?? '', (error) => {
      if (error === null || error === undefined) written();
    });
    stream.uncork();
  };
}

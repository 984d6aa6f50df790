/** The part of a call that reads its frames, which grpc-js keeps to itself. */

export interface FrameReader {
  incomingEncoding: string;
  decompressMessage(message: Buffer, encoding: string): Promise<Buffer> | Buffer;
}

const isFrameReader = (value: object): value is FrameReader =>
  'incomingEncoding' in value && 'decompressMessage' in value;

/** The innermost of the calls that interceptors have wrapped. */
export function frameReaderOf(call: object): FrameReader {
  let inner: unknown = call;
  while (typeof inner === 'object' && inner !== null) {
    if (isFrameReader(inner)) return inner;
    inner = 'nextCall' in inner ? inner.nextCall : undefined;
  }
  throw new Error('grpc-js reads its frames elsewhere than it did');
}

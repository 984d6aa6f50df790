/** Messages whose compressed flag is set although the call names no encoding. grpc-js takes them as they are; the protocol has them refused. */
import { type ServerInterceptor, status } from '@grpc/grpc-js';
import { frameReaderOf } from './frames.ts';
import { asItIs } from './guard.ts';

/** Stands for "none was named" where grpc-js would say identity, which is also what it says of a message that is not compressed. */
const unnamed = 'none named';

/** Refuses compressed messages of calls without `grpc-encoding` with INTERNAL. */
export const refuseUnnamedCompression: ServerInterceptor = (_method, call) => {
  const reader = frameReaderOf(call);
  if (reader.incomingEncoding === 'identity') {
    reader.incomingEncoding = unnamed;
    const decompress = reader.decompressMessage.bind(reader);
    reader.decompressMessage = (message, encoding) =>
      encoding === unnamed
        ? Promise.reject({ code: status.INTERNAL, details: 'a message is compressed, and no grpc-encoding says how' })
        : decompress(message, encoding);
  }
  return asItIs(call);
};

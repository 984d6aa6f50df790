/** SPDY's header compression: one zlib stream a direction for the whole connection, begun with a fixed dictionary. */
import { constants, createDeflate, createInflate } from 'node:zlib';
import dictionaries from 'spdy-transport/lib/spdy-transport/protocol/spdy/dictionary.js';
import { SpdyError } from './spdy-frames.ts';

const dictionary: Buffer = dictionaries[3];

/** A block of headers inflated is no larger: a bomb ends the connection. */
const maxBlockBytes = 64 * 1024;

export interface Compression {
  inflate(block: Buffer): Promise<Buffer>;
  deflate(block: Buffer): Promise<Buffer>;
  close(): void;
}

/** Blocks must be given in the order of their frames, each after the one before is done. */
export function createCompression(): Compression {
  const inflater = createInflate({ dictionary, flush: constants.Z_SYNC_FLUSH, finishFlush: constants.Z_SYNC_FLUSH });
  const deflater = createDeflate({ dictionary, flush: constants.Z_SYNC_FLUSH, finishFlush: constants.Z_SYNC_FLUSH });

  const pass = (stream: typeof inflater | typeof deflater, block: Buffer): Promise<Buffer> =>
    new Promise((resolve, reject) => {
      const parts: Buffer[] = [];
      let bytes = 0;
      const drain = (): void => {
        for (let part: Buffer | null = stream.read(); part !== null; part = stream.read()) {
          parts.push(part);
          bytes += part.length;
        }
        if (bytes > maxBlockBytes) finish(new SpdyError('a header block that inflates without end'));
      };
      const finish = (error: Error | null | undefined): void => {
        stream.off('readable', drain);
        stream.off('error', finish);
        if (error === null || error === undefined) resolve(Buffer.concat(parts));
        else {
          stream.on('error', () => {});
          stream.destroy();
          reject(error instanceof SpdyError ? error : new SpdyError(`headers that do not inflate: ${error.message}`));
        }
      };
      if (stream.destroyed) {
        reject(new SpdyError('the connection is over'));
        return;
      }
      stream.on('readable', drain);
      stream.on('error', finish);
      stream.write(block, (error) => {
        drain();
        finish(error);
      });
    });

  return {
    inflate: (block) => pass(inflater, block),
    deflate: (block) => pass(deflater, block),
    close: () => {
      inflater.destroy();
      deflater.destroy();
    },
  };
}

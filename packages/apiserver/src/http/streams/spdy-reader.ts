/** Bytes into SPDY frames, at a cost that follows the bytes: a peer may send a frame a byte at a time. */
import { type Frame, frameBytes, readFrame } from './spdy-frames.ts';

/** The frames of a byte stream. Throws SpdyError. */
export async function* framesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<Frame> {
  let held: Buffer = Buffer.alloc(0);
  let length = 0;
  let wanted = frameBytes(held);
  for await (const chunk of chunks) {
    if (length === 0) held = chunk;
    else held = append(held, length, chunk);
    length += chunk.length;
    if (length < wanted) continue;
    let rest = held.subarray(0, length);
    for (let read = readFrame(rest); read !== undefined; read = readFrame(rest)) {
      rest = read.rest;
      yield read.frame;
    }
    // What was handed out must not be written over.
    held = Buffer.from(rest);
    length = rest.length;
    wanted = frameBytes(rest);
  }
}

/** Puts more behind the first `length` bytes of `held`, in place while there is room and in twice the room when there is none. */
function append(held: Buffer, length: number, more: Buffer): Buffer {
  const all = length + more.length;
  const roomy = all <= held.length ? held : Buffer.concat([held.subarray(0, length)], Math.max(all, 2 * length));
  more.copy(roomy, length);
  return roomy;
}

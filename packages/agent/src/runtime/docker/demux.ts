/**
 * Docker's multiplexed stream: frames of an eight-byte header (channel, three zeros, big-endian length) and a payload.
 * A frame is passed on piece by piece as it arrives, so a long one is never held; the source is read only as fast as the
 * consumer takes. A header that cannot be one throws: the stream was never multiplexed.
 */
import type { OutputChunk } from '../contract.ts';

const headerBytes = 8;

export async function* demux(source: AsyncIterable<Uint8Array>): AsyncGenerator<OutputChunk, void, void> {
  const header = Buffer.alloc(headerBytes);
  let headerFilled = 0;
  let channel: OutputChunk['channel'] = 'stdout';
  let payloadLeft = 0;
  for await (const chunk of source) {
    let at = 0;
    while (at < chunk.length) {
      if (payloadLeft === 0) {
        const taken = Math.min(headerBytes - headerFilled, chunk.length - at);
        header.set(chunk.subarray(at, at + taken), headerFilled);
        headerFilled += taken;
        at += taken;
        if (headerFilled < headerBytes) break;
        ({ channel, payloadLeft } = parseHeader(header));
        headerFilled = 0;
      } else {
        const data = chunk.subarray(at, Math.min(chunk.length, at + payloadLeft));
        payloadLeft -= data.length;
        at += data.length;
        yield { channel, data };
      }
    }
  }
}

function parseHeader(header: Buffer): { channel: OutputChunk['channel']; payloadLeft: number } {
  const type = header[0] ?? 255;
  if (type > 2 || header[1] !== 0 || header[2] !== 0 || header[3] !== 0) {
    throw new Error(`not a multiplexed stream: header ${header.toString('hex')}`);
  }
  return { channel: type === 2 ? 'stderr' : 'stdout', payloadLeft: header.readUInt32BE(4) };
}

/** A terminal's stream has no frames: all of it is stdout. */
export async function* raw(source: AsyncIterable<Uint8Array>): AsyncGenerator<OutputChunk, void, void> {
  for await (const data of source) yield { channel: 'stdout', data };
}

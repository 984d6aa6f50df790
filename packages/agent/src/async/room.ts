/** Back-pressure of a byte stream as a promise. */
import type { Writable } from 'node:stream';

/** Resolves when the stream takes more, or is gone. Call it after a `write` that answered false. */
export function roomIn(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || !stream.writableNeedDrain) return resolve();
    const settle = (): void => {
      stream.off('drain', settle);
      stream.off('close', settle);
      resolve();
    };
    stream.on('drain', settle);
    stream.on('close', settle);
  });
}

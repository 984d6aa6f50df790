import fc from 'fast-check';
import { expect, test } from 'vitest';
import { dataFrame, type Frame, pingFrame, readFrame, rstFrame } from './spdy-frames.ts';
import { framesOf } from './spdy-reader.ts';

async function* cut(bytes: Buffer, lengths: readonly number[]): AsyncGenerator<Buffer> {
  let at = 0;
  for (let i = 0; at < bytes.length; i++) {
    const length = lengths[i % lengths.length] ?? 1;
    yield Buffer.from(bytes.subarray(at, at + length));
    at += length;
  }
}

const frames = fc.array(
  fc.oneof(
    fc.integer({ min: 1, max: 1000 }).map(pingFrame),
    fc.integer({ min: 1, max: 1000 }).map(rstFrame),
    fc.uint8Array({ maxLength: 100 }).map((data) => dataFrame(7, data, false)),
  ),
);

test('frames are read the same however they are cut', async () => {
  await fc.assert(
    fc.asyncProperty(frames, fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }), async (written, lengths) => {
      // All are kept until the end: none may change when more comes.
      const read = await Array.fromAsync(framesOf(cut(Buffer.concat(written), lengths)));
      expect(read).toEqual(written.map((bytes): Frame | undefined => readFrame(bytes)?.frame));
    }),
  );
});

test('a large frame that comes in single bytes is copied a few times', async () => {
  const frame = dataFrame(7, Buffer.alloc(100_000, 1), false);
  const copied = { bytes: 0 };
  const { concat } = Buffer;
  Buffer.concat = (list, length) => {
    copied.bytes += length ?? 0;
    return concat(list, length);
  };
  const read = await Array.fromAsync(framesOf(cut(frame, [1]))).finally(() => (Buffer.concat = concat));
  expect(read).toHaveLength(1);
  expect(copied.bytes).toBeLessThan(4 * frame.length);
});

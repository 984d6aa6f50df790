import { deflateSync, gzipSync } from 'node:zlib';
import { status } from '@grpc/grpc-js';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { framed, isFault, messageIn, payloadOf } from './messages.ts';

const limit = 1000;
const bytes = fc.uint8Array({ maxLength: limit }).map((array) => Buffer.from(array));

it('a message comes out of its frame as it went in', () => {
  fc.assert(
    fc.property(bytes, (message) => {
      expect(messageIn(framed(message), limit)).toEqual({ isCompressed: false, bytes: message });
    }),
  );
});

it('a request of any bytes is one message or a fault, and every part of a message is a fault', () => {
  fc.assert(
    fc.property(bytes, fc.nat(), (message, cut) => {
      const whole = framed(message);
      expect(isFault(messageIn(whole.subarray(0, cut % whole.length), limit))).toBe(true);
      const found = messageIn(message, limit);
      if (!isFault(found)) expect(found.bytes.length).toBe(message.length - 5);
    }),
  );
});

it.each<[string, Buffer, status]>([
  ['nothing', Buffer.alloc(0), status.UNIMPLEMENTED],
  ['two messages', Buffer.concat([framed(Buffer.alloc(3)), framed(Buffer.alloc(3))]), status.UNIMPLEMENTED],
  ['half a head', Buffer.from([0, 0]), status.INTERNAL],
  ['a message cut short', framed(Buffer.alloc(3)).subarray(0, -1), status.INTERNAL],
  ['a length above the limit', Buffer.from([0, 0xff, 0xff, 0xff, 0xff, 0]), status.RESOURCE_EXHAUSTED],
  ['a message above the limit', framed(Buffer.alloc(limit + 1)), status.RESOURCE_EXHAUSTED],
])('%s is refused', (_, body, code) => {
  expect(messageIn(body, limit)).toMatchObject({ code });
});

it('a compressed message is inflated up to the limit', async () => {
  const inflate = (packed: Buffer, encoding: string | undefined) =>
    payloadOf({ isCompressed: true, bytes: packed }, encoding, limit);
  const text = Buffer.from('a'.repeat(limit));
  expect(await inflate(gzipSync(text), 'gzip')).toEqual(text);
  expect(await inflate(deflateSync(text), 'deflate')).toEqual(text);
  const long = gzipSync(Buffer.alloc(limit + 1));
  expect(await inflate(long, 'gzip')).toMatchObject({ code: status.RESOURCE_EXHAUSTED });
  expect(await inflate(text, 'gzip')).toMatchObject({ code: status.INTERNAL });
  expect(await inflate(text, 'br')).toMatchObject({ code: status.UNIMPLEMENTED });
  expect(await inflate(text, undefined)).toMatchObject({ code: status.INTERNAL });
});

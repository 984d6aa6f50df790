import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Image } from '../runtime/contract.ts';
import { bytesOverMark, imagesToRemove, lookAtImages } from './images.ts';

const image = (id: string, sizeBytes = 100): Image => ({ id, tags: [`${id}:1`], digests: [], sizeBytes, user: '' });
const [a, b, c] = [image('a'), image('b'), image('c')];
const ids = (images: readonly Image[]): string[] => images.map(({ id }) => id);
const minuteMs = 60_000;

test('what was used longest ago goes first, until enough is freed', () => {
  let records = lookAtImages(undefined, [a, b, c], new Set(['a']), minuteMs);
  records = lookAtImages(records, [a, b, c], new Set(['b']), 2 * minuteMs);
  const remove = (bytes: number) => ids(imagesToRemove([a, b, c], records, new Set(), bytes, 10 * minuteMs));
  expect(remove(0)).toEqual([]);
  expect(remove(1)).toEqual(['c']);
  expect(remove(101)).toEqual(['c', 'a']);
  expect(remove(Number.POSITIVE_INFINITY)).toEqual(['c', 'a', 'b']);
});

test('what is in use stays, and what came less than two minutes ago', () => {
  const first = lookAtImages(undefined, [a], new Set(), 0);
  const records = lookAtImages(first, [a, b, c], new Set(), minuteMs);
  const remove = (inUse: string[], nowMs: number) =>
    ids(imagesToRemove([a, b, c], records, new Set(inUse), 1e9, nowMs));
  expect(remove([], 2 * minuteMs)).toEqual(['a']);
  expect(remove(['b'], 3 * minuteMs)).toEqual(['a', 'c']);
});

test('images that are gone are forgotten', () => {
  const records = lookAtImages(lookAtImages(undefined, [a, b], new Set(), 0), [b], new Set(), 1);
  expect([...records.keys()]).toEqual(['b']);
});

test('water marks: nothing below the high one, then down to the low one', () => {
  const marks = { high: 0.85, low: 0.8 };
  expect(bytesOverMark({ bytes: 1000, availableBytes: 151 }, marks)).toBe(0);
  expect(bytesOverMark({ bytes: 1000, availableBytes: 150 }, marks)).toBe(50);
  expect(bytesOverMark({ bytes: 1000, availableBytes: 0 }, { high: 1, low: 0.8 })).toBe(0);
  expect(bytesOverMark({ bytes: 0, availableBytes: 0 }, marks)).toBe(0);
});

test('no more is removed than is needed, and never what is in use', () => {
  const some = fc.array(fc.tuple(fc.nat(1000), fc.boolean()), { maxLength: 12 });
  fc.assert(
    fc.property(some, fc.nat(5000), (shapes, bytes) => {
      const images = shapes.map(([size], index) => image(String(index), size));
      const inUse = new Set(shapes.flatMap(([, used], index) => (used ? [String(index)] : [])));
      const removed = imagesToRemove(images, lookAtImages(undefined, images, inUse, 0), inUse, bytes, minuteMs * 10);
      expect(removed.some(({ id }) => inUse.has(id))).toBe(false);
      const freedBeforeLast = removed.slice(0, -1).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
      if (removed.length > 0) expect(freedBeforeLast).toBeLessThan(bytes);
    }),
  );
});

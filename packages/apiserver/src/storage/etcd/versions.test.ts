import fc from 'fast-check';
import { expect, test } from 'vitest';
import { guardOf, noRevision, revisionOf, slotOf, startOf, topOf, versionOf } from './versions.ts';

const revisions = fc.bigInt({ min: 1n, max: 2n ** 51n - 1n });
const keys = fc.string({ unit: 'grapheme' });

test('a version tells its revision, and is one of no other revision', () => {
  fc.assert(
    fc.property(keys, revisions, (key, revision) => {
      const version = versionOf(key, revision);
      expect(revisionOf(version)).toBe(revision);
      expect(version).toBeGreaterThan(topOf(revision - 1n));
      expect(version).toBeLessThanOrEqual(topOf(revision));
      expect(version).toBeLessThan(2n ** 63n);
    }),
  );
});

test('a guard is the mod revision for the key own versions and impossible for any other', () => {
  expect(guardOf('/registry/a', 0n)).toBe(0n);
  fc.assert(
    fc.property(keys, revisions, fc.bigInt({ min: 1n, max: 4095n }), (key, revision, off) => {
      expect(guardOf(key, versionOf(key, revision))).toBe(revision);
      const other = (revision << 12n) | ((BigInt(slotOf(key)) + off) % 4096n);
      expect(guardOf(key, other)).toBe(noRevision);
    }),
  );
});

test('a watch starts at the last revision that was seen whole, never in the future', () => {
  expect(startOf(0n)).toBe(1n);
  expect(startOf(topOf(7n))).toBe(7n);
  expect(startOf(7n << 12n)).toBe(6n);
  expect(startOf(topOf(7n) - 1n)).toBe(6n);
});

test('slots never change: stored versions depend on them', () => {
  expect(
    ['/registry/core/pods/default/a', '/registry/apps/deployments/default/web', ''].map(slotOf),
  ).toMatchInlineSnapshot(`
    [
      3217,
      2236,
      2377,
    ]
  `);
});

test('names that differ by a number spread over the slots', () => {
  const slots = new Set(Array.from({ length: 1000 }, (_, index) => slotOf(`/registry/core/pods/default/pod-${index}`)));
  // Of 1000 random throws into 4096 slots about 887 are different.
  expect(slots.size).toBeGreaterThan(800);
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareKeys } from './order.ts';

test('keys order as their bytes do', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (a, b) => {
      expect(Math.sign(compareKeys(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
    }),
  );
});

test.each([
  ['10', '9'],
  ['9', 'b'],
  ['a', 'ab'],
  ['Z', 'a'],
  ['\uffee', '\u{1f600}'],
])('%s before %s', (first, second) => {
  expect(compareKeys(first, second)).toBeLessThan(0);
  expect(compareKeys(second, first)).toBeGreaterThan(0);
  expect(compareKeys(first, first)).toBe(0);
});

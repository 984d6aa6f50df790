import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatIndexes, parseIndexes } from './indexes.ts';

test.each([
  ['', []],
  ['1,3-5,7', [1, 3, 4, 5, 7]],
  ['0-2', [0, 1, 2]],
  ['4,5', [4, 5]],
  ['x,2,-1,9-', [2]],
])('%s', (text, indexes) => expect([...parseIndexes(text, 100)]).toEqual(indexes));

test('indexes beyond the limit are none, however many are written', () => {
  expect([...parseIndexes('1-999999999', 3)]).toEqual([1, 2]);
});

test('what is written is read back', () => {
  expect(formatIndexes([7, 1, 5, 3, 4])).toBe('1,3-5,7');
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(200)), (indexes) => {
      expect([...parseIndexes(formatIndexes(indexes), 201)]).toEqual([...indexes].sort((a, b) => a - b));
    }),
  );
});

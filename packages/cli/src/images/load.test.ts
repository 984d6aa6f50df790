import fc from 'fast-check';
import { expect, test } from 'vitest';
import { presentLayers } from './load.ts';

test.each([
  [['a', 'b'], [], 0],
  [['a', 'b'], [['a']], 1],
  [['a', 'b'], [['a', 'b', 'c']], 2],
  [['a', 'b'], [['b', 'a']], 0],
  [['a', 'b', 'c'], [['a'], ['a', 'b', 'x'], ['c']], 2],
  [['a', 'b'], [['a'], ['x', 'b']], 1],
  [[], [['a']], 0],
])('of %j an engine with %j holds %i', (wanted, held, count) => {
  expect(presentLayers(wanted, held)).toBe(count);
});

test('what counts as present is a beginning of some image, and no longer one is', () => {
  const layers = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 5 });
  fc.assert(
    fc.property(layers, fc.array(layers, { maxLength: 5 }), (wanted, held) => {
      const count = presentLayers(wanted, held);
      const begins = (length: number): boolean =>
        held.some(
          (one) => one.length >= length && wanted.slice(0, length).every((layer, index) => one[index] === layer),
        );
      return (count === 0 || begins(count)) && (count === wanted.length || !begins(count + 1));
    }),
  );
});

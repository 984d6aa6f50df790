import fc from 'fast-check';
import { expect, test } from 'vitest';
import { boundedTimeout } from './timeout.ts';

test.each<[string, string | undefined]>([
  ['1S', '1S'],
  ['0n', '0n'],
  ['99999999m', '99999999m'],
  ['596H', '596H'],
  ['597H', '596H'],
  ['99999999H', '596H'],
  ['35760M', '35760M'],
  ['35761M', '596H'],
  ['99999999S', '596H'],
  ['-1S', undefined],
  ['1234567890123S', undefined],
  ['1 S', undefined],
  ['1s', undefined],
  ['S', undefined],
  ['', undefined],
  ['1S, 2S', undefined],
  ['x1S', undefined],
])('H-219 %j is %j', (value, expected) => expect(boundedTimeout(value)).toBe(expected));

test('H-219 whatever is sent, nothing longer than a timer can wait comes of it', () => {
  const units = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 0.001, n: 0.000_001 };
  fc.assert(
    fc.property(fc.nat(99_999_999), fc.constantFrom(...(Object.keys(units) as (keyof typeof units)[])), (n, unit) => {
      const bounded = boundedTimeout(`${n}${unit}`) ?? '';
      const ms = Number(bounded.slice(0, -1)) * units[bounded.at(-1) as keyof typeof units];
      expect(ms).toBeLessThan(2 ** 31);
      expect(ms).toBeLessThanOrEqual(n * units[unit]);
    }),
  );
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nextRange } from './decide.ts';

test.each([
  ['10.244.0.0/16', 24, [], '10.244.0.0/24'],
  ['10.244.0.0/16', 24, ['10.244.0.0/24', '10.244.2.0/24'], '10.244.1.0/24'],
  ['10.244.3.7/16', 24, [], '10.244.0.0/24'],
  ['10.244.0.0/16', 24, ['10.244.0.0/22'], '10.244.4.0/24'],
  ['10.244.0.0/16', 24, ['10.244.0.128/25', 'nonsense', '192.168.0.0/24'], '10.244.1.0/24'],
  ['10.0.0.0/23', 24, ['10.0.0.0/24', '10.0.1.0/24'], undefined],
  ['10.0.0.0/25', 24, [], undefined],
  ['nonsense', 24, [], undefined],
])('%s /%i without %j: %s', (cluster, mask, taken, range) => expect(nextRange(cluster, mask, taken)).toBe(range));

test('a cluster is given out whole, without a range twice', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 6 }), (bits) => {
      const given: string[] = [];
      for (
        let next = nextRange('10.0.0.0/16', 16 + bits, given);
        next !== undefined;
        next = nextRange('10.0.0.0/16', 16 + bits, given)
      )
        given.push(next);
      expect(new Set(given).size).toBe(2 ** bits);
    }),
  );
});

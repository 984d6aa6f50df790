import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareKeys } from '../storage/order.ts';
import { Ordered } from './ordered.ts';

const inOrder = (keys: Iterable<string>): string[] => [...keys].sort(compareKeys);

test('whatever comes and goes, values are in the order of their keys', () => {
  // Many enough for some chunks.
  const step = fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 4000 }), fc.integer({ min: 1, max: 600 }));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), fc.constantFrom(1, 7, 1999), (steps, stride) => {
      const ordered = new Ordered<{ readonly key: string }>();
      const held = new Set<string>();
      for (const [comes, start, count] of steps) {
        for (let i = 0; i < count; i++) {
          const key = `k${(start + i * stride) % 4001}`;
          if (comes && !held.has(key)) ordered.add({ key });
          if (!comes) ordered.remove(key);
          if (comes) held.add(key);
          else held.delete(key);
        }
        expect(ordered.values().map(({ key }) => key)).toEqual(inOrder(held));
      }
    }),
    { numRuns: 100 },
  );
});

import { calmHabits } from '@skiff/agent/sim';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Fleet, shares } from './shares.ts';

const fleet = (first: number, count: number): Fleet => ({
  ...{ first, count, prefix: 'sim', endpoints: [], ca: '', token: '', labels: {}, taints: [] },
  ...{ maxPods: 110, seed: 1, habits: calmHabits },
});

test('every node is in one part, and parts differ by one node at most', () => {
  fc.assert(
    fc.property(
      fc.nat(100),
      fc.integer({ min: 1, max: 500 }),
      fc.integer({ min: 1, max: 20 }),
      (first, count, processes) => {
        const parts = shares(fleet(first, count), processes);
        const nodes = parts.flatMap((part) => Array.from({ length: part.count }, (_, index) => part.first + index));
        expect(nodes).toEqual(Array.from({ length: count }, (_, index) => first + index));
        const sizes = parts.map((part) => part.count);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      },
    ),
  );
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allocate, type Class } from './allocate.ts';

const sum = (numbers: readonly number[]): number => numbers.reduce((all, each) => all + each, 0);

describe('allocate', () => {
  it.each<[string, number, Class[], number[]]>([
    ['nothing to nobody', 10, [], []],
    [
      'in proportion',
      90,
      [
        { target: 1, lower: 0, upper: 100 },
        { target: 2, lower: 0, upper: 100 },
      ],
      [30, 60],
    ],
    [
      'no class below its bound',
      30,
      [
        { target: 1, lower: 20, upper: 50 },
        { target: 9, lower: 0, upper: 50 },
      ],
      [20, 10],
    ],
    [
      'no class above its bound',
      30,
      [
        { target: 9, lower: 0, upper: 12 },
        { target: 1, lower: 0, upper: 50 },
      ],
      [12, 18],
    ],
    [
      'lower bounds though there is less',
      10,
      [
        { target: 8, lower: 8, upper: 9 },
        { target: 7, lower: 7, upper: 9 },
      ],
      [8, 7],
    ],
    [
      'upper bounds when there is more',
      99,
      [
        { target: 1, lower: 0, upper: 5 },
        { target: 0, lower: 0, upper: 6 },
      ],
      [5, 6],
    ],
  ])('%s', (_what, total, classes, expected) => {
    const got = allocate(total, classes).map((each) => Math.round(each * 1000) / 1000);
    expect(got).toEqual(expected);
  });

  it('gives all there is, within the bounds, in one proportion', () => {
    const some = fc
      .record({ lower: fc.nat(50), more: fc.nat(50), wide: fc.nat(100) })
      .map(({ lower, more, wide }): Class => ({ lower, target: lower + more, upper: lower + wide }));
    fc.assert(
      fc.property(
        fc.array(some, { minLength: 1, maxLength: 8 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (classes, at) => {
          const low = sum(classes.map(({ lower }) => lower));
          const high = sum(classes.map(({ upper }) => upper));
          const total = low + (high - low) * at;
          const got = allocate(total, classes);
          expect(sum(got)).toBeCloseTo(total, 4);
          const free = classes.flatMap(({ target, lower, upper }, index) => {
            const share = got[index] ?? 0;
            expect(share).toBeGreaterThanOrEqual(lower - 1e-6);
            expect(share).toBeLessThanOrEqual(upper + 1e-6);
            return target >= 1 && share > lower + 1e-6 && share < upper - 1e-6 ? [share / target] : [];
          });
          for (const proportion of free) expect(proportion).toBeCloseTo(free[0] ?? 0, 4);
        },
      ),
    );
  });
});

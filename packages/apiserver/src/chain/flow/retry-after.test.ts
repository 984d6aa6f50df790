import { expect, it } from 'vitest';
import { createRetryAfter } from './retry-after.ts';

/** What is told in each second, when so many are refused in it. */
function told(refused: readonly number[]): number[] {
  const retryAfter = createRetryAfter();
  return refused.flatMap((count, second) => {
    const answers = Array.from({ length: count }, () => retryAfter.refused((1000 + second) * 1000));
    return answers.slice(-1);
  });
}

it('is a second, and doubles up to 32 while many are refused', () => {
  expect(told([1, 0, 1, 1, 1])).toEqual([1, 1, 1, 1]);
  const long = told(Array.from({ length: 100 }, () => 40));
  expect(long.slice(0, 4)).toEqual([1, 2, 2, 4]);
  expect(Math.max(...long)).toBe(32);
});

it('comes down a second at a time when few are', () => {
  const calm = told([
    ...Array.from({ length: 10 }, () => 40),
    ...Array.from({ length: 90 }, (_, at) => (at % 3 === 0 ? 1 : 0)),
  ]);
  expect(Math.max(...calm)).toBeGreaterThan(4);
  expect(calm.at(-1)).toBeLessThan(3);
});

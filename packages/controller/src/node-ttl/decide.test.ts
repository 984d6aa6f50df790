import { expect, test } from 'vitest';
import { nextStep, secondsOf } from './decide.ts';

test.each([
  [0, 1, 0],
  [0, 100, 0],
  [0, 101, 15],
  [1, 90, 15],
  [1, 89, 0],
  [0, 501, 30],
  [2, 1001, 60],
  [3, 900, 60],
  [0, 50_000, 300],
  [4, 1800, 300],
  [4, 1799, 60],
  [4, 3, 0],
])('from step %i with %i nodes: %i s', (step, nodes, seconds) => {
  expect(secondsOf(nextStep(step, nodes))).toBe(seconds);
});

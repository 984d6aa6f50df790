import { expect, test } from 'vitest';
import { type Connecting, hangs, lookAtConnect } from './channel.ts';

/** Looks at these moments, connecting all along. */
const looks = (...momentsMs: number[]): boolean => {
  let connecting: Connecting = { sinceMs: undefined, lookedMs: 0 };
  for (const nowMs of momentsMs) connecting = lookAtConnect(connecting, true, nowMs);
  return hangs(connecting);
};

test('a connect that is under way for five seconds hangs', () => {
  expect(looks(1000, 2000, 3000, 4000)).toBe(false);
  expect(looks(1000, 2000, 3000, 4000, 5000)).toBe(true);
});

test('a process that stood still gives the connect its whole time again', () => {
  expect(looks(1000, 2000, 20_000)).toBe(false);
  expect(looks(1000, 16_000, 31_000, 46_000)).toBe(false);
  expect(looks(1000, 16_000, 17_000, 18_000, 19_000, 20_000)).toBe(true);
});

test('a connect that ended is forgotten', () => {
  const ended = lookAtConnect({ sinceMs: 1000, lookedMs: 4000 }, false, 5000);
  expect(hangs(lookAtConnect(ended, true, 6000))).toBe(false);
});

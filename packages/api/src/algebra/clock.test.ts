import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { realClock } from './clock.ts';

beforeEach(() => {
  vi.useFakeTimers({ now: 1000 });
});
afterEach(() => {
  vi.useRealTimers();
});

const day = 24 * 60 * 60 * 1000;

test('a timer of 60 days fires after 60 days and not before', () => {
  const run = vi.fn();
  realClock.after(60 * day, run);
  vi.advanceTimersByTime(60 * day - 1);
  expect(run).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(run).toHaveBeenCalledTimes(1);
});

test('a long timer that was cancelled in its second leg never fires', () => {
  const run = vi.fn();
  const timer = realClock.after(60 * day, run);
  vi.advanceTimersByTime(30 * day);
  timer.cancel();
  timer.cancel();
  vi.advanceTimersByTime(60 * day);
  expect(run).not.toHaveBeenCalled();
});

test('sleep resolves, or rejects with the reason of its signal', async () => {
  const slept = realClock.sleep(500);
  vi.advanceTimersByTime(500);
  await expect(slept).resolves.toBeUndefined();
  const abort = new AbortController();
  const cut = realClock.sleep(500, abort.signal);
  abort.abort(new Error('stopping'));
  await expect(cut).rejects.toThrow('stopping');
  await expect(realClock.sleep(1, abort.signal)).rejects.toThrow('stopping');
  expect(vi.getTimerCount()).toBe(0);
});

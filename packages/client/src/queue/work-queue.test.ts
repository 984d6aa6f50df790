import { realClock } from '@skiff/api';
import fc from 'fast-check';
import { afterEach, expect, test, vi } from 'vitest';
import { createSeededRandom, createStepClock, settle } from '../testing/index.ts';
import { createWorkQueue } from './work-queue.ts';

afterEach(() => {
  vi.useRealTimers();
});

const setup = (options: { baseDelayMs?: number; maxDelayMs?: number } = {}) => {
  const clock = createStepClock(0);
  return { clock, queue: createWorkQueue({ clock, random: createSeededRandom(), ...options }) };
};

test('keys come in the order they were added, repeats fold together', async () => {
  const { queue } = setup();
  for (const key of ['a', 'b', 'a', 'c', 'b']) queue.add(key);
  expect(queue.length).toBe(3);
  expect([await queue.next(), await queue.next(), await queue.next()]).toEqual(['a', 'b', 'c']);
});

test('a key added while it is worked on comes back once, after it is done', async () => {
  const { queue } = setup();
  queue.add('a');
  await queue.next();
  queue.add('a');
  queue.add('a');
  expect(queue.length).toBe(0);
  queue.done('a');
  expect(queue.length).toBe(1);
  expect(await queue.next()).toBe('a');
  queue.done('a');
  expect(queue.length).toBe(0);
});

test('one who waits gets the key that comes, and undefined when the queue shuts down', async () => {
  const { queue, clock } = setup();
  const [first, second] = [queue.next(), queue.next()];
  queue.add('a');
  expect(await first).toBe('a');
  queue.add('a');
  queue.addAfter('b', 1000);
  queue.shutDown();
  expect(await second).toBeUndefined();
  queue.done('a');
  queue.add('c');
  queue.addAfter('c', 1);
  queue.addRateLimited('c');
  expect(await queue.next()).toBeUndefined();
  expect(queue.length).toBe(0);
  expect(clock.pending).toBe(0);
});

test('of several delays the earliest counts', async () => {
  const { queue, clock } = setup();
  queue.addAfter('a', 1000);
  queue.addAfter('a', 500);
  queue.addAfter('a', 2000);
  queue.addAfter('now', 0);
  expect(await queue.next()).toBe('now');
  clock.step(499);
  expect(queue.length).toBe(0);
  clock.step(1);
  expect(await queue.next()).toBe('a');
  queue.done('a');
  clock.step(10_000);
  expect(queue.length).toBe(0);
});

test('retries wait twice as long each time, up to the most, until forgotten', () => {
  const { queue, clock } = setup({ baseDelayMs: 10, maxDelayMs: 1000 });
  const waits: number[] = [];
  for (let turn = 0; turn < 10; turn += 1) {
    queue.addRateLimited('a');
    const fromMs = clock.now();
    while (queue.length === 0) clock.step(1);
    waits.push(clock.now() - fromMs);
    void queue.next();
    queue.done('a');
  }
  for (const [index, wait] of waits.entries()) {
    const least = Math.min(10 * 2 ** index, 1000);
    expect(wait).toBeGreaterThanOrEqual(least);
    expect(wait).toBeLessThanOrEqual(least * 1.1 + 1);
  }
  expect(queue.retries('a')).toBe(10);
  queue.forget('a');
  expect(queue.retries('a')).toBe(0);
});

test('a thousand failures in a row make no delay that is not a number', () => {
  const { queue, clock } = setup();
  for (let turn = 0; turn < 1100; turn += 1) queue.addRateLimited('a');
  clock.step(1_100_000);
  expect(queue.length).toBe(1);
});

test('a delay of sixty days lasts sixty days on a real clock', () => {
  vi.useFakeTimers({ now: 0 });
  const queue = createWorkQueue({ clock: realClock, random: createSeededRandom() });
  const day = 24 * 60 * 60 * 1000;
  queue.addAfter('certificate', 60 * day);
  vi.advanceTimersByTime(60 * day - 1);
  expect(queue.length).toBe(0);
  vi.advanceTimersByTime(1);
  expect(queue.length).toBe(1);
});

test('several workers: no key is with two at once, and work after the last add is never missed', async () => {
  const add = fc.record({
    key: fc.constantFrom('a', 'b', 'c', 'd'),
    how: fc.constantFrom('add', 'addAfter', 'addRateLimited'),
  });
  const act = fc.record({ adds: fc.array(add, { maxLength: 5 }), stepMs: fc.nat(50) });
  await fc.assert(
    fc.asyncProperty(fc.array(act, { maxLength: 30 }), fc.integer(), async (acts, seed) => {
      const clock = createStepClock(0);
      const random = createSeededRandom(seed);
      const queue = createWorkQueue({ clock, random });
      const working = new Set<string>();
      const wantedAt = new Map<string, number>();
      const begunAt = new Map<string, number>();
      let turn = 0;
      const worker = async (): Promise<void> => {
        for (let key = await queue.next(); key !== undefined; key = await queue.next()) {
          expect(working.has(key)).toBe(false);
          working.add(key);
          begunAt.set(key, ++turn);
          await clock.sleep(random() * 40);
          working.delete(key);
          queue.done(key);
        }
      };
      const workers = [worker(), worker(), worker()];
      for (const { adds, stepMs } of acts) {
        for (const { key, how } of adds) {
          wantedAt.set(key, ++turn);
          if (how === 'add') queue.add(key);
          else if (how === 'addAfter') queue.addAfter(key, 30);
          else queue.addRateLimited(key);
        }
        await clock.advance(stepMs);
      }
      await clock.advance(10_000_000);
      for (const [key, at] of wantedAt) expect(begunAt.get(key)).toBeGreaterThan(at);
      queue.shutDown();
      await settle();
      await Promise.all(workers);
    }),
    { numRuns: 100 },
  );
});

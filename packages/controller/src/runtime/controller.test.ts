import { ApiError } from '@skiff/api';
import { createSeededRandom, createStepClock, settle, silentLogger } from '@skiff/client/testing';
import { expect, test } from 'vitest';
import { type Controller, runController } from './controller.ts';
import { Expectations } from './expectations.ts';
import { inSlowStartBatches } from './slow-start.ts';

function run(reconcile: Controller['reconcile']) {
  const clock = createStepClock();
  const stopping = new AbortController();
  let add: (key: string) => void = () => undefined;
  const ended = runController(
    {
      name: 'test',
      watch: (enqueue) => {
        add = enqueue;
        return () => undefined;
      },
      reconcile,
    },
    { clock, random: createSeededRandom(), logger: silentLogger },
    stopping.signal,
  );
  const stop = (): Promise<void> => {
    stopping.abort();
    return ended;
  };
  return { clock, add: (key: string) => add(key), stop };
}

test('what fails comes back later and later, what asks for a time comes back then, what is done does not', async () => {
  const times: number[] = [];
  const outcomes = ['fail', 'fail', 'again', 'done'];
  const it = run(async () => {
    times.push(it.clock.now());
    const outcome = outcomes.shift();
    if (outcome === 'fail') throw new ApiError('ServiceUnavailable', 'not now');
    return outcome === 'again' ? { afterMs: 5000 } : undefined;
  });
  it.add('a');
  await it.clock.advance(60_000);
  const [first = 0, second = 0, third = 0, fourth = 0] = times;
  expect(times).toHaveLength(4);
  expect(third - second).toBeGreaterThan(second - first);
  expect(fourth - third).toBe(5000);
  await it.stop();
  expect(it.clock.pending).toBe(0);
});

test('one key is worked on once at a time; stopping waits for the work', async () => {
  let working = 0;
  let most = 0;
  const gate = Promise.withResolvers<void>();
  const it = run(async () => {
    working += 1;
    most = Math.max(most, working);
    await gate.promise;
    working -= 1;
    return undefined;
  });
  it.add('a');
  await settle();
  it.add('a');
  const stopped = it.stop();
  await settle();
  expect(working).toBe(1);
  gate.resolve();
  await stopped;
  expect([working, most]).toEqual([0, 1]);
});

test('expectations are settled by what is seen, at the version that was written, or after five minutes', () => {
  const clock = createStepClock();
  const expectations = new Expectations(clock);
  expectations.expect('k', 'create:a');
  expectations.expect('k', 'b', '7');
  expectations.settle('k', 'create:a');
  expectations.settle('k', 'b', '6');
  expect(expectations.settled('k')).toBe(false);
  expectations.settle('k', 'b', '7');
  expect(expectations.settled('k')).toBe(true);
  expectations.expect('k', 'create:lost');
  clock.step(5 * 60_000);
  expect(expectations.settled('k')).toBe(true);
  expectations.expect('k', 'create:c');
  expectations.forget('k');
  expect(expectations.settled('k')).toBe(true);
});

test('batches double while all goes well, and end with the first that fails', async () => {
  let running = 0;
  const sizes: number[] = [];
  await inSlowStartBatches(10, async () => {
    running += 1;
    await settle();
    if (running > 0) sizes.push(running);
    running = 0;
  });
  expect(sizes).toEqual([1, 2, 4, 3]);
  let calls = 0;
  const failing = inSlowStartBatches(10, async () => {
    calls += 1;
    throw new Error(`no ${calls}`);
  });
  await expect(failing).rejects.toThrow('no 1');
  expect(calls).toBe(1);
});

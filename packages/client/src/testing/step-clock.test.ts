import { expect, test } from 'vitest';
import { createStepClock } from './step-clock.ts';

test('timers run in order of their time, at their time, and not after they are cancelled', () => {
  const clock = createStepClock(1000);
  const ran: string[] = [];
  clock.after(20, () => ran.push(`b at ${clock.now()}`));
  clock.after(10, () => {
    ran.push(`a at ${clock.now()}`);
    clock.after(5, () => ran.push(`c at ${clock.now()}`));
  });
  clock.after(12, () => ran.push('never')).cancel();
  clock.step(30);
  expect(ran).toEqual(['a at 1010', 'c at 1015', 'b at 1020']);
  expect(clock.now()).toBe(1030);
  expect(clock.pending).toBe(0);
});

test('advance lets what a timer woke set timers of its own', async () => {
  const clock = createStepClock(0);
  const times: number[] = [];
  const loop = async (): Promise<void> => {
    for (let turn = 0; turn < 3; turn += 1) {
      await clock.sleep(10);
      times.push(clock.now());
    }
  };
  const ended = loop();
  await clock.advance(30);
  await ended;
  expect(times).toEqual([10, 20, 30]);
});

test('sleep rejects with the reason of its signal, and leaves no timer', async () => {
  const clock = createStepClock();
  const abort = new AbortController();
  const slept = clock.sleep(10, abort.signal);
  abort.abort(new Error('stopping'));
  await expect(slept).rejects.toThrow('stopping');
  await expect(clock.sleep(10, abort.signal)).rejects.toThrow('stopping');
  expect(clock.pending).toBe(0);
});

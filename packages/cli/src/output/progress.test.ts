import { createStepClock } from '@skiff/client/testing';
import { expect, test } from 'vitest';
import { createProgress } from './progress.ts';

test('a step tells whether it changed anything, and how long it took', async () => {
  const clock = createStepClock();
  const lines: string[] = [];
  const progress = createProgress(clock, (line) => lines.push(line));
  await progress.step('etcd', async () => {
    clock.step(1540);
    return true;
  });
  await progress.step('certificates', async () => false);
  expect(lines).toEqual(['  ✓ etcd (1.5 s)', '  · certificates: nothing to do']);
  expect(progress.changes).toBe(1);
});

test('a step that fails is shown, and its error goes on', async () => {
  const lines: string[] = [];
  const progress = createProgress(createStepClock(), (line) => lines.push(line));
  await expect(progress.step('etcd', () => Promise.reject(new Error('no room')))).rejects.toThrow('no room');
  expect(lines).toEqual(['  ✗ etcd']);
});

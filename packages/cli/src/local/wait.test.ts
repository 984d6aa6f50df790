import { createStepClock } from '@skiff/client/testing';
import { expect, test } from 'vitest';
import { waitFor } from './wait.ts';

test('ends as soon as the answer is undefined', async () => {
  const clock = createStepClock();
  const answers = ['not yet', 'not yet', undefined];
  const done = waitFor(async () => answers.shift(), { clock, timeoutMs: 1000, what: 'a thing' });
  await clock.advance(100);
  await done;
  expect(answers).toEqual([]);
});

test('a time-out tells what was awaited and what was seen last; an exception counts as an answer', async () => {
  const clock = createStepClock();
  const ask = (): Promise<string> => Promise.reject(new Error('connection refused'));
  const failed = expect(waitFor(ask, { clock, timeoutMs: 2000, what: 'etcd ready' })).rejects.toThrow(
    'timed out after 2 s: etcd ready: connection refused',
  );
  await clock.advance(2100);
  await failed;
});

test('what has become hopeless is not waited for', async () => {
  const clock = createStepClock();
  const giveUpIf = async (): Promise<string> => 'it ended';
  await expect(waitFor(async () => 'no', { clock, timeoutMs: 60_000, what: 'etcd ready', giveUpIf })).rejects.toThrow(
    'etcd ready: it ended',
  );
});

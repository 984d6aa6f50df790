import { createStepClock, settle, silentLogger } from '@skiff/client/testing';
import { describe, expect, test } from 'vitest';
import { retry } from './retry.ts';
import { together } from './together.ts';

describe('retry', () => {
  test('goes on until it works, ever more slowly', async () => {
    const clock = createStepClock();
    const startMs = clock.now();
    const triedAt: number[] = [];
    const work = async (): Promise<string> => {
      triedAt.push(clock.now() - startMs);
      if (triedAt.length < 4) throw new Error('not yet');
      return 'done';
    };
    const result = retry('it', work, { clock, logger: silentLogger }, new AbortController().signal);
    await clock.advance(10_000);
    expect(await result).toBe('done');
    expect(triedAt).toEqual([0, 200, 600, 1400]);
  });

  test('a final failure and an abort end it', async () => {
    const clock = createStepClock();
    const deps = { clock, logger: silentLogger };
    const fail = () => Promise.reject(new Error('no'));
    await expect(retry('it', fail, deps, new AbortController().signal, () => true)).rejects.toThrow('no');
    const ending = new AbortController();
    const result = retry('it', fail, deps, ending.signal);
    await settle();
    ending.abort(new Error('ended'));
    await expect(result).rejects.toThrow('ended');
    expect(clock.pending).toBe(0);
  });
});

describe('together', () => {
  const untilAborted = (signal: AbortSignal, ended: () => void): Promise<void> =>
    new Promise((_, reject) =>
      signal.addEventListener('abort', () => {
        ended();
        reject(signal.reason);
      }),
    );

  test('the first failure ends the others, and is told when they have ended', async () => {
    let ended = 0;
    const whole = together(
      new AbortController().signal,
      (signal) =>
        untilAborted(signal, () => {
          ended += 1;
        }),
      async () => {
        await settle();
        throw new Error('broken');
      },
    );
    await expect(whole).rejects.toThrow('broken');
    expect(ended).toBe(1);
  });

  test('an abort from outside is an end and no failure', async () => {
    const ending = new AbortController();
    const whole = together(ending.signal, (signal) => untilAborted(signal, () => {}));
    ending.abort(new Error('stop'));
    await expect(whole).resolves.toBeUndefined();
  });
});

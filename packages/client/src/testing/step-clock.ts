/** A clock that moves when told to. */
import type { Clock, Timer } from '@skiff/api';
import { settle } from './settle.ts';

export interface StepClock extends Clock {
  /** Moves on by `ms` and runs what falls due on the way, in order; what promises do about it happens later. */
  step(ms: number): void;
  /** Like `step`, but lets promises settle before, and after every timer: what they start is part of what falls due. */
  advance(ms: number): Promise<void>;
  /** How many timers are set: zero when everything was stopped cleanly. */
  readonly pending: number;
}

interface Armed {
  readonly dueMs: number;
  readonly run: () => void;
}

export function createStepClock(startMs: number = Date.UTC(2026, 0, 2, 3, 4, 5)): StepClock {
  let nowMs = startMs;
  const timers = new Set<Armed>();

  const after = (delayMs: number, run: () => void): Timer => {
    const timer = { dueMs: nowMs + Math.max(0, delayMs), run };
    timers.add(timer);
    return { cancel: () => void timers.delete(timer) };
  };

  /** Runs the timer that falls due next, up to `endMs`. False when there is none. */
  function runNext(endMs: number): boolean {
    let next: Armed | undefined;
    for (const timer of timers)
      if (timer.dueMs <= endMs && (next === undefined || timer.dueMs < next.dueMs)) next = timer;
    if (next === undefined) return false;
    timers.delete(next);
    nowMs = Math.max(nowMs, next.dueMs);
    next.run();
    return true;
  }

  return {
    now: () => nowMs,
    after,
    sleep: (delayMs, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted === true) {
          reject(signal.reason);
          return;
        }
        const aborted = (): void => {
          timer.cancel();
          reject(signal?.reason);
        };
        const timer = after(delayMs, () => {
          signal?.removeEventListener('abort', aborted);
          resolve();
        });
        signal?.addEventListener('abort', aborted, { once: true });
      }),
    step(ms) {
      const endMs = nowMs + ms;
      while (runNext(endMs));
      nowMs = endMs;
    },
    async advance(ms) {
      const endMs = nowMs + ms;
      do await settle();
      while (runNext(endMs));
      nowMs = endMs;
    },
    get pending() {
      return timers.size;
    },
  };
}

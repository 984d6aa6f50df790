/** Runs one level-triggered piece of work: again after each trigger, again later after a fault, never twice at once. */
import type { Clock, Logger, Timer } from '@skiff/api';

export interface LoopOptions {
  /** What the logs call it. */
  readonly name: string;
  readonly work: () => Promise<void>;
  /** Triggers within this many milliseconds become one run. */
  readonly quietMs: number;
  /** Runs also when nothing was triggered for this long, to mend what others changed. */
  readonly resyncMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface Loop {
  trigger(): void;
  /** The last run's fault; undefined when it went well or none has ended. */
  readonly fault: Error | undefined;
  /** Resolves when a run that began after this call has ended, well or not. */
  nextRun(): Promise<void>;
}

const firstRetryMs = 500;
const lastRetryMs = 30_000;

/** The loop stops when the signal aborts; a run under way is let end. */
export function startLoop({ name, work, quietMs, resyncMs, clock, logger }: LoopOptions, signal: AbortSignal): Loop {
  let timer: Timer | undefined;
  let running = false;
  let triggered = false;
  let failures = 0;
  let fault: Error | undefined;
  let waiting: (() => void)[] = [];

  const schedule = (delayMs: number): void => {
    timer?.cancel();
    timer = signal.aborted ? undefined : clock.after(delayMs, () => void runOnce());
  };

  const runOnce = async (): Promise<void> => {
    running = true;
    triggered = false;
    const mine = waiting;
    waiting = [];
    try {
      await work();
      failures = 0;
      fault = undefined;
    } catch (error) {
      fault = error instanceof Error ? error : new Error(String(error));
      failures += 1;
      logger.warn({ loop: name, err: fault, failures }, 'reconcile failed, will try again');
    }
    running = false;
    for (const done of mine) done();
    const retryMs = Math.min(lastRetryMs, firstRetryMs * 2 ** (failures - 1));
    schedule(triggered ? quietMs : failures > 0 ? retryMs : resyncMs);
  };

  signal.addEventListener('abort', () => {
    timer?.cancel();
    for (const done of waiting) done();
    waiting = [];
  });

  const trigger = (): void => {
    if (triggered) return;
    triggered = true;
    if (!running) schedule(quietMs);
  };

  return {
    trigger,
    get fault() {
      return fault;
    },
    nextRun: () =>
      new Promise((resolve) => {
        if (signal.aborted) resolve();
        else {
          waiting.push(resolve);
          trigger();
        }
      }),
  };
}

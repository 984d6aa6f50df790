/** The real clock, for `main.ts` files to hand in. Everything else takes a `Clock`. */
import type { Clock, Timer } from '../seams.ts';

/** Node's timers take a signed 32-bit count of milliseconds and fire at once above it. */
const longestTimerMs = 2 ** 31 - 1;

/** The host's clock and timers. */
export const realClock: Clock = {
  now: () => Date.now(),
  after: (delayMs, run) => startTimer(delayMs, run),
  sleep(delayMs, signal) {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(signal.reason);
        return;
      }
      const aborted = (): void => {
        timer.cancel();
        reject(signal?.reason);
      };
      const timer = startTimer(delayMs, () => {
        signal?.removeEventListener('abort', aborted);
        resolve();
      });
      signal?.addEventListener('abort', aborted, { once: true });
    });
  },
};

/** A delay longer than one timer can be is cut into several. Delays that are not above zero fire in the next turn. */
function startTimer(delayMs: number, run: () => void): Timer {
  let handle: NodeJS.Timeout;
  const arm = (remainingMs: number): void => {
    const nextMs = Math.min(remainingMs, longestTimerMs);
    handle = setTimeout(() => (remainingMs > nextMs ? arm(remainingMs - nextMs) : run()), nextMs);
  };
  arm(Math.max(0, delayMs));
  return { cancel: () => clearTimeout(handle) };
}

/** Bounds in time for things that may never end. */
import type { Clock } from '@skiff/api';

export class DeadlineExceeded extends Error {
  constructor(timeoutMs: number) {
    super(`timed out after ${timeoutMs / 1000}s`);
    this.name = 'DeadlineExceeded';
  }
}

/**
 * Runs `work` with a signal that aborts after `timeoutMs` (reason DeadlineExceeded) or with `parent`. Rejects with the
 * signal's reason when it aborts, even if `work` does not listen; the result of such work is dropped.
 */
export async function withDeadline<T>(
  clock: Clock,
  timeoutMs: number,
  work: (signal: AbortSignal) => Promise<T>,
  parent?: AbortSignal,
): Promise<T> {
  const controller = new AbortController();
  const follow = (): void => controller.abort(parent?.reason);
  if (parent?.aborted) follow();
  parent?.addEventListener('abort', follow, { once: true });
  const timer = clock.after(timeoutMs, () => controller.abort(new DeadlineExceeded(timeoutMs)));
  try {
    return await orAborted(work(controller.signal), controller.signal);
  } finally {
    timer.cancel();
    parent?.removeEventListener('abort', follow);
  }
}

/** The promise's outcome, or the signal's reason when it aborts first. */
export function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

/** Tries until it works: for what an agent cannot go on without. */
import type { Clock, Logger } from '@skiff/api';

export interface RetryDeps {
  readonly clock: Clock;
  readonly logger: Logger;
}

const firstMs = 200;
const lastMs = 10_000;

/** `what` completes "… not done yet". Rejects with the signal's reason, and with an error that `isFinal`. */
export async function retry<T>(
  what: string,
  work: () => Promise<T>,
  { clock, logger }: RetryDeps,
  signal: AbortSignal,
  isFinal: (error: unknown) => boolean = () => false,
): Promise<T> {
  for (let delayMs = firstMs; ; delayMs = Math.min(delayMs * 2, lastMs)) {
    try {
      return await work();
    } catch (error) {
      signal.throwIfAborted();
      if (isFinal(error)) throw error;
      logger.warn({ err: error }, `${what}: not done yet, trying again`);
      await clock.sleep(delayMs, signal);
    }
  }
}

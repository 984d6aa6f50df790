/** Waiting for a condition, with an error that says what was seen last. */
import type { Clock } from '@skiff/api';

export interface WaitOptions {
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** What is awaited, as in "timed out after 30 s: <what>". */
  readonly what: string;
  readonly everyMs?: number;
  /** A string is why waiting longer has no sense. */
  readonly giveUpIf?: () => Promise<string | undefined>;
}

/** Asks until the answer is undefined (done). A string is why not yet; an exception counts as one. */
export async function waitFor(ask: () => Promise<string | undefined>, options: WaitOptions): Promise<void> {
  const { clock, timeoutMs, what, everyMs = 50 } = options;
  const deadline = clock.now() + timeoutMs;
  for (;;) {
    const notYet = await ask().catch((error: unknown) => (error instanceof Error ? error.message : String(error)));
    if (notYet === undefined) return;
    const hopeless = await options.giveUpIf?.();
    if (hopeless !== undefined) throw new Error(`${what}: ${hopeless}`);
    if (clock.now() >= deadline) throw new Error(`timed out after ${timeoutMs / 1000} s: ${what}: ${notYet}`);
    await clock.sleep(everyMs);
  }
}

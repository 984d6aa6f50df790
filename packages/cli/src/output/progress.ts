/** Progress for a person: one line a step on standard error, with what it took. */
import type { Clock } from '@skiff/api';

export interface Progress {
  /** Runs a step. `true` from it means that something was changed, `false` that all was there already. */
  step(title: string, run: () => Promise<boolean>): Promise<void>;
  /** How many steps changed something. */
  readonly changes: number;
}

export function createProgress(clock: Clock, write: (line: string) => void): Progress {
  let changes = 0;
  return {
    async step(title, run) {
      const started = clock.now();
      try {
        const changed = await run();
        if (changed) changes += 1;
        const took = ((clock.now() - started) / 1000).toFixed(1);
        write(changed ? `  ✓ ${title} (${took} s)` : `  · ${title}: nothing to do`);
      } catch (error) {
        write(`  ✗ ${title}`);
        throw error;
      }
    },
    get changes() {
      return changes;
    },
  };
}

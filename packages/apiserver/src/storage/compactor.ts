/** Keeps history bounded: every interval the history older than the interval before is forgotten. */
import type { Clock, Logger, Timer } from '@skiff/api';
import type { Store } from './contract.ts';

/** Kubernetes' own interval (--etcd-compaction-interval): watches and list pages older than this expire. */
export const defaultIntervalMs = 5 * 60 * 1000;

export interface CompactorOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly intervalMs?: number;
}

/** Starts compacting; several API servers may, the later ones of an interval find it done. Returns what stops it. */
export function startCompactor({ store, clock, logger, intervalMs = defaultIntervalMs }: CompactorOptions): () => void {
  let noted: bigint | undefined;
  let timer: Timer;
  let stopped = false;

  async function tick(): Promise<void> {
    try {
      const now = await store.revision();
      if (noted !== undefined) await store.compact(noted);
      noted = now;
    } catch (error) {
      logger.warn({ err: error }, 'compaction failed; it will be tried again');
    }
  }
  const arm = (): void => {
    timer = clock.after(intervalMs, () => {
      void tick().then(() => {
        if (!stopped) arm();
      });
    });
  };

  arm();
  return () => {
    stopped = true;
    timer.cancel();
  };
}

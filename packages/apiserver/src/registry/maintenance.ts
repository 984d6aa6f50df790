/** What a server does from time to time: mends the records of service addresses, forgets old events. */
import { type Clock, type JsonObject, type Logger, parseTime } from '@skiff/api';
import { isObject, textAt } from '../patch/values.ts';
import { isStoreError, type Store } from '../storage/contract.ts';
import { readStoredText } from './documents.ts';
import { registryPrefix } from './keys.ts';
import { repairServiceRanges } from './services/repair.ts';

export interface MaintenanceOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How long an event is kept; absent: an hour, as in Kubernetes. */
  readonly eventTtlMs?: number;
}

const everyMs = 3 * 60 * 1_000;
const defaultEventTtlMs = 60 * 60 * 1_000;
const pageSize = 500;

/** Runs once at once and then every few minutes until the signal aborts. Faults are logged; the next round tries again. */
export async function keepMaintaining(options: MaintenanceOptions, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await repairServiceRanges(options);
      await expireEvents(options, signal);
    } catch (error) {
      if (!signal.aborted) options.logger.warn({ err: error }, 'maintenance failed; it runs again later');
    }
    await options.clock.sleep(everyMs, signal).catch(() => {});
  }
}

/** Deletes events that were not written for longer than they are kept. Returns how many. */
export async function expireEvents(options: MaintenanceOptions, signal: AbortSignal): Promise<number> {
  const { store, clock } = options;
  const oldestMs = clock.now() - (options.eventTtlMs ?? defaultEventTtlMs);
  let deleted = 0;
  let after = '';
  for (;;) {
    const page = await store.list(
      `${registryPrefix}core/events/`,
      { limit: pageSize, ...(after === '' ? {} : { after }) },
      signal,
    );
    for (const document of page.documents) {
      after = document.key;
      const event = readStoredText(document, options.logger);
      if (event === undefined || lastSeenMs(event) >= oldestMs) continue;
      try {
        await store.delete(document.key, document.version);
        deleted += 1;
      } catch (error) {
        // Written again meanwhile, or gone: both are fine.
        if (!isStoreError(error, 'conflict', 'missing')) throw error;
      }
    }
    if (page.remaining === 0) return deleted;
  }
}

/** When the event was last written, from the latest of its times. */
function lastSeenMs(event: JsonObject): number {
  const series = isObject(event.series) ? textAt(event, 'series', 'lastObservedTime') : '';
  const times = [
    series,
    textAt(event, 'lastTimestamp'),
    textAt(event, 'eventTime'),
    textAt(event, 'metadata', 'creationTimestamp'),
  ];
  return Math.max(0, ...times.map((time) => parseTime(time) ?? 0));
}

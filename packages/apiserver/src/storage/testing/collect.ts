/** Reading a store's watch in tests. */
import type { EventBatch, Store, StoreEvent } from '../contract.ts';
import { until } from './etcd.ts';

export interface Collected {
  readonly events: StoreEvent[];
  /** How far the watch says it has come. */
  readonly revision: bigint;
  /** What it ended with, once it has ended; undefined for a quiet end. */
  readonly ended: Promise<unknown>;
  /** Resolves when everything up to `revision` has been delivered. */
  reaches(revision: bigint): Promise<void>;
  stop(): Promise<void>;
}

/** Collects what a watch delivers. `onBatch` runs after each batch was taken in. */
export function collect(
  store: Store,
  prefix: string,
  after: bigint,
  onBatch: (batch: EventBatch) => void = () => undefined,
): Collected {
  const stopping = new AbortController();
  const events: StoreEvent[] = [];
  let revision = after;
  let failure: unknown;
  const ended = (async () => {
    try {
      for await (const batch of store.watch(prefix, after, stopping.signal)) {
        events.push(...batch.events);
        revision = batch.revision;
        onBatch(batch);
      }
    } catch (error) {
      failure = error;
    }
    return failure;
  })();
  return {
    events,
    ended,
    get revision() {
      return revision;
    },
    async reaches(wanted) {
      await until(`the watch to reach ${wanted}`, () => {
        if (failure !== undefined) throw failure;
        return revision >= wanted;
      });
    },
    async stop() {
      stopping.abort();
      await ended;
    },
  };
}

export const versionOf = (event: StoreEvent): bigint => (event.type === 'put' ? event.document.version : event.version);

/** `put a=1 @7`: an event in a word. */
export const inWords = (event: StoreEvent): string =>
  event.type === 'put'
    ? `put ${event.document.key}=${event.document.bytes} @${event.document.version}`
    : `delete ${event.key} @${event.version}`;

/** True when every event has a greater version than the one before. */
export const isRising = (events: readonly StoreEvent[]): boolean =>
  events.every((event, index) => index === 0 || versionOf(event) > versionOf(events[index - 1] as StoreEvent));

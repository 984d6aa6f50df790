/**
 * A watch that survives reconnects without losing or repeating an event. etcd3's own watcher resumes from the revision in a
 * message's header, which runs ahead of the events while etcd catches up, and so skips what lies between; here a watch
 * resumes behind the last event it handed on, and nothing else moves it.
 */
import type { Clock, Logger, Random } from '@skiff/api';
import type { IEvent, IWatchResponse } from 'etcd3';
import { type EventBatch, StoreError, type StoreEvent } from '../contract.ts';
import type { EtcdConnection } from './connection.ts';
import { prefixEnd, toDocument } from './keys.ts';

export interface WatchContext {
  readonly connection: EtcdConnection;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** A stream that has not been confirmed after this long hangs in its connect. */
const createTimeoutMs = 5000;
const maxBackoffMs = 1000;

export async function* watchEvents(
  context: WatchContext,
  prefix: string,
  after: bigint,
  signal: AbortSignal,
): AsyncIterable<EventBatch> {
  let last = after;
  let failures = 0;
  while (!signal.aborted) {
    try {
      for await (const response of responses(context, prefix, last + 1n, signal)) {
        failures = 0;
        const batch = toBatch(response, last);
        if (batch === undefined) continue;
        last = batch.revision;
        yield batch;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof StoreError && error.code === 'compacted') throw error;
      context.logger.debug({ err: error, prefix, last: String(last) }, 'the watch of etcd broke; resuming');
    }
    const delayMs = Math.min(50 * 2 ** Math.min(failures, 10), maxBackoffMs);
    failures += 1;
    await context.clock.sleep(delayMs * (0.5 + context.random() / 2), signal).catch(() => undefined);
  }
}

/**
 * The events of a response, in order. etcd hands out whole revisions unless asked to fragment. Events at or below `last` are
 * dropped: etcd before 3.4.38 may send old ones on a watch of a revision that does not exist yet, and before 3.4.24 duplicates.
 */
export function toBatch(response: Pick<IWatchResponse, 'events'>, last: bigint): EventBatch | undefined {
  const events = response.events.filter((event) => BigInt(event.kv.mod_revision) > last).map(toEvent);
  const revision = events.reduce(
    (highest, event) => max(highest, event.type === 'put' ? event.document.version : event.version),
    last,
  );
  return events.length === 0 ? undefined : { events, revision };
}

const max = (a: bigint, b: bigint): bigint => (a > b ? a : b);

function toEvent(event: IEvent): StoreEvent {
  // Protobuf leaves an absent message null, whatever the typings say.
  const previous = (event.prev_kv as typeof event.prev_kv | null) === null ? undefined : toDocument(event.prev_kv);
  const before = previous === undefined ? {} : { previous };
  return event.type === 'Put'
    ? { type: 'put', document: toDocument(event.kv), ...before }
    : { type: 'delete', key: event.kv.key.toString(), version: BigInt(event.kv.mod_revision), ...before };
}

async function* responses(
  context: WatchContext,
  prefix: string,
  from: bigint,
  signal: AbortSignal,
): AsyncIterable<IWatchResponse> {
  const stream = await context.connection.watches.watch();
  // The iteration below tells errors; between iterations nobody else listens.
  stream.on('error', () => undefined);
  const cancel = (): void => void stream.cancel();
  if (signal.aborted) cancel();
  else signal.addEventListener('abort', cancel, { once: true });
  let created = false;
  const watchdog = context.clock.after(createTimeoutMs, () => {
    if (created) return;
    context.connection.reset();
    cancel();
  });
  try {
    stream.write({
      create_request: {
        key: Buffer.from(prefix),
        range_end: prefixEnd(prefix),
        start_revision: String(from),
        prev_kv: true,
      },
    });
    for await (const response of stream as unknown as AsyncIterable<IWatchResponse>) {
      if (response.created) created = true;
      if (response.canceled) {
        if (response.compact_revision !== '0')
          throw new StoreError('compacted', prefix, `events before ${response.compact_revision} are compacted`);
        throw new StoreError('unavailable', prefix, 'etcd cancelled the watch');
      }
      yield response;
    }
  } finally {
    watchdog.cancel();
    signal.removeEventListener('abort', cancel);
    cancel();
  }
}

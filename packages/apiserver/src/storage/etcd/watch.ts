/**
 * A watch that survives reconnects without losing or repeating an event. etcd3's own watcher resumes from the revision in a
 * message's header, which runs ahead of the events while etcd catches up, and so skips what lies between; here a watch
 * resumes behind the last event it handed on, and nothing else moves it.
 *
 * All of etcd is watched and what lies outside the prefix is left out here: so every revision is seen to pass, and a watch of
 * a quiet prefix neither ages towards the next compaction nor leaves those waiting who ask whether it has come so far.
 */
import type { Clock, Logger, Random } from '@skiff/api';
import { type EventBatch, StoreError, type StoreEvent } from '../contract.ts';
import type { EtcdCalls } from './calls.ts';
import type { EtcdConnection } from './connection.ts';
import { toBytes } from './keys.ts';
import { startOf, topOf, versionOf } from './versions.ts';
import type { KeyEvent, WatchAnswer } from './watch-stream.ts';

export interface WatchContext {
  readonly connection: Pick<EtcdConnection, 'watch' | 'reset' | 'generation'>;
  readonly calls: Pick<EtcdCalls, 'fallback'>;
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
  const { fallback } = context.calls;
  const ending = AbortSignal.any([signal, fallback]);
  let last = after;
  let failures = 0;
  while (!ending.aborted) {
    try {
      for await (const response of responses(context, prefix, startOf(last), ending)) {
        failures = 0;
        const batch = toBatch(response, prefix, last);
        if (batch === undefined) continue;
        last = batch.revision;
        yield batch;
      }
    } catch (error) {
      if (ending.aborted) break;
      if (error instanceof StoreError && error.code === 'compacted') throw error;
      context.logger.debug({ err: error, prefix, last: String(last) }, 'the watch of etcd broke; resuming');
    }
    if (ending.aborted) break;
    const delayMs = Math.min(50 * 2 ** Math.min(failures, 10), maxBackoffMs);
    failures += 1;
    await context.clock.sleep(delayMs * (0.5 + context.random() / 2), ending).catch(() => undefined);
  }
  if (!signal.aborted) throw fallback.reason;
}

/**
 * The events of a response, in order of their versions. etcd hands out whole revisions unless asked to fragment. Events at or below
 * `last` are dropped: seen already, repeated (etcd before 3.4.24), from a member that travelled back in time (3.4.25), or older than
 * what was asked for (3.4.38).
 */
export function toBatch(
  { events: got }: Pick<WatchAnswer, 'events'>,
  prefix: string,
  last: bigint,
): EventBatch | undefined {
  const events: StoreEvent[] = [];
  let newest = last;
  for (const event of got) {
    const { key, modRevision } = event.kv;
    if (versionOf(key, modRevision) <= last) continue;
    if (topOf(modRevision) > newest) newest = topOf(modRevision);
    if (key.startsWith(prefix)) events.push(toEvent(event));
  }
  if (newest === last) return undefined;
  return { events: inOrder(events), revision: newest };
}

function toEvent({ type, kv }: KeyEvent): StoreEvent {
  const document = toBytes(kv);
  return type === 'put' ? { type, document } : { type, key: document.key, version: document.version };
}

const versionOfEvent = (event: StoreEvent): bigint => (event.type === 'put' ? event.document.version : event.version);

/** Ours come in order; a transaction of somebody else's may not, and what a stream repeats in one message is dropped. */
function inOrder(events: StoreEvent[]): StoreEvent[] {
  const isOrdered = events.every(
    (event, index) => index === 0 || versionOfEvent(event) > versionOfEvent(events[index - 1] as StoreEvent),
  );
  if (isOrdered) return events;
  const byVersion = new Map(events.map((event) => [versionOfEvent(event), event]));
  return [...byVersion.values()].sort((a, b) => (versionOfEvent(a) < versionOfEvent(b) ? -1 : 1));
}

async function* responses(
  context: WatchContext,
  prefix: string,
  from: bigint,
  signal: AbortSignal,
): AsyncIterable<WatchAnswer> {
  const { generation } = context.connection;
  const stream = await context.connection.watch();
  // The iteration below tells errors; between iterations nobody else listens.
  stream.on('error', () => undefined);
  const cancel = (): void => void stream.cancel();
  if (signal.aborted) cancel();
  else signal.addEventListener('abort', cancel, { once: true });
  const watchdog = context.clock.after(createTimeoutMs, () => {
    if (context.connection.generation === generation) context.connection.reset();
    cancel();
  });
  try {
    stream.write({ startRevision: from });
    for await (const response of stream as AsyncIterable<WatchAnswer>) {
      if (response.created) watchdog.cancel();
      if (response.canceled) {
        if (response.compactRevision !== 0)
          throw new StoreError('compacted', prefix, `events before ${response.compactRevision} are compacted`);
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

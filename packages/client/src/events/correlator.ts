/**
 * What becomes of an event before it is written, as client-go's EventCorrelator has it (tools/record/events_cache.go): an event that
 * was before is counted, many that differ in their message alone are combined, and one object cannot flood the API. No I/O, no clock.
 */
import type { Draft, Event } from '@skiff/api';
import { createRecent } from './recent.ts';

/** Of each kind of memory. */
const maxRemembered = 4096;
/** So many different messages of one reason, each within ten minutes of the one before, are combined. */
const maxSimilar = 10;
const similarMs = 600_000;
/** 25 at once for each object, then one in five minutes. */
const burst = 25;
const msPerToken = 300_000;
const combinedPrefix = '(combined from similar events): ';

export interface Correlated {
  readonly event: Draft<Event>;
  /** It has the name of one that was written before, and raises its count. */
  readonly isRepeat: boolean;
}

/** Undefined for an event that is one too many. */
export type Correlate = (event: Draft<Event>, nowMs: number) => Correlated | undefined;

interface Similar {
  readonly messages: Set<string>;
  lastMs: number;
}

interface Observed {
  readonly name: string;
  readonly count: number;
  readonly firstTimestamp: string | undefined;
}

interface Bucket {
  readonly tokens: number;
  readonly atMs: number;
}

export function createCorrelator(): Correlate {
  const similar = createRecent<Similar>(maxRemembered);
  const observed = createRecent<Observed>(maxRemembered);
  const buckets = createRecent<Bucket>(maxRemembered);

  /** The event as it is or combined with others, and what it is remembered by. */
  const combine = (event: Draft<Event>, nowMs: number): { readonly event: Draft<Event>; readonly key: string } => {
    const { message = '' } = event;
    const similarKey = keyOf(event, event.type, event.reason);
    const found = similar.get(similarKey);
    const record =
      found === undefined || nowMs - found.lastMs > similarMs ? { messages: new Set<string>(), lastMs: 0 } : found;
    record.messages.add(message);
    record.lastMs = nowMs;
    similar.set(similarKey, record);
    if (record.messages.size < maxSimilar)
      return { event, key: keyOf(event, event.type, event.reason, event.involvedObject.fieldPath ?? '', message) };
    for (const oldest of record.messages) {
      record.messages.delete(oldest);
      break;
    }
    return { event: { ...event, message: `${combinedPrefix}${message}` }, key: similarKey };
  };

  const count = (event: Draft<Event>, key: string): Correlated => {
    const before = observed.get(key);
    const counted =
      before === undefined
        ? event
        : {
            ...event,
            metadata: { ...event.metadata, name: before.name },
            count: before.count + 1,
            firstTimestamp: before.firstTimestamp,
          };
    observed.set(key, {
      name: counted.metadata.name ?? '',
      count: counted.count ?? 1,
      firstTimestamp: counted.firstTimestamp,
    });
    return { event: counted, isRepeat: before !== undefined };
  };

  const admit = (event: Draft<Event>, nowMs: number): boolean => {
    const key = keyOf(event);
    const { tokens, atMs } = buckets.get(key) ?? { tokens: burst, atMs: nowMs };
    const now = Math.min(burst, tokens + Math.max(0, nowMs - atMs) / msPerToken);
    buckets.set(key, { tokens: now < 1 ? now : now - 1, atMs: nowMs });
    return now >= 1;
  };

  return (event, nowMs) => {
    const combined = combine(event, nowMs);
    const result = count(combined.event, combined.key);
    return admit(event, nowMs) ? result : undefined;
  };
}

/** Of the source and the object, and whatever else must be the same. */
function keyOf({ source, involvedObject }: Draft<Event>, ...more: readonly (string | undefined)[]): string {
  const { kind, namespace, name, uid, apiVersion } = involvedObject;
  return JSON.stringify([source?.component, source?.host, kind, namespace, name, uid, apiVersion, ...more]);
}

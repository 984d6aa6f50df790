/**
 * What a delete request does to an object: pure. The rules are those of Kubernetes' rest.BeforeDelete and of the generic
 * registry's treatment of finalizers.
 */
import { formatTime, type JsonObject, parseTime } from '@skiff/api';
import { copy, numberAt, own, put, textAt } from '../patch/values.ts';
import type { DeleteOptions, Strategy } from './contract.ts';
import { finalizersOf, metaOf } from './meta.ts';

export const orphanFinalizer = 'orphan';
export const foregroundFinalizer = 'foregroundDeletion';

export type DeletionPlan =
  /** Nothing holds it: gone now. */
  | { readonly type: 'remove' }
  /** Stored with these marks; somebody else completes the deletion. */
  | { readonly type: 'mark'; readonly object: JsonObject }
  /** It is being deleted already and this request changes nothing. */
  | { readonly type: 'pending' };

type Asked = Pick<DeleteOptions, 'gracePeriodSeconds' | 'propagationPolicy'>;

/** `object` is not changed. */
export function planDeletion(object: JsonObject, strategy: Strategy, asked: Asked, nowMs: number): DeletionPlan {
  const requested =
    asked.gracePeriodSeconds !== undefined && asked.gracePeriodSeconds < 0 ? 1 : asked.gracePeriodSeconds;
  // The marks are members of the metadata. Only who has a say in them reaches deeper.
  const changed = strategy.markDeleting === undefined ? { ...object, metadata: { ...metaOf(object) } } : copy(object);
  const grace = planGrace(changed, strategy, requested, nowMs);
  if (grace === 'pending') return { type: 'pending' };
  setCollectorFinalizers(changed, strategy, asked.propagationPolicy);
  const held = finalizersOf(changed).length > 0 || strategy.holdsDeletion?.(changed) === true;
  if (grace === 'now' && !held) return { type: 'remove' };
  if (grace === 'now') markNow(changed, nowMs);
  strategy.markDeleting?.(changed, nowMs);
  return { type: 'mark', object: changed };
}

/** Sets the marks of a graceful deletion. `now`: there is none, or its time is over. */
function planGrace(
  object: JsonObject,
  strategy: Strategy,
  requested: number | undefined,
  nowMs: number,
): 'pending' | 'graceful' | 'now' {
  if (strategy.gracePeriodSeconds === undefined) return 'now';
  if (textAt(object, 'metadata', 'deletionTimestamp') !== '') return shortenGrace(object, requested, nowMs);
  const seconds = Math.max(0, strategy.gracePeriodSeconds(object, requested));
  if (seconds === 0) return 'now';
  bumpGeneration(object);
  mark(object, nowMs + seconds * 1_000, seconds);
  return 'graceful';
}

/** A second delete may only shorten the time the first one gave. */
function shortenGrace(
  object: JsonObject,
  requested: number | undefined,
  nowMs: number,
): 'pending' | 'graceful' | 'now' {
  const left = numberAt(object, 'metadata', 'deletionGracePeriodSeconds') ?? 0;
  if (left === 0) return 'now';
  if (requested === undefined || requested >= left) return 'pending';
  if (requested === 0) {
    markNow(object, nowMs);
    return 'now';
  }
  const due = (parseTime(textAt(object, 'metadata', 'deletionTimestamp')) ?? nowMs) + (requested - left) * 1_000;
  // The asked time is over already: the least that is still graceful, so that the node agent sees it and finishes.
  if (due < nowMs) mark(object, nowMs, 1);
  else mark(object, due, requested);
  return 'graceful';
}

function mark(object: JsonObject, dueMs: number, seconds: number): void {
  const meta = metaOf(object);
  put(meta, 'deletionTimestamp', formatTime(dueMs));
  put(meta, 'deletionGracePeriodSeconds', seconds);
}

function markNow(object: JsonObject, nowMs: number): void {
  const meta = metaOf(object);
  const due = parseTime(textAt(meta, 'deletionTimestamp'));
  if (due === undefined) bumpGeneration(object);
  if (due === undefined || due > nowMs) put(meta, 'deletionTimestamp', formatTime(nowMs));
  put(meta, 'deletionGracePeriodSeconds', 0);
}

function bumpGeneration(object: JsonObject): void {
  const meta = metaOf(object);
  const generation = numberAt(meta, 'generation') ?? 0;
  if (generation > 0) put(meta, 'generation', generation + 1);
}

/** Sets or clears the finalizers by which the garbage collector learns the propagation policy. */
function setCollectorFinalizers(
  object: JsonObject,
  strategy: Strategy,
  policy: DeleteOptions['propagationPolicy'],
): void {
  const before = finalizersOf(object);
  const wanted = collectorFinalizer(before, strategy, policy);
  const kept = before.filter((each) => each !== orphanFinalizer && each !== foregroundFinalizer);
  const after = wanted === undefined ? kept : [...kept, wanted];
  const unchanged = after.length === before.length && after.every((each) => before.includes(each));
  if (unchanged) return;
  const meta = metaOf(object);
  if (after.length > 0) put(meta, 'finalizers', [...after]);
  else delete meta.finalizers;
}

function collectorFinalizer(
  finalizers: readonly string[],
  strategy: Strategy,
  policy: DeleteOptions['propagationPolicy'],
): string | undefined {
  if (strategy.defaultPropagation === 'Unsupported') return undefined;
  if (policy === 'Orphan') return orphanFinalizer;
  if (policy === 'Foreground') return foregroundFinalizer;
  if (policy === 'Background') return undefined;
  const present = finalizers.find((each) => each === orphanFinalizer || each === foregroundFinalizer);
  return present ?? (strategy.defaultPropagation === 'Orphan' ? orphanFinalizer : undefined);
}

/** True when an update took away the last thing that held a deleted object (registry.ShouldDeleteDuringUpdate). */
export function completesDeletion(object: JsonObject, old: JsonObject, strategy: Strategy): boolean {
  const before = metaOf(old);
  const grace = own(before, 'deletionGracePeriodSeconds');
  return (
    textAt(before, 'deletionTimestamp') !== '' &&
    (grace === undefined || grace === 0) &&
    finalizersOf(object).length === 0 &&
    strategy.holdsDeletion?.(object) !== true
  );
}

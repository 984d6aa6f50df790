/**
 * Counts a Job's finished pods, each once whatever happens in between: pods are held by a finalizer, first named in the
 * status as uncounted, then let go, then counted (KEP-2307). Pure.
 */
import type { Job, JobStatus, Pod } from '@skiff/api';
import { judgeFailure } from './failure-policy.ts';
import { formatIndexes, parseIndexes } from './indexes.ts';
import { failuresBefore, hasFailed, indexOf, isIndexed, isTracked } from './pods.ts';

export interface Tally {
  readonly counts: Pick<
    JobStatus,
    'succeeded' | 'failed' | 'completedIndexes' | 'failedIndexes' | 'uncountedTerminatedPods'
  >;
  /** Successes and failures, those not counted yet included. */
  readonly succeeded: number;
  readonly failed: number;
  readonly completed: ReadonlySet<number>;
  readonly failedIndexes: ReadonlySet<number>;
  /** Failures of each index so far, where backoffLimitPerIndex counts them. */
  readonly failuresOf: ReadonlyMap<number, number>;
  /** Pods whose finalizer may go once the counts are written. */
  readonly untrack: readonly Pod[];
  /** Those among them that a job that goes on still needs to know its failures by. */
  readonly needed: ReadonlySet<Pod>;
  /** Every finished pod is in the plain counts. */
  readonly settled: boolean;
  /** What a rule of the podFailurePolicy ends the whole job with. */
  readonly failJob: string | undefined;
}

export function tally(job: Job, pods: readonly Pod[]): Tally {
  const { status = {}, spec } = job;
  const limit = spec.completions ?? 0;
  const completed = parseIndexes(status.completedIndexes, limit);
  const failedIndexes = parseIndexes(status.failedIndexes, limit);
  const failuresOf = new Map<number, number>();
  const held = new Set(pods.filter(isTracked).map((pod) => pod.metadata.uid));
  const before = status.uncountedTerminatedPods ?? {};
  const uncounted = {
    succeeded: (before.succeeded ?? []).filter((uid) => held.has(uid)),
    failed: (before.failed ?? []).filter((uid) => held.has(uid)),
  };
  let succeeded = (status.succeeded ?? 0) + (before.succeeded ?? []).length - uncounted.succeeded.length;
  const failed = (status.failed ?? 0) + (before.failed ?? []).length - uncounted.failed.length;
  let failJob: string | undefined;
  const untrack: Pod[] = [];
  for (const pod of pods) {
    const index = indexOf(job, pod);
    const { uid } = pod.metadata;
    if (pod.status?.phase === 'Succeeded') {
      if (!isTracked(pod)) continue;
      untrack.push(pod);
      if (!isIndexed(job)) addOnce(uncounted.succeeded, uid);
      else if (index !== undefined && !failedIndexes.has(index)) completed.add(index);
    } else if (hasFailed(job, pod)) {
      const verdict = judgeFailure(job, pod);
      if (verdict?.action === 'FailJob') failJob ??= verdict.message;
      const counts = verdict?.action !== 'Ignore';
      if (index !== undefined && spec.backoffLimitPerIndex !== undefined) {
        const failures = failuresBefore(pod) + (counts ? 1 : 0);
        failuresOf.set(index, Math.max(failuresOf.get(index) ?? 0, failures));
        const over = failures > spec.backoffLimitPerIndex || verdict?.action === 'FailIndex';
        if (over && !completed.has(index)) failedIndexes.add(index);
      }
      if (!isTracked(pod)) continue;
      if (counts && (!isIndexed(job) || index !== undefined)) addOnce(uncounted.failed, uid);
      untrack.push(pod);
    }
  }
  if (isIndexed(job)) succeeded = completed.size;
  const isUncounted = uncounted.succeeded.length + uncounted.failed.length > 0;
  return {
    counts: {
      succeeded,
      failed,
      ...(completed.size === 0 ? {} : { completedIndexes: formatIndexes(completed) }),
      ...(spec.backoffLimitPerIndex === undefined ? {} : { failedIndexes: formatIndexes(failedIndexes) }),
      uncountedTerminatedPods: {
        ...(uncounted.succeeded.length === 0 ? {} : { succeeded: uncounted.succeeded }),
        ...(uncounted.failed.length === 0 ? {} : { failed: uncounted.failed }),
      },
    },
    succeeded: succeeded + uncounted.succeeded.length,
    failed: failed + uncounted.failed.length,
    completed,
    failedIndexes,
    failuresOf,
    untrack,
    needed: new Set(untrack.filter((pod) => holdsCount(job, pod, pods, failedIndexes))),
    settled: !isUncounted && untrack.length === 0,
    failJob,
  };
}

function addOnce(list: string[], uid: string): void {
  if (!list.includes(uid)) list.push(uid);
}

/** The failed pod that knows how often its index has failed stays until its successor knows it. */
function holdsCount(job: Job, pod: Pod, pods: readonly Pod[], failedIndexes: ReadonlySet<number>): boolean {
  const index = indexOf(job, pod);
  if (job.spec.backoffLimitPerIndex === undefined || pod.status?.phase === 'Succeeded') return false;
  if (index === undefined || failedIndexes.has(index) || pod.metadata.deletionTimestamp === undefined) return false;
  return !pods.some(
    (one) =>
      one !== pod &&
      indexOf(job, one) === index &&
      (failuresBefore(one) > failuresBefore(pod) || one.status?.phase === 'Succeeded'),
  );
}

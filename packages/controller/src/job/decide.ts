/** What a Job needs next. Pure. Rules and wording: Kubernetes' job controller, v1.32. */
import {
  findCondition,
  formatTime,
  isConditionTrue,
  type Job,
  type JobCondition,
  type JobStatus,
  type Pod,
  parseTime,
} from '@skiff/api';
import { isPodActive, isPodReady } from '../runtime/pods.ts';
import { withoutEmpty } from '../runtime/status.ts';
import { parseIndexes } from './indexes.ts';
import { backoffUntilMs, indexOf, isIndexed, isTerminating, isTracked, replacesFailedOnly } from './pods.ts';
import { type Tally, tally } from './tally.ts';

export interface NewPod {
  /** undefined: the job is not Indexed. */
  readonly index: number | undefined;
  /** How often the index has failed; undefined: not counted. */
  readonly failures: number | undefined;
}

export interface JobPlan {
  readonly status: JobStatus;
  /** Finished pods whose finalizer goes, once the status is written. */
  readonly untrack: readonly Pod[];
  readonly create: readonly NewPod[];
  readonly remove: readonly Pod[];
  /** The removed pods are let go uncounted: nothing failed, fewer are wanted. */
  readonly uncounted: boolean;
  readonly events: readonly {
    readonly type: 'Normal' | 'Warning';
    readonly reason: string;
    readonly message: string;
  }[];
  /** When to look again, in ms since the epoch. */
  readonly againMs: number | undefined;
}

type Event = JobPlan['events'][number];
/** How a job is to end. */
interface Ending {
  readonly result: 'Complete' | 'Failed';
  readonly reason: string;
  readonly message: string;
}

export const isFinished = ({ status }: Job): boolean =>
  isConditionTrue(status?.conditions, 'Complete') || isConditionTrue(status?.conditions, 'Failed');

export function planJob(job: Job, pods: readonly Pod[], nowMs: number): JobPlan {
  const active = pods.filter(isPodActive);
  if (isFinished(job)) {
    const untrack = pods.filter(isTracked);
    return {
      status: job.status ?? {},
      untrack,
      create: [],
      remove: active,
      uncounted: false,
      events: [],
      againMs: undefined,
    };
  }
  const count = tally(job, pods);
  const going = pods.filter(isTerminating);
  const ending = endingBegun(job) ?? endingNow(job, count, pods, active.length, nowMs);
  const base = { job, count, active, going, nowMs };
  return ending === undefined ? goOn(base, pods) : end(base, ending);
}

interface State {
  readonly job: Job;
  readonly count: Tally;
  readonly active: readonly Pod[];
  readonly going: readonly Pod[];
  readonly nowMs: number;
}

/** An ending is decided once: first as a target, and for good when every pod is gone and counted. */
function endingBegun({ status }: Job): Ending | undefined {
  const success = findCondition(status?.conditions, 'SuccessCriteriaMet');
  const failure = findCondition(status?.conditions, 'FailureTarget');
  const begun = success?.status === 'True' ? success : failure?.status === 'True' ? failure : undefined;
  if (begun === undefined) return undefined;
  const result = begun === success ? 'Complete' : 'Failed';
  return { result, reason: begun.reason ?? '', message: begun.message ?? '' };
}

function endingNow(job: Job, count: Tally, pods: readonly Pod[], active: number, nowMs: number): Ending | undefined {
  const { spec } = job;
  const failed = (reason: string, message: string): Ending => ({ result: 'Failed', reason, message });
  if (count.failJob !== undefined) return failed('PodFailurePolicy', count.failJob);
  if (count.failed > (spec.backoffLimit ?? 6) || restartsExceed(job, pods))
    return failed('BackoffLimitExceeded', 'Job has reached the specified backoff limit');
  const deadline = deadlineMs(job);
  if (deadline !== undefined && deadline <= nowMs)
    return failed('DeadlineExceeded', 'Job was active longer than specified deadline');
  if (spec.backoffLimitPerIndex !== undefined) {
    if (spec.maxFailedIndexes !== undefined && count.failedIndexes.size > spec.maxFailedIndexes)
      return failed('MaxFailedIndexesExceeded', 'Job has exceeded the specified maximal number of failed indexes');
    const all = count.failedIndexes.size + count.completed.size >= (spec.completions ?? 0);
    if (count.failedIndexes.size > 0 && all) return failed('FailedIndexes', 'Job has failed indexes');
  }
  const rule = succeededRule(job, count.completed);
  if (rule !== undefined)
    return { result: 'Complete', reason: 'SuccessPolicy', message: `Matched rules at index ${rule}` };
  const enough = spec.completions === undefined ? count.succeeded > 0 : count.succeeded >= spec.completions;
  if (!enough || active > 0) return undefined;
  const message = 'Reached expected number of succeeded pods';
  return { result: 'Complete', reason: 'CompletionsReached', message };
}

/** Containers that are restarted in place count as failures too. */
function restartsExceed({ spec }: Job, pods: readonly Pod[]): boolean {
  if (spec.template.spec?.restartPolicy !== 'OnFailure') return false;
  const restarts = pods
    .filter((pod) => pod.status?.phase === 'Running' || pod.status?.phase === 'Pending')
    .flatMap((pod) => [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])])
    .reduce((sum, status) => sum + status.restartCount, 0);
  const limit = spec.backoffLimit ?? 6;
  return limit === 0 ? restarts > 0 : restarts >= limit;
}

function deadlineMs({ spec, status }: Job): number | undefined {
  const started = parseTime(status?.startTime ?? '');
  if (spec.activeDeadlineSeconds === undefined || started === undefined || spec.suspend === true) return undefined;
  return started + spec.activeDeadlineSeconds * 1000;
}

/** The first rule of the successPolicy that the completed indexes meet. */
function succeededRule({ spec }: Job, completed: ReadonlySet<number>): number | undefined {
  const met = (spec.successPolicy?.rules ?? []).findIndex(({ succeededIndexes, succeededCount }) => {
    const asked = succeededIndexes === undefined ? undefined : parseIndexes(succeededIndexes, spec.completions ?? 0);
    const done = asked === undefined ? completed.size : [...asked].filter((index) => completed.has(index)).length;
    return done >= (succeededCount ?? asked?.size ?? Number.POSITIVE_INFINITY);
  });
  return met < 0 ? undefined : met;
}

function end({ job, count, active, going, nowMs }: State, ending: Ending): JobPlan {
  const { result, reason, message } = ending;
  const target = result === 'Complete' ? 'SuccessCriteriaMet' : 'FailureTarget';
  let conditions = withCondition(job.status?.conditions ?? [], target, 'True', reason, message, nowMs);
  const over = active.length === 0 && going.length === 0 && count.settled;
  const events: Event[] = [];
  if (over) {
    conditions = withCondition(conditions, result, 'True', reason, message, nowMs);
    events.push(
      result === 'Complete'
        ? { type: 'Normal', reason: 'Completed', message: 'Job completed' }
        : { type: 'Warning', reason, message },
    );
  }
  const startTime = job.status?.startTime ?? formatTime(nowMs);
  const completionTime = over && result === 'Complete' ? { completionTime: formatTime(nowMs) } : {};
  const status = statusOf(count, [], going, { startTime, ...completionTime, conditions });
  return { status, untrack: count.untrack, create: [], remove: active, uncounted: false, events, againMs: undefined };
}

function goOn(state: State, pods: readonly Pod[]): JobPlan {
  const { job, count, active, going, nowMs } = state;
  const suspended = job.spec.suspend === true;
  const before = job.status?.conditions ?? [];
  const was = findCondition(before, 'Suspended')?.status;
  let conditions = before;
  const events: Event[] = [];
  if (suspended && was !== 'True') {
    conditions = withCondition(before, 'Suspended', 'True', 'JobSuspended', 'Job suspended', nowMs);
    events.push({ type: 'Normal', reason: 'Suspended', message: 'Job suspended' });
  } else if (!suspended && was === 'True') {
    conditions = withCondition(before, 'Suspended', 'False', 'JobResumed', 'Job resumed', nowMs);
    events.push({ type: 'Normal', reason: 'Resumed', message: 'Job resumed' });
  }
  const resumed = !suspended && was === 'True';
  const startTime = suspended ? undefined : resumed ? formatTime(nowMs) : (job.status?.startTime ?? formatTime(nowMs));
  const remove = suspended ? active : surplus(state);
  const kept = active.filter((pod) => !remove.includes(pod));
  const waitMs = backoffUntilMs(pods);
  const wanted = suspended || remove.length > 0 ? [] : missing(state);
  const create = waitMs > nowMs ? [] : wanted;
  const status = statusOf(count, kept, going, { ...(startTime === undefined ? {} : { startTime }), conditions });
  const deadline = deadlineMs({ ...job, status });
  const times = [deadline, wanted.length > 0 && waitMs > nowMs ? waitMs : undefined].filter(
    (time) => time !== undefined,
  );
  const againMs = times.length === 0 ? undefined : Math.min(...times);
  const untrack = count.untrack.filter((pod) => !count.needed.has(pod));
  return { status, untrack, create, remove, uncounted: true, events, againMs };
}

function statusOf(count: Tally, active: readonly Pod[], going: readonly Pod[], rest: JobStatus): JobStatus {
  const ready = active.filter(isPodReady).length;
  const status = { ...count.counts, ...rest, active: active.length, ready, terminating: going.length };
  return withoutEmpty<JobStatus>(status, ['ready', 'terminating', 'failedIndexes']);
}

function wantActive({ job, count, active }: State): number {
  const { completions, parallelism = 1 } = job.spec;
  // A work queue: when one pod has found it empty, no new ones are needed.
  if (completions === undefined) return count.succeeded > 0 ? active.length : parallelism;
  return Math.max(0, Math.min(completions - count.succeeded - count.failedIndexes.size, parallelism));
}

/** Active pods to delete: twins of an index, work that is done or given up, then those that are too many, the least useful first. */
function surplus(state: State): Pod[] {
  const { job, count, active } = state;
  const useful = (pod: Pod): number => (isPodReady(pod) ? 2 : pod.spec.nodeName === undefined ? 0 : 1);
  const byUse = [...active].sort(
    (a, b) =>
      useful(b) - useful(a) ||
      Date.parse(a.metadata.creationTimestamp) - Date.parse(b.metadata.creationTimestamp) ||
      (a.metadata.name < b.metadata.name ? -1 : 1),
  );
  const seen = new Set<number>();
  const needed = byUse.filter((pod) => {
    if (!isIndexed(job)) return true;
    const index = indexOf(job, pod);
    if (index === undefined || seen.has(index) || count.completed.has(index) || count.failedIndexes.has(index))
      return false;
    seen.add(index);
    return true;
  });
  const kept = new Set(needed.slice(0, wantActive(state)));
  return active.filter((pod) => !kept.has(pod));
}

/** Most pods made in one pass. */
const burst = 500;

function missing(state: State): NewPod[] {
  const { job, count, active, going } = state;
  const waiting = replacesFailedOnly(job) ? going : [];
  const number = Math.min(wantActive(state) - active.length - waiting.length, burst);
  if (!isIndexed(job))
    return Array.from({ length: Math.max(0, number) }, () => ({ index: undefined, failures: undefined }));
  const taken = new Set([...active, ...waiting].map((pod) => indexOf(job, pod)));
  const fresh: NewPod[] = [];
  for (let index = 0; index < (job.spec.completions ?? 0) && fresh.length < number; index += 1) {
    if (taken.has(index) || count.completed.has(index) || count.failedIndexes.has(index)) continue;
    const counted = job.spec.backoffLimitPerIndex !== undefined;
    fresh.push({ index, failures: counted ? (count.failuresOf.get(index) ?? 0) : undefined });
  }
  return fresh;
}

function withCondition(
  conditions: readonly JobCondition[],
  type: string,
  status: 'True' | 'False',
  reason: string,
  message: string,
  nowMs: number,
): JobCondition[] {
  if (findCondition(conditions, type)?.status === status) return [...conditions];
  const now = formatTime(nowMs);
  const next = { type, status, lastProbeTime: now, lastTransitionTime: now, reason, message };
  return [...conditions.filter((one) => one.type !== type), next];
}

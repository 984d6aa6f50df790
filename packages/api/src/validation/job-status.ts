/** What the status of a job may become: counts that fit, and an end that stays (pkg/apis/batch/validation's validateJobStatus, by registry/batch/job's getStatusValidationOptions). */
import { goList, goStruct, goTime, omitted } from '../algebra/go-text.ts';
import { deepEqual } from '../algebra/hash.ts';
import { type FieldError, field } from '../errors.ts';
import type { Job, JobStatus } from '../kinds/types.ts';
import { countIndexes, firstOverlap } from './job-indexes.ts';
import { addNegative, type Faults, type Loose } from './support.ts';

type Status = Loose<JobStatus>;

const counts = ['active', 'succeeded', 'failed', 'ready', 'terminating'] as const;

export function addJobStatus(faults: Faults, next: Loose<Job>, previous: Loose<Job>): void {
  const { status = {} } = next;
  for (const name of counts) addNegative(faults, `status.${name}`, status[name]);
  addUncounted(faults, status);
  for (const [applies, isWrong, fault] of rulesOf(next, previous)) if (applies && isWrong) faults.push(fault());
}

/** No pod is waiting to be counted twice. */
function addUncounted(faults: Faults, { uncountedTerminatedPods: pods = {} }: Status): void {
  const seen = new Set<string>();
  for (const list of ['succeeded', 'failed'] as const) {
    for (const [index, uid] of (pods[list] ?? []).entries()) {
      const at = `status.uncountedTerminatedPods.${list}[${index}]`;
      if (uid === '') faults.push(field.invalid(at, uid, 'must not be empty'));
      else if (seen.has(uid)) faults.push(field.duplicate(at, uid));
      seen.add(uid);
    }
  }
}

const isTrue = ({ conditions = [] }: Status, type: string): boolean =>
  conditions.some((one) => one.type === type && one.status === 'True');

const refuseConditions = (why: string) => (): FieldError => field.invalid('status.conditions', omitted, why);
const refuse = (name: keyof JobStatus, value: unknown, why: string) => (): FieldError =>
  field.invalid(`status.${name}`, value, why);

/** Whether the rule applies, since what it is about has changed; whether it is broken; and the fault then. */
type Rule = readonly [applies: boolean, isWrong: boolean, fault: () => FieldError];

function rulesOf(next: Loose<Job>, previous: Loose<Job>): readonly Rule[] {
  return [
    ...endRules(next.status ?? {}, previous.status ?? {}),
    ...indexRules(next, previous.status ?? {}),
    ...lastingRules(next, previous),
  ];
}

const ends = ['Complete', 'Failed', 'FailureTarget', 'SuccessCriteriaMet'] as const;

/** What a job that is over has, and has not. */
function endRules(now: Status, old: Status): readonly Rule[] {
  const [complete, failed, target, met] = ends.map((type) => isTrue(now, type));
  const [wasComplete, hadFailed, hadTarget, wasMet] = ends.map((type) => isTrue(old, type));
  const isOver = complete === true || failed === true;
  const ended = isOver !== (wasComplete === true || hadFailed === true);
  const completeChanged = complete !== wasComplete;
  const { startTime, completionTime, active = 0, uncountedTerminatedPods: waiting } = now;
  const started = startTime !== old.startTime;
  const completed = completionTime !== old.completionTime;
  const isWaiting = (waiting?.failed ?? []).length + (waiting?.succeeded ?? []).length > 0;
  const early = Date.parse(completionTime ?? '') < Date.parse(startTime ?? '');
  return [
    [
      completeChanged || failed !== hadFailed,
      complete === true && failed === true,
      refuseConditions('cannot set Complete=True and Failed=true conditions'),
    ],
    [
      completeChanged || target !== hadTarget,
      complete === true && target === true,
      refuseConditions('cannot set Complete=True and FailureTarget=true conditions'),
    ],
    [
      completeChanged || completed,
      completionTime !== undefined && complete !== true,
      () =>
        refuse(
          'completionTime',
          goTime(completionTime),
          'cannot set completionTime when there is no Complete=True condition',
        )(),
    ],
    [
      completeChanged || completed,
      completionTime === undefined && complete === true,
      () => field.required('status.completionTime', 'completionTime is required for Complete jobs'),
    ],
    [
      started || completed,
      early,
      () => refuse('completionTime', goTime(completionTime), 'completionTime cannot be set before startTime')(),
    ],
    [
      failed !== hadFailed || target !== hadTarget,
      failed === true && target !== true,
      refuseConditions('cannot set Failed=True condition without the FailureTarget=true condition'),
    ],
    [
      completeChanged || met !== wasMet,
      complete === true && met !== true,
      refuseConditions('cannot set Complete=True condition without the SuccessCriteriaMet=true condition'),
    ],
    [
      ended || active !== (old.active ?? 0),
      isOver && active > 0,
      refuse('active', active, 'active>0 is invalid for finished job'),
    ],
    [
      ended || started,
      isOver && startTime === undefined,
      () => field.required('status.startTime', 'startTime is required for finished job'),
    ],
    [
      ended || !deepEqual(waiting, old.uncountedTerminatedPods),
      isOver && isWaiting,
      refuse(
        'uncountedTerminatedPods',
        goStruct('batch.UncountedTerminatedPods', {
          Succeeded: goList('types.UID', waiting?.succeeded),
          Failed: goList('types.UID', waiting?.failed),
        }),
        'uncountedTerminatedPods needs to be empty for finished job',
      ),
    ],
  ];
}

/** Indexes that there are, each in one list. */
function indexRules({ spec = {}, status: now = {} }: Loose<Job>, old: Status): readonly Rule[] {
  const { completions, backoffLimitPerIndex } = spec;
  const { completedIndexes = '', failedIndexes } = now;
  const completedChanged = completedIndexes !== (old.completedIndexes ?? '');
  const failedChanged = failedIndexes !== old.failedIndexes;
  const limit = completions ?? 0;
  const wrongCompleted = completions === undefined ? 0 : countIndexes(completedIndexes, limit);
  const areLimited = completions !== undefined && backoffLimitPerIndex !== undefined;
  const wrongFailed = areLimited ? countIndexes(failedIndexes ?? '', limit) : 0;
  const overlap = completions === undefined ? undefined : firstOverlap(completedIndexes, failedIndexes ?? '', limit);
  return [
    [
      completedChanged,
      typeof wrongCompleted === 'string',
      refuse('completedIndexes', completedIndexes, `error parsing completedIndexes: ${wrongCompleted}`),
    ],
    [
      failedChanged,
      typeof wrongFailed === 'string',
      refuse('failedIndexes', failedIndexes, `error parsing failedIndexes: ${wrongFailed}`),
    ],
    [
      completedChanged,
      completedIndexes !== '' && spec.completionMode !== 'Indexed',
      refuse(
        'completedIndexes',
        completedIndexes,
        'cannot set non-empty completedIndexes when non-indexed completion mode',
      ),
    ],
    [
      failedChanged,
      backoffLimitPerIndex === undefined && failedIndexes !== undefined,
      refuse('failedIndexes', failedIndexes, 'cannot set non-null failedIndexes when backoffLimitPerIndex is null'),
    ],
    [
      failedChanged || completedChanged,
      overlap !== undefined,
      refuse('failedIndexes', failedIndexes, `failedIndexes and completedIndexes overlap at index: ${overlap}`),
    ],
  ];
}

/** What stays as it is once it is so, and how what is there fits together. */
function lastingRules({ spec = {}, status: now = {} }: Loose<Job>, { status: old = {} }: Loose<Job>): readonly Rule[] {
  const isOver = isTrue(now, 'Complete') || isTrue(now, 'Failed');
  const ended = isOver !== (isTrue(old, 'Complete') || isTrue(old, 'Failed'));
  const met = isTrue(now, 'SuccessCriteriaMet');
  const { active = 0, ready = 0, terminating = 0, failed = 0, succeeded = 0, startTime, completionTime } = now;
  const isElastic = spec.completionMode === 'Indexed' && spec.completions === spec.parallelism;
  return [
    [
      ended || now.terminating !== old.terminating,
      isOver && terminating > 0,
      refuse('terminating', terminating, 'terminating>0 is invalid for finished job'),
    ],
    [
      now.ready !== old.ready || active !== (old.active ?? 0),
      now.ready !== undefined && ready > active,
      refuse('ready', ready, 'cannot set more ready pods than active'),
    ],
    [
      true,
      met && isTrue(now, 'Failed'),
      refuseConditions('cannot set SuccessCriteriaMet=True and Failed=true conditions'),
    ],
    [
      true,
      met && isTrue(now, 'FailureTarget'),
      refuseConditions('cannot set SuccessCriteriaMet=True and FailureTarget=true conditions'),
    ],
    [
      true,
      spec.successPolicy !== undefined && !met && isTrue(now, 'Complete'),
      refuseConditions('cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True'),
    ],
    ...(['Failed', 'Complete', 'FailureTarget'] as const).map(
      (type): Rule => [
        true,
        isTrue(old, type) && !isTrue(now, type),
        refuseConditions(`cannot disable the terminal ${type}=True condition`),
      ],
    ),
    [true, failed < (old.failed ?? 0), refuse('failed', failed, 'cannot decrease the failed counter')],
    [
      !isElastic,
      succeeded < (old.succeeded ?? 0),
      refuse('succeeded', succeeded, 'cannot decrease the succeeded counter'),
    ],
    [
      completionTime !== undefined && old.completionTime !== undefined,
      completionTime !== old.completionTime,
      () => refuse('completionTime', goTime(completionTime), 'completionTime cannot be mutated')(),
    ],
    [
      old.startTime !== undefined && spec.suspend !== true,
      startTime !== old.startTime,
      () => field.required('status.startTime', 'startTime cannot be removed for unsuspended job'),
    ],
    [
      true,
      isTrue(old, 'SuccessCriteriaMet') && !met,
      refuseConditions('cannot disable the SuccessCriteriaMet=True condition'),
    ],
    [
      true,
      isTrue(old, 'Complete') && !isTrue(old, 'SuccessCriteriaMet') && met,
      refuseConditions('cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions'),
    ],
  ];
}

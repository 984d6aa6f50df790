import { describe, expect, test } from 'vitest';
import { faultsOfChange } from './testing.ts';

const job = (status: string, spec = ''): string =>
  `{apiVersion: batch/v1, kind: Job, metadata: {name: a}, spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: i}]}}, ${spec}}, status: {${status}}}`;
const change = (next: string, previous: string, spec = ''): string[] =>
  faultsOfChange(job(next, spec), job(previous, spec), 'status');

const [start, end] = ['startTime: "2026-01-01T00:00:00Z"', 'completionTime: "2026-01-01T00:01:00Z"'];
const conditions = (...types: readonly string[]): string =>
  `conditions: [${types.map((type) => `{type: ${type}, status: "True"}`).join(', ')}]`;
const done = `${conditions('SuccessCriteriaMet', 'Complete')}, ${start}, ${end}`;
const failed = `${conditions('FailureTarget', 'Failed')}, ${start}`;
const indexed = 'completionMode: Indexed, completions: 5, parallelism: 2';
const limited = `${indexed}, backoffLimitPerIndex: 1`;

describe('the status of a job', () => {
  test.each<[string, string, string, string]>([
    ['starts', `${start}, active: 1, ready: 1`, '', ''],
    ['is done', done, `${start}, active: 1`, ''],
    ['has failed', failed, start, ''],
    ['keeps what was wrong before', `${conditions('Complete')}, active: 1`, `${conditions('Complete')}, active: 1`, ''],
    ['of a suspended job starts anew', 'active: 0', start, 'suspend: true'],
    ['counts indexes', `${start}, completedIndexes: "0,2-3", succeeded: 3`, start, indexed],
    ['counts failed indexes', `${start}, completedIndexes: "0", failedIndexes: "1,3"`, start, limited],
    [
      'of an elastic job shrinks',
      'succeeded: 1',
      'succeeded: 2',
      'completionMode: Indexed, completions: 2, parallelism: 2',
    ],
  ])('%s', (_, next, previous, spec) => expect(change(next, previous, spec)).toEqual([]));

  test.each<[string, string, string[], string?]>([
    ['active: -1', '', ['active: Invalid value: -1: must be greater than or equal to 0']],
    [
      'uncountedTerminatedPods: {succeeded: [a, ""], failed: [a]}',
      '',
      [
        'uncountedTerminatedPods.succeeded[1]: Invalid value: "": must not be empty',
        'uncountedTerminatedPods.failed[0]: Duplicate value: "a"',
      ],
    ],
    [
      `${conditions('Complete', 'Failed', 'SuccessCriteriaMet', 'FailureTarget')}, ${start}, ${end}`,
      '',
      [
        'conditions: Invalid value: cannot set Complete=True and Failed=true conditions',
        'conditions: Invalid value: cannot set Complete=True and FailureTarget=true conditions',
        'conditions: Invalid value: cannot set SuccessCriteriaMet=True and Failed=true conditions',
        'conditions: Invalid value: cannot set SuccessCriteriaMet=True and FailureTarget=true conditions',
      ],
    ],
    [
      `${start}, ${end}`,
      start,
      [
        'completionTime: Invalid value: 2026-01-01 00:01:00 +0000 UTC: cannot set completionTime when there is no Complete=True condition',
      ],
    ],
    [
      `${conditions('Complete')}, active: 1, terminating: 2, uncountedTerminatedPods: {failed: [a]}`,
      'active: 1',
      [
        'completionTime: Required value: completionTime is required for Complete jobs',
        'conditions: Invalid value: cannot set Complete=True condition without the SuccessCriteriaMet=true condition',
        'active: Invalid value: 1: active>0 is invalid for finished job',
        'startTime: Required value: startTime is required for finished job',
        'uncountedTerminatedPods: Invalid value: batch.UncountedTerminatedPods{Succeeded:[]types.UID(nil), Failed:[]types.UID{"a"}}: uncountedTerminatedPods needs to be empty for finished job',
        'terminating: Invalid value: 2: terminating>0 is invalid for finished job',
      ],
    ],
    [
      `${conditions('SuccessCriteriaMet', 'Complete')}, ${start}, completionTime: "2025-12-31T00:00:00Z"`,
      start,
      ['completionTime: Invalid value: 2025-12-31 00:00:00 +0000 UTC: completionTime cannot be set before startTime'],
    ],
    [
      `${conditions('Failed')}, ${start}`,
      start,
      ['conditions: Invalid value: cannot set Failed=True condition without the FailureTarget=true condition'],
    ],
    ['active: 1, ready: 2', 'active: 1', ['ready: Invalid value: 2: cannot set more ready pods than active']],
    [
      'completedIndexes: "3,1"',
      '',
      [
        'completedIndexes: Invalid value: "3,1": error parsing completedIndexes: non-increasing order, previous: 3, current: 1',
      ],
      indexed,
    ],
    [
      'completedIndexes: "1-3", failedIndexes: "3-9"',
      '',
      ['failedIndexes: Invalid value: "3-9": error parsing failedIndexes: too large index: "9"'],
      limited,
    ],
    [
      'completedIndexes: "0-2", failedIndexes: "2"',
      '',
      ['failedIndexes: Invalid value: "2": failedIndexes and completedIndexes overlap at index: 2'],
      limited,
    ],
    [
      'completedIndexes: "0", failedIndexes: ""',
      '',
      [
        'completedIndexes: Invalid value: "0": cannot set non-empty completedIndexes when non-indexed completion mode',
        'failedIndexes: Invalid value: "": cannot set non-null failedIndexes when backoffLimitPerIndex is null',
      ],
    ],
    [
      start,
      done,
      [
        'conditions: Invalid value: cannot disable the terminal Complete=True condition',
        'conditions: Invalid value: cannot disable the SuccessCriteriaMet=True condition',
      ],
    ],
    [
      'failed: 1, succeeded: 1',
      'failed: 2, succeeded: 2',
      [
        'failed: Invalid value: 1: cannot decrease the failed counter',
        'succeeded: Invalid value: 1: cannot decrease the succeeded counter',
      ],
    ],
    [
      done.replace('00:01:00', '00:02:00'),
      done,
      ['completionTime: Invalid value: 2026-01-01 00:02:00 +0000 UTC: completionTime cannot be mutated'],
    ],
    ['', start, ['startTime: Required value: startTime cannot be removed for unsuspended job']],
    [
      `${conditions('SuccessCriteriaMet', 'Complete')}, ${start}, ${end}`,
      `${conditions('Complete')}, ${start}, ${end}`,
      ['conditions: Invalid value: cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions'],
    ],
    [
      `${conditions('Complete')}, ${start}, ${end}`,
      `${start}`,
      [
        'conditions: Invalid value: cannot set Complete=True condition without the SuccessCriteriaMet=true condition',
        'conditions: Invalid value: cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True',
      ],
      `${indexed}, successPolicy: {rules: [{succeededCount: 1}]}`,
    ],
  ])('%s after %s is refused', (next, previous, faults, spec = '') =>
    expect(change(next, previous, spec)).toEqual(faults.map((fault) => `status.${fault}`)),
  );
});

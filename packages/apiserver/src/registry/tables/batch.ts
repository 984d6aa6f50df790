/** Rows of jobs and cron jobs. */
import { type JsonObject, parseTime } from '@skiff/api';
import { listAt, numberAt, objectAt, objectsAt, own, textAt } from '../../patch/values.ts';
import type { Column } from '../contract.ts';
import {
  ageColumn,
  boolean,
  integer,
  nameColumn,
  shownSelector,
  since,
  specSelector,
  specTemplate,
  templateColumns,
  text,
} from './columns.ts';
import { humanDuration } from './duration.ts';

function completions(job: JsonObject): string {
  const succeeded = numberAt(job, 'status', 'succeeded') ?? 0;
  const wanted = numberAt(job, 'spec', 'completions');
  if (wanted !== undefined) return `${succeeded}/${wanted}`;
  const parallelism = numberAt(job, 'spec', 'parallelism') ?? 0;
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`;
}

function duration(job: JsonObject, nowMs: number): string {
  const started = parseTime(textAt(job, 'status', 'startTime'));
  if (started === undefined) return '';
  return humanDuration((parseTime(textAt(job, 'status', 'completionTime')) ?? nowMs) - started);
}

function jobStatus(job: JsonObject): string {
  const has = (type: string): boolean =>
    objectsAt(job, 'status', 'conditions').some(
      (condition) => textAt(condition, 'type') === type && textAt(condition, 'status') === 'True',
    );
  if (has('Complete')) return 'Complete';
  if (has('Failed')) return 'Failed';
  if (textAt(job, 'metadata', 'deletionTimestamp') !== '') return 'Terminating';
  if (has('Suspended')) return 'Suspended';
  return has('FailureTarget') ? 'FailureTarget' : 'Running';
}

export const jobColumns: readonly Column[] = [
  nameColumn,
  text('Status', 'Status of the job.', jobStatus),
  text('Completions', 'Pods that ended well, of those wanted.', completions),
  text('Duration', 'Time required to complete the job.', duration),
  ageColumn,
  ...templateColumns(specTemplate, specSelector),
];

const jobSpec = (object: JsonObject): JsonObject | undefined => objectAt(object, 'spec', 'jobTemplate', 'spec');

export const cronJobColumns: readonly Column[] = [
  nameColumn,
  text('Schedule', 'The schedule in cron format.', (object) => textAt(object, 'spec', 'schedule')),
  text(
    'Timezone',
    'The time zone the schedule is read in.',
    (object) => textAt(object, 'spec', 'timeZone') || '<none>',
  ),
  boolean('Suspend', 'No further jobs are made.', (object) => {
    const suspend = own(objectAt(object, 'spec') ?? {}, 'suspend');
    return suspend === undefined ? '<unset>' : suspend === true ? 'True' : 'False';
  }),
  integer('Active', 'Jobs that run now.', (object) => listAt(object, 'status', 'active').length),
  text('Last Schedule', 'How long ago a job was last made.', (object, nowMs) => {
    const last = textAt(object, 'status', 'lastScheduleTime');
    return last === '' ? '<none>' : since(last, nowMs);
  }),
  ageColumn,
  ...templateColumns(
    (object) => objectAt(jobSpec(object), 'template'),
    (object) => shownSelector(objectAt(jobSpec(object), 'selector')),
  ),
];

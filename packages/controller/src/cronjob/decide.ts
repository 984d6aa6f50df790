/** What a CronJob needs next. Pure. Rules and wording: Kubernetes' cronjob controller. */
import {
  type CronJob,
  type CronJobStatus,
  checkTimeZone,
  formatTime,
  type Job,
  parseSchedule,
  parseTime,
  type Schedule,
} from '@skiff/api';
import { isFinished } from '../job/decide.ts';
import { withoutEmpty } from '../runtime/status.ts';
import { lastTime, nextTime } from './times.ts';

export interface CronEvent {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

export interface CronPlan {
  /** Before a job is made. */
  readonly status: CronJobStatus;
  readonly events: readonly CronEvent[];
  /** Running jobs that make room (concurrencyPolicy Replace), and finished ones beyond the history limits. */
  readonly remove: readonly Job[];
  /** The time of the job to make, in ms since the epoch. */
  readonly startMs: number | undefined;
  /** When to look again, in ms since the epoch. */
  readonly againMs: number | undefined;
}

/** `jobs`: those it controls. */
export function planCronJob(cron: CronJob, jobs: readonly Job[], nowMs: number): CronPlan {
  const { status, events } = account(cron, jobs);
  const history = beyondHistory(cron, jobs);
  const idle = { status, events, remove: history, startMs: undefined, againMs: undefined };
  if (cron.metadata.deletionTimestamp !== undefined || cron.spec.suspend === true) return idle;
  const schedule = read(cron);
  if ('reason' in schedule) return { ...idle, events: [...events, schedule] };
  const againMs = nextTime(schedule, nowMs, cron.spec.timeZone);
  const wait = { ...idle, againMs };
  const due = lastTime(schedule, sinceMs(cron, nowMs), nowMs, cron.spec.timeZone);
  if (due === undefined || parseTime(status.lastScheduleTime ?? '') === due.atMs) return wait;
  const told = due.missed > 100 ? [...events, tooMany] : events;
  const deadline = cron.spec.startingDeadlineSeconds;
  if (deadline !== undefined && due.atMs + deadline * 1000 < nowMs) {
    const message = `Missed scheduled time to start a job: ${new Date(due.atMs).toUTCString().replace('GMT', '+0000')}`;
    return { ...wait, events: [...told, { type: 'Warning', reason: 'MissSchedule', message }] };
  }
  const running = jobs.filter((job) => !isFinished(job));
  if (running.some((job) => job.metadata.name === jobName(cron, due.atMs))) return { ...wait, events: told };
  if (cron.spec.concurrencyPolicy === 'Forbid' && running.length > 0)
    return { ...wait, events: [...told, alreadyActive] };
  const replaced = cron.spec.concurrencyPolicy === 'Replace' ? running : [];
  return { status, events: told, remove: [...history, ...replaced], startMs: due.atMs, againMs };
}

/** One job for each time, whoever makes it and however often: the minute is in its name. */
export const jobName = ({ metadata }: CronJob, atMs: number): string => `${metadata.name}-${Math.floor(atMs / 60_000)}`;

const tooMany: CronEvent = {
  type: 'Warning',
  reason: 'TooManyMissedTimes',
  message: 'too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew',
};
const alreadyActive: CronEvent = {
  type: 'Normal',
  reason: 'JobAlreadyActive',
  message: 'Not starting job because prior execution is running and concurrency policy is Forbid',
};

function read({ spec }: CronJob): Schedule | CronEvent {
  const zoneFault = spec.timeZone === undefined ? undefined : checkTimeZone(spec.timeZone);
  if (zoneFault !== undefined)
    return {
      type: 'Warning',
      reason: 'UnknownTimeZone',
      message: `invalid timeZone: "${spec.timeZone}": ${zoneFault}`,
    };
  try {
    return parseSchedule(spec.schedule);
  } catch (error) {
    const fault = error instanceof Error ? error.message : String(error);
    return {
      type: 'Warning',
      reason: 'UnparseableSchedule',
      message: `unparseable schedule: "${spec.schedule}" : ${fault}`,
    };
  }
}

/** Times before this do not matter any more. */
function sinceMs({ metadata, spec, status }: CronJob, nowMs: number): number {
  const last = parseTime(status?.lastScheduleTime ?? '') ?? parseTime(metadata.creationTimestamp) ?? nowMs;
  const { startingDeadlineSeconds } = spec;
  return startingDeadlineSeconds === undefined ? last : Math.max(last, nowMs - startingDeadlineSeconds * 1000);
}

/** The list of running jobs as it should be, and what is to be said about the change. */
function account(cron: CronJob, jobs: readonly Job[]): { status: CronJobStatus; events: CronEvent[] } {
  const events: CronEvent[] = [];
  const listed = cron.status?.active ?? [];
  const byUid = new Map(jobs.map((job) => [job.metadata.uid, job]));
  let success = cron.status?.lastSuccessfulTime;
  for (const job of jobs) {
    const end = job.status?.conditions?.find(
      ({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True',
    );
    const isListed = listed.some(({ uid }) => uid === job.metadata.uid);
    const completed = end?.type === 'Complete' ? job.status?.completionTime : undefined;
    if (completed !== undefined && (success === undefined || completed > success)) success = completed;
    if (end !== undefined && isListed) {
      const message = `Saw completed job: ${job.metadata.name}, condition: ${end.type}`;
      events.push({ type: 'Normal', reason: 'SawCompletedJob', message });
    } else if (end === undefined && !isListed) {
      const message = `Saw a job that the controller did not create or forgot: ${job.metadata.name}`;
      events.push({ type: 'Warning', reason: 'UnexpectedJob', message });
    }
  }
  for (const { uid = '', name } of listed)
    if (!byUid.has(uid))
      events.push({ type: 'Normal', reason: 'MissingJob', message: `Active job went missing: ${name}` });
  const active = listed.filter(({ uid = '' }) => {
    const job = byUid.get(uid);
    return job !== undefined && !isFinished(job);
  });
  const { lastSuccessfulTime: _, ...rest } = cron.status ?? {};
  const status = { ...rest, active, ...(success === undefined ? {} : { lastSuccessfulTime: success }) };
  return { status: withoutEmpty<CronJobStatus>(status), events };
}

/** Finished jobs beyond the history limits, oldest first. */
function beyondHistory({ spec }: CronJob, jobs: readonly Job[]): Job[] {
  const of = (type: string, limit: number): Job[] => {
    const finished = jobs.filter(
      (job) =>
        job.metadata.deletionTimestamp === undefined &&
        job.status?.conditions?.some((one) => one.type === type && one.status === 'True'),
    );
    const started = (job: Job): string => job.status?.startTime ?? job.metadata.creationTimestamp;
    return finished
      .sort((a, b) =>
        started(a) < started(b) ? -1 : started(a) > started(b) ? 1 : a.metadata.name < b.metadata.name ? -1 : 1,
      )
      .slice(0, Math.max(0, finished.length - limit));
  };
  return [...of('Complete', spec.successfulJobsHistoryLimit ?? 3), ...of('Failed', spec.failedJobsHistoryLimit ?? 1)];
}

/** The status once a job was made for `atMs`. */
export const withStarted = (status: CronJobStatus, job: Job, atMs: number): CronJobStatus => ({
  ...status,
  active: [
    ...(status.active ?? []).filter(({ uid }) => uid !== job.metadata.uid),
    {
      apiVersion: 'batch/v1',
      kind: 'Job',
      namespace: job.metadata.namespace ?? '',
      name: job.metadata.name,
      uid: job.metadata.uid,
      resourceVersion: job.metadata.resourceVersion,
    },
  ],
  lastScheduleTime: formatTime(atMs),
});

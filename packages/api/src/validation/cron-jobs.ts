/** CronJobs (pkg/apis/batch/validation). */
import { checkSchedule, checkTimeZone } from '../algebra/cron.ts';
import { goSelector } from '../algebra/go-text.ts';
import { field } from '../errors.ts';
import type { CronJob } from '../kinds/types.ts';
import { addJobSpec } from './jobs.ts';
import { addNegative, addUnsupported, type Faults, type Loose } from './support.ts';

/** Jobs get eleven more characters than their CronJob, and 63 is the most. */
const maxCronJobName = 52;

export function addNewCronJob(faults: Faults, cronJob: Loose<CronJob>): void {
  addCronJob(faults, cronJob);
  const name = cronJob.metadata?.name ?? '';
  if (name.length > maxCronJobName) {
    faults.push(field.invalid('metadata.name', name, `must be no more than ${maxCronJobName} characters`));
  }
}

export function addCronJob(faults: Faults, { spec = {} }: Loose<CronJob>): void {
  const schedule = spec.schedule ?? '';
  if (schedule === '') faults.push(field.required('spec.schedule'));
  else {
    const fault = checkSchedule(schedule);
    if (fault !== undefined) faults.push(field.invalid('spec.schedule', schedule, fault));
  }
  addNegative(faults, 'spec.startingDeadlineSeconds', spec.startingDeadlineSeconds);
  const { timeZone } = spec;
  if (timeZone !== undefined) {
    const fault = checkTimeZone(timeZone);
    if (fault !== undefined) faults.push(field.invalid('spec.timeZone', timeZone, fault));
  }
  addUnsupported(faults, 'spec.concurrencyPolicy', spec.concurrencyPolicy, ['Allow', 'Forbid', 'Replace']);
  const job = spec.jobTemplate?.spec ?? {};
  addJobSpec(faults, job, 'spec.jobTemplate.spec');
  if (job.selector !== undefined) {
    const why = '`selector` will be auto-generated';
    faults.push(field.invalid('spec.jobTemplate.spec.selector', goSelector(job.selector), why));
  }
  if (job.manualSelector === true) {
    faults.push(field.notSupported('spec.jobTemplate.spec.manualSelector', true, ['nil', 'false']));
  }
  addNegative(faults, 'spec.successfulJobsHistoryLimit', spec.successfulJobsHistoryLimit);
  addNegative(faults, 'spec.failedJobsHistoryLimit', spec.failedJobsHistoryLimit);
}

/** Job and CronJob (pkg/apis/batch/validation). */
import { checkSchedule, checkTimeZone } from '../algebra/cron.ts';
import { goMap, goSelector } from '../algebra/go-text.ts';
import { deepEqual } from '../algebra/hash.ts';
import { matchesLabels, toSelector } from '../algebra/labels.ts';
import { field } from '../errors.ts';
import type { CronJob, Job, JobSpec, LabelSelector } from '../kinds/types.ts';
import { addPodTemplate } from './pod/spec.ts';
import { addLabelSelector } from './selectors.ts';
import { addChanged, addNegative, addUnsupported, addUnsupportedIfSet, type Faults, type Loose } from './support.ts';

const counts = [
  'parallelism',
  'completions',
  'activeDeadlineSeconds',
  'backoffLimit',
  'ttlSecondsAfterFinished',
  'backoffLimitPerIndex',
  'maxFailedIndexes',
] as const;

/** Every index is a name in the status; more of them would not fit. */
const maxIndexes = 100_000;

function addJobSpec(faults: Faults, spec: Loose<JobSpec>, path: string): void {
  for (const name of counts) addNegative(faults, `${path}.${name}`, spec[name]);
  addUnsupportedIfSet(faults, `${path}.completionMode`, spec.completionMode, ['Indexed', 'NonIndexed']);
  if (spec.completionMode === 'Indexed') addIndexed(faults, spec, path);
  else {
    for (const name of ['backoffLimitPerIndex', 'maxFailedIndexes'] as const) {
      if (spec[name] === undefined) continue;
      const why = 'requires indexed completion mode';
      faults.push(field.invalid(`${path}.${name}`, spec[name], why));
    }
  }
  addUnsupportedIfSet(faults, `${path}.podReplacementPolicy`, spec.podReplacementPolicy, [
    'Failed',
    'TerminatingOrFailed',
  ]);
  if (spec.podFailurePolicy !== undefined && spec.podReplacementPolicy === 'TerminatingOrFailed') {
    faults.push(field.notSupported(`${path}.podReplacementPolicy`, spec.podReplacementPolicy, ['Failed']));
  }
  addPodTemplate(faults, spec.template ?? {}, `${path}.template`);
  const at = `${path}.template.spec.restartPolicy`;
  const policy = spec.template?.spec?.restartPolicy;
  if (policy === 'Always' || policy === undefined) {
    faults.push(field.required(at, 'valid values: "OnFailure", "Never"'));
  } else if (policy !== 'OnFailure' && policy !== 'Never') {
    faults.push(field.notSupported(at, policy, ['OnFailure', 'Never']));
  } else if (spec.podFailurePolicy !== undefined && policy !== 'Never') {
    const why = 'only "Never" is supported when podFailurePolicy is specified';
    faults.push(field.invalid(at, policy, why));
  }
  addFailurePolicy(faults, spec, `${path}.podFailurePolicy`);
}

function addIndexed(faults: Faults, spec: Loose<JobSpec>, path: string): void {
  const { completions, parallelism } = spec;
  if (completions === undefined) {
    faults.push(field.required(`${path}.completions`, 'when completion mode is Indexed'));
  } else if (completions > maxIndexes && spec.backoffLimitPerIndex !== undefined && (parallelism ?? 0) > 10_000) {
    const why =
      'must be less than or equal to 10000 when completions are above 100000 and used with backoff limit per index';
    faults.push(field.invalid(`${path}.parallelism`, parallelism, why));
  }
  if ((parallelism ?? 0) > maxIndexes) {
    const why = `must be less than or equal to ${maxIndexes} when completion mode is Indexed`;
    faults.push(field.invalid(`${path}.parallelism`, parallelism, why));
  }
}

const actions = ['Count', 'FailIndex', 'FailJob', 'Ignore'];

function addFailurePolicy(faults: Faults, spec: Loose<JobSpec>, path: string): void {
  const rules = spec.podFailurePolicy?.rules ?? [];
  if (rules.length > 20) faults.push(field.tooMany(`${path}.rules`, rules.length, 20));
  for (const [index, rule] of rules.entries()) {
    const at = `${path}.rules[${index}]`;
    addUnsupported(faults, `${at}.action`, rule.action, actions);
    const { onExitCodes, onPodConditions = [] } = rule;
    if (onExitCodes !== undefined) {
      if (onPodConditions.length > 0) {
        faults.push(field.invalid(at, '<omitted>', 'specifying both OnExitCodes and OnPodConditions is not supported'));
      }
      addUnsupported(faults, `${at}.onExitCodes.operator`, onExitCodes.operator, ['In', 'NotIn']);
      const values = onExitCodes.values ?? [];
      if (values.length === 0) {
        faults.push(field.invalid(`${at}.onExitCodes.values`, values, 'at least one value is required'));
      } else if (values.length > 255) faults.push(field.tooMany(`${at}.onExitCodes.values`, values.length, 255));
      if (onExitCodes.operator === 'In' && values.includes(0)) {
        const why = 'must not be 0 for the In operator';
        faults.push(field.invalid(`${at}.onExitCodes.values[${values.indexOf(0)}]`, 0, why));
      }
    } else if (onPodConditions.length === 0) {
      faults.push(field.invalid(at, '<omitted>', 'specifying one of OnExitCodes and OnPodConditions is required'));
    }
    for (const [place, condition] of onPodConditions.entries()) {
      addUnsupported(faults, `${at}.onPodConditions[${place}].status`, condition.status, ['False', 'True', 'Unknown']);
    }
  }
}

export function addJob(faults: Faults, job: Loose<Job>): void {
  const { spec = {} } = job;
  addJobSpec(faults, spec, 'spec');
  if (spec.selector === undefined) return void faults.push(field.required('spec.selector'));
  addLabelSelector(faults, spec.selector, 'spec.selector');
  const labels = (spec.template?.metadata?.labels ?? {}) as Record<string, string>;
  if (!matchesLabels(toSelector(spec.selector as LabelSelector), labels)) {
    faults.push(
      field.invalid(
        'spec.template.metadata.labels',
        goMap('string', labels),
        '`selector` does not match template `labels`',
      ),
    );
  }
}

/** What a suspended job that never ran may change in its template, so that a queue can place it (KEP-2926). */
const placement = ['nodeSelector', 'affinity', 'tolerations', 'schedulingGates'] as const;

export function addJobUpdate(faults: Faults, next: Loose<Job>, previous: Loose<Job>): void {
  const { spec = {} } = next;
  const { spec: old = {}, status } = previous;
  const isElastic = spec.completionMode === 'Indexed' && spec.completions === spec.parallelism;
  if (!isElastic) addChanged(faults, 'spec.completions', spec.completions, old.completions);
  for (const name of [
    'selector',
    'completionMode',
    'podFailurePolicy',
    'backoffLimitPerIndex',
    'managedBy',
    'successPolicy',
  ] as const) {
    const shown = name === 'selector' ? goSelector(spec.selector) : spec[name];
    addChanged(faults, `spec.${name}`, spec[name], old[name], shown);
  }
  const mayMove = old.suspend === true && status?.startTime === undefined;
  const template = mayMove ? withPlacementOf(spec, old) : spec.template;
  if (!deepEqual(template, old.template)) {
    faults.push(field.invalid('spec.template', spec.template ?? null, 'field is immutable'));
  }
}

function withPlacementOf(spec: Loose<JobSpec>, old: Loose<JobSpec>): Loose<JobSpec>['template'] {
  if (spec.template === undefined) return undefined;
  const podSpec = { ...spec.template.spec };
  for (const name of placement) {
    const before = old.template?.spec?.[name];
    if (before === undefined) delete podSpec[name];
    else Object.assign(podSpec, { [name]: before });
  }
  return { ...spec.template, metadata: old.template?.metadata, spec: podSpec };
}

/** Jobs get eleven more characters than their CronJob, and 63 is the most. */
const maxCronJobName = 52;

export function addCronJob(faults: Faults, cronJob: Loose<CronJob>): void {
  const { spec = {} } = cronJob;
  const name = cronJob.metadata?.name ?? '';
  if (name.length > maxCronJobName) {
    faults.push(field.invalid('metadata.name', name, `must be no more than ${maxCronJobName} characters`));
  }
  const schedule = spec.schedule ?? '';
  if (schedule === '') faults.push(field.required('spec.schedule'));
  else {
    const fault = checkSchedule(schedule);
    if (fault !== undefined) faults.push(field.invalid('spec.schedule', schedule, fault));
  }
  const { timeZone } = spec;
  if (timeZone !== undefined) {
    const fault = checkTimeZone(timeZone);
    if (fault !== undefined) faults.push(field.invalid('spec.timeZone', timeZone, fault));
  }
  addNegative(faults, 'spec.startingDeadlineSeconds', spec.startingDeadlineSeconds);
  addUnsupported(faults, 'spec.concurrencyPolicy', spec.concurrencyPolicy, ['Allow', 'Forbid', 'Replace']);
  addNegative(faults, 'spec.successfulJobsHistoryLimit', spec.successfulJobsHistoryLimit);
  addNegative(faults, 'spec.failedJobsHistoryLimit', spec.failedJobsHistoryLimit);
  const job = spec.jobTemplate?.spec ?? {};
  addJobSpec(faults, job, 'spec.jobTemplate.spec');
  if (job.manualSelector === true) {
    faults.push(field.notSupported('spec.jobTemplate.spec.manualSelector', 'true', ['nil', 'false']));
  }
}

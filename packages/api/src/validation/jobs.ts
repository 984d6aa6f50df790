/** Jobs (pkg/apis/batch/validation). */
import { goMap, goSelector } from '../algebra/go-text.ts';
import { deepEqual } from '../algebra/hash.ts';
import { matchesLabels, toSelector } from '../algebra/labels.ts';
import { checkDns1123Label, checkDomainPrefixedPath } from '../algebra/names.ts';
import { field } from '../errors.ts';
import type { Affinity, Job, JobSpec, LabelSelector } from '../kinds/types.ts';
import { addFailurePolicy, addSuccessPolicy } from './job-policies.ts';
import { addPodTemplate } from './pod/spec.ts';
import { addLabelSelector } from './selectors.ts';
import { addChanged, addEach, addNegative, addUnsupportedIfSet, bytesOf, type Faults, type Loose } from './support.ts';

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
/** With more completions than `maxIndexes`, and a limit for each of them. */
const maxOfMany = 10_000;
const maxManagerBytes = 63;

/** What is the same of a job and of a CronJob's template for jobs. */
export function addJobSpec(faults: Faults, spec: Loose<JobSpec>, path: string): void {
  for (const name of counts) addNegative(faults, `${path}.${name}`, spec[name]);
  if (spec.maxFailedIndexes !== undefined && spec.backoffLimitPerIndex === undefined) {
    faults.push(field.required(`${path}.backoffLimitPerIndex`, 'when maxFailedIndexes is specified'));
  }
  if (spec.managedBy !== undefined) addManager(faults, spec.managedBy, `${path}.managedBy`);
  addUnsupportedIfSet(faults, `${path}.completionMode`, spec.completionMode, ['NonIndexed', 'Indexed']);
  if (spec.completionMode === 'Indexed') addIndexed(faults, spec, path);
  else {
    for (const name of ['backoffLimitPerIndex', 'maxFailedIndexes'] as const) {
      if (spec[name] === undefined) continue;
      faults.push(field.invalid(`${path}.${name}`, spec[name], 'requires indexed completion mode'));
    }
  }
  addFailurePolicy(faults, spec, `${path}.podFailurePolicy`);
  addSuccessPolicy(faults, spec, `${path}.successPolicy`);
  addReplacementPolicy(faults, spec, `${path}.podReplacementPolicy`);
  addPodTemplate(faults, spec.template ?? {}, `${path}.template`);
  addRestartPolicy(faults, spec, `${path}.template.spec.restartPolicy`);
}

function addManager(faults: Faults, manager: string, path: string): void {
  if (manager === '') return void faults.push(field.required(path));
  addEach(faults, path, manager, checkDomainPrefixedPath(manager));
  if (bytesOf(manager) > maxManagerBytes) faults.push(field.tooLong(path, maxManagerBytes));
}

function addIndexed(faults: Faults, spec: Loose<JobSpec>, path: string): void {
  const { completions, parallelism = 0, maxFailedIndexes } = spec;
  if (completions === undefined) faults.push(field.required(`${path}.completions`, 'when completion mode is Indexed'));
  if (parallelism > maxIndexes) {
    const why = `must be less than or equal to ${maxIndexes} when completion mode is Indexed`;
    faults.push(field.invalid(`${path}.parallelism`, parallelism, why));
  }
  const failed = maxFailedIndexes ?? 0;
  if (completions !== undefined && failed > completions) {
    faults.push(field.invalid(`${path}.maxFailedIndexes`, failed, 'must be less than or equal to completions'));
  }
  if (failed > maxIndexes) {
    faults.push(field.invalid(`${path}.maxFailedIndexes`, failed, `must be less than or equal to ${maxIndexes}`));
  }
  if (completions === undefined || completions <= maxIndexes || spec.backoffLimitPerIndex === undefined) return;
  if (maxFailedIndexes === undefined) {
    const why = `must be specified when completions is above ${maxIndexes}`;
    faults.push(field.required(`${path}.maxFailedIndexes`, why));
  }
  for (const [name, value] of [['parallelism', parallelism] as const, ['maxFailedIndexes', failed] as const]) {
    if (value <= maxOfMany) continue;
    const why = `must be less than or equal to ${maxOfMany} when completions are above ${maxIndexes} and used with backoff limit per index`;
    faults.push(field.invalid(`${path}.${name}`, value, why));
  }
}

/** With a failure policy a pod is replaced when it has failed, and not before. */
function addReplacementPolicy(faults: Faults, spec: Loose<JobSpec>, path: string): void {
  const known = spec.podFailurePolicy === undefined ? ['Failed', 'TerminatingOrFailed'] : ['Failed'];
  addUnsupportedIfSet(faults, path, spec.podReplacementPolicy, known);
}

function addRestartPolicy(faults: Faults, spec: Loose<JobSpec>, path: string): void {
  const policy = spec.template?.spec?.restartPolicy;
  if (policy === 'Always' || policy === undefined) {
    faults.push(field.required(path, 'valid values: "OnFailure", "Never"'));
  } else if (policy !== 'OnFailure' && policy !== 'Never') {
    faults.push(field.notSupported(path, policy, ['OnFailure', 'Never']));
  } else if (spec.podFailurePolicy !== undefined && policy !== 'Never') {
    faults.push(field.invalid(path, policy, 'only "Never" is supported when podFailurePolicy is specified'));
  }
}

export function addJob(faults: Faults, job: Loose<Job>): void {
  const { spec = {} } = job;
  addJobSpec(faults, spec, 'spec');
  if (spec.selector === undefined) faults.push(field.required('spec.selector'));
  const before = faults.length;
  addLabelSelector(faults, spec.selector, 'spec.selector');
  if (faults.length > before) return;
  const labels = spec.template?.metadata?.labels as Record<string, string> | undefined;
  if (spec.selector !== undefined && matchesLabels(toSelector(spec.selector as LabelSelector), labels ?? {})) return;
  const why = '`selector` does not match template `labels`';
  faults.push(field.invalid('spec.template.metadata.labels', goMap('string', labels), why));
}

/** A new job has also the selector and labels that were made for it, and a name that its pods' names can end. */
export function addNewJob(faults: Faults, job: Loose<Job>): void {
  addOwnSelector(faults, job);
  addJob(faults, job);
  const { completions = 0, completionMode } = job.spec ?? {};
  if (completionMode !== 'Indexed' || completions <= 0) return;
  const host = `${job.metadata?.name ?? ''}-${completions - 1}`;
  if (checkDns1123Label(host).length === 0) return;
  const why = `will not able to create pod with invalid DNS label: ${host}`;
  faults.push(field.invalid('metadata.name', job.metadata?.name ?? '', why));
}

/** What the server chose may have been written before, and must then be the same. */
function addOwnSelector(faults: Faults, { metadata = {}, spec = {} }: Loose<Job>): void {
  const { selector } = spec;
  if (spec.manualSelector === true || selector === undefined) return;
  const { uid = '', name = '' } = metadata;
  if (uid === '') faults.push(field.required('metadata.uid'));
  const wanted: Readonly<Record<string, string>> = {
    'controller-uid': uid,
    'job-name': name,
    'batch.kubernetes.io/controller-uid': uid,
    'batch.kubernetes.io/job-name': name,
  };
  const labels = (spec.template?.metadata?.labels ?? {}) as Record<string, string>;
  for (const [label, value] of Object.entries(wanted)) {
    const at = `spec.template.metadata.labels[${label}]`;
    const why = `must be '${value}'`;
    if (!Object.hasOwn(labels, label)) faults.push(field.required(at, why));
    else if (labels[label] !== value) faults.push(field.invalid(at, goMap('string', labels), why));
  }
  const unreadable: Faults = [];
  addLabelSelector(unreadable, selector, 'spec.selector');
  if (unreadable.length > 0 || matchesLabels(toSelector(selector as LabelSelector), wanted)) return;
  faults.push(field.invalid('spec.selector', goSelector(selector), '`selector` not auto-generated'));
}

export function addJobUpdate(faults: Faults, next: Loose<Job>, previous: Loose<Job>): void {
  const { spec = {} } = next;
  const { spec: old = {}, status } = previous;
  addCompletionsUpdate(faults, spec, old);
  addChanged(faults, 'spec.selector', spec.selector, old.selector, goSelector(spec.selector));
  const mayMove = old.suspend === true && status?.startTime === undefined;
  const template = mayMove ? withPlacementOf(spec.template, old.template) : spec.template;
  if (!deepEqual(template, old.template)) {
    faults.push(field.invalid('spec.template', spec.template ?? null, 'field is immutable'));
  }
  for (const name of [
    'completionMode',
    'podFailurePolicy',
    'backoffLimitPerIndex',
    'managedBy',
    'successPolicy',
  ] as const) {
    addChanged(faults, `spec.${name}`, spec[name], old[name]);
  }
}

/** An indexed job may grow and shrink, when it runs all of its indexes at once. */
function addCompletionsUpdate(faults: Faults, spec: Loose<JobSpec>, old: Loose<JobSpec>): void {
  const { completions } = spec;
  if (spec.completionMode !== 'Indexed') {
    return void addChanged(faults, 'spec.completions', completions, old.completions);
  }
  if (completions === undefined || completions === old.completions || completions === spec.parallelism) return;
  faults.push(field.invalid('spec.completions', completions, 'can only be modified in tandem with spec.parallelism'));
}

type Template = Loose<JobSpec>['template'];

/** What a suspended job that never ran may change in its template, so that a queue can place it (KEP-2926). */
const placement = ['nodeSelector', 'tolerations', 'schedulingGates'] as const;

/** A template with everything of the old one that a queue may have changed. */
function withPlacementOf(template: Template, old: Template): Template {
  if (template === undefined) return undefined;
  const podSpec = { ...template.spec };
  for (const name of placement) {
    const before = old?.spec?.[name];
    if (before === undefined) delete podSpec[name];
    else Object.assign(podSpec, { [name]: before });
  }
  const affinity = withNodeAffinityOf(podSpec.affinity, old?.spec?.affinity);
  if (affinity === undefined) delete podSpec.affinity;
  else podSpec.affinity = affinity;
  const metadata = { ...template.metadata };
  for (const name of ['labels', 'annotations'] as const) {
    const before = old?.metadata?.[name];
    if (before === undefined) delete metadata[name];
    else metadata[name] = before;
  }
  const isBare = Object.keys(metadata).length === 0 && old?.metadata === undefined;
  const { metadata: _, ...rest } = template;
  return { ...rest, spec: podSpec, ...(isBare ? {} : { metadata }) };
}

/** Which nodes are liked may change; which pods are, may not. */
function withNodeAffinityOf(next: Loose<Affinity> | undefined, old: Loose<Affinity> | undefined) {
  const { nodeAffinity: _, ...others } = next ?? {};
  if (old?.nodeAffinity !== undefined) return { ...others, nodeAffinity: old.nodeAffinity };
  return Object.keys(others).length === 0 ? old : others;
}

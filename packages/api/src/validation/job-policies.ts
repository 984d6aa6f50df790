/** When a job's pod counts as failed, and when the job as done (pkg/apis/batch/validation). */
import { type GoText, goList, goPointer, goStruct, omitted } from '../algebra/go-text.ts';
import { checkQualifiedName } from '../algebra/names.ts';
import { field } from '../errors.ts';
import type { JobSpec } from '../kinds/types.ts';
import { countIndexes } from './job-indexes.ts';
import { addEach, addNegative, bytesOf, type Faults, type Loose } from './support.ts';

const maxRules = 20;
const maxPatterns = 20;
const maxExitCodes = 255;
const maxIndexesBytes = 64 * 1024;

type FailureRule = NonNullable<NonNullable<Loose<JobSpec>['podFailurePolicy']>['rules']>[number];
type SuccessRule = NonNullable<NonNullable<Loose<JobSpec>['successPolicy']>['rules']>[number];

/** A fault when a text is missing, with all it may be, or is none of them. */
function addOneOf(faults: Faults, path: string, value: string | undefined, known: readonly string[]): void {
  if (value === undefined || value === '') {
    faults.push(field.required(path, `valid values: [${known.map((one) => `"${one}"`).join(' ')}]`));
  } else if (!known.includes(value)) faults.push(field.notSupported(path, value, known));
}

export function addFailurePolicy(faults: Faults, spec: Loose<JobSpec>, path: string): void {
  const rules = spec.podFailurePolicy?.rules ?? [];
  if (rules.length > maxRules) faults.push(field.tooMany(`${path}.rules`, rules.length, maxRules));
  const { containers = [], initContainers = [] } = spec.template?.spec ?? {};
  const names = new Set([...containers, ...initContainers].map((container) => container.name));
  for (const [index, rule] of rules.entries()) addFailureRule(faults, rule, spec, names, `${path}.rules[${index}]`);
}

function addFailureRule(
  faults: Faults,
  rule: FailureRule,
  spec: Loose<JobSpec>,
  containers: ReadonlySet<string | undefined>,
  path: string,
): void {
  addOneOf(faults, `${path}.action`, rule.action, ['Count', 'FailIndex', 'FailJob', 'Ignore']);
  if (rule.action === 'FailIndex' && spec.backoffLimitPerIndex === undefined) {
    faults.push(field.invalid(`${path}.action`, rule.action, 'requires the backoffLimitPerIndex to be set'));
  }
  const { onExitCodes, onPodConditions = [] } = rule;
  if (onExitCodes !== undefined) addExitCodes(faults, onExitCodes, containers, `${path}.onExitCodes`);
  if (onPodConditions.length > maxPatterns) {
    faults.push(field.tooMany(`${path}.onPodConditions`, onPodConditions.length, maxPatterns));
  }
  for (const [index, { type = '', status }] of onPodConditions.entries()) {
    const at = `${path}.onPodConditions[${index}]`;
    addEach(faults, `${at}.type`, type, checkQualifiedName(type));
    addOneOf(faults, `${at}.status`, status, ['False', 'True', 'Unknown']);
  }
  if (onExitCodes !== undefined && onPodConditions.length > 0) {
    faults.push(field.invalid(path, omitted, 'specifying both OnExitCodes and OnPodConditions is not supported'));
  } else if (onExitCodes === undefined && onPodConditions.length === 0) {
    faults.push(field.invalid(path, omitted, 'specifying one of OnExitCodes and OnPodConditions is required'));
  }
}

function addExitCodes(
  faults: Faults,
  { operator, containerName, values = [] }: NonNullable<FailureRule['onExitCodes']>,
  containers: ReadonlySet<string | undefined>,
  path: string,
): void {
  addOneOf(faults, `${path}.operator`, operator, ['In', 'NotIn']);
  if (containerName !== undefined && !containers.has(containerName)) {
    const why = 'must be one of the container or initContainer names in the pod template';
    faults.push(field.invalid(`${path}.containerName`, containerName, why));
  }
  const at = `${path}.values`;
  if (values.length === 0) faults.push(field.invalid(at, goList('int32', values), 'at least one value is required'));
  else if (values.length > maxExitCodes) faults.push(field.tooMany(at, values.length, maxExitCodes));
  for (const [index, value] of values.entries()) {
    if (operator === 'In' && value === 0) {
      faults.push(field.invalid(`${at}[${index}]`, value, 'must not be 0 for the In operator'));
    }
    if (values.indexOf(value) < index) faults.push(field.duplicate(`${at}[${index}]`, value));
  }
  if (values.some((value, index) => index > 0 && value < (values[index - 1] ?? value))) {
    faults.push(field.invalid(at, goList('int32', values), 'must be ordered'));
  }
}

export function addSuccessPolicy(faults: Faults, spec: Loose<JobSpec>, path: string): void {
  const { successPolicy } = spec;
  if (successPolicy === undefined) return;
  const { rules = [] } = successPolicy;
  if (spec.completionMode !== 'Indexed') {
    return void faults.push(field.invalid(path, shownSuccessPolicy(rules), 'requires indexed completion mode'));
  }
  if (rules.length === 0) {
    const why = 'at least one rules must be specified when the successPolicy is specified';
    faults.push(field.required(`${path}.rules`, why));
  }
  if (rules.length > maxRules) faults.push(field.tooMany(`${path}.rules`, rules.length, maxRules));
  for (const [index, rule] of rules.entries()) addSuccessRule(faults, rule, spec, `${path}.rules[${index}]`);
}

function addSuccessRule(faults: Faults, rule: SuccessRule, spec: Loose<JobSpec>, path: string): void {
  const { succeededCount: count, succeededIndexes: indexes } = rule;
  if (count === undefined && indexes === undefined) {
    faults.push(field.required(path, 'at least one of succeededCount or succeededIndexes must be specified'));
  }
  const { completions } = spec;
  let total = 0;
  if (indexes !== undefined) {
    const at = `${path}.succeededIndexes`;
    if (bytesOf(indexes) > maxIndexesBytes) faults.push(field.tooLong(at, maxIndexesBytes));
    const counted = countIndexes(indexes, completions ?? 0);
    if (typeof counted === 'number') total = counted;
    else faults.push(field.invalid(at, indexes, `error parsing succeededIndexes: ${counted}`));
  }
  if (count === undefined) return;
  const at = `${path}.succeededCount`;
  addNegative(faults, at, count);
  if (completions !== undefined && count > completions) {
    const why = `must be less than or equal to ${completions} (the number of specified completions)`;
    faults.push(field.invalid(at, count, why));
  }
  if (indexes !== undefined && count > total) {
    const why = `must be less than or equal to ${total} (the number of indexes in the specified succeededIndexes field)`;
    faults.push(field.invalid(at, count, why));
  }
}

function shownSuccessPolicy(rules: readonly SuccessRule[]): GoText {
  const shown = rules.map((rule) =>
    goStruct('batch.SuccessPolicyRule', {
      SucceededIndexes: goPointer('string', rule.succeededIndexes),
      SucceededCount: goPointer('int32', rule.succeededCount),
    }),
  );
  return goStruct('batch.SuccessPolicy', { Rules: goList('batch.SuccessPolicyRule', shown) });
}

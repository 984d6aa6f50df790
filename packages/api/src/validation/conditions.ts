/** Conditions as metav1 has them, where a kind's status holds them (meta/v1/validation's ValidateConditions). */
import { checkQualifiedName, patternMessage } from '../algebra/names.ts';
import { field } from '../errors.ts';
import type { Condition } from '../kinds/types.ts';
import { addEach, bytesOf, type Faults, type Loose } from './support.ts';

const maxReasonBytes = 1024;
const maxMessageBytes = 32 * 1024;
const reasonPattern = '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?';
const reasonRegExp = new RegExp(`^${reasonPattern}$`);
const reasonMessage = patternMessage(
  "a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters or '_,:', and must end with an alphanumeric character or '_'",
  reasonPattern,
  ...['my_name', 'MY_NAME', 'MyName', 'ReasonA,ReasonB', 'ReasonA:ReasonB'],
);
const statuses = ['False', 'True', 'Unknown'];

export function addConditions(faults: Faults, conditions: Loose<Condition[]> | undefined, path: string): void {
  const seen = new Set<string>();
  for (const [index, condition] of (conditions ?? []).entries()) {
    const { type = '' } = condition;
    if (seen.has(type)) faults.push(field.duplicate(`${path}[${index}].type`, type));
    seen.add(type);
    addCondition(faults, condition, `${path}[${index}]`);
  }
}

function addCondition(faults: Faults, condition: Loose<Condition>, path: string): void {
  const { type = '', reason = '', message = '' } = condition;
  addEach(faults, `${path}.type`, type, checkQualifiedName(type));
  const { status = '', observedGeneration: generation = 0 } = condition;
  if (!statuses.includes(status)) faults.push(field.notSupported(`${path}.status`, status, statuses));
  if (generation < 0) {
    faults.push(field.invalid(`${path}.observedGeneration`, generation, 'must be greater than or equal to zero'));
  }
  if (condition.lastTransitionTime === undefined)
    faults.push(field.required(`${path}.lastTransitionTime`, 'must be set'));
  if (reason === '') faults.push(field.required(`${path}.reason`, 'must be set'));
  else {
    if (!reasonRegExp.test(reason.slice(0, maxReasonBytes + 1))) {
      faults.push(field.invalid(`${path}.reason`, reason, reasonMessage));
    }
    if (bytesOf(reason) > maxReasonBytes) faults.push(field.tooLong(`${path}.reason`, maxReasonBytes));
  }
  if (bytesOf(message) > maxMessageBytes) faults.push(field.tooLong(`${path}.message`, maxMessageBytes));
}

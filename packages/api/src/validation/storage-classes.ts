/** StorageClasses (pkg/apis/storage/validation). */
import { deepEqual } from '../algebra/hash.ts';
import { checkQualifiedName } from '../algebra/names.ts';
import { field } from '../errors.ts';
import type { StorageClass } from '../kinds/types.ts';
import {
  addChanged,
  addEach,
  addUnsupported,
  addUnsupportedIfSet,
  bytesOf,
  entriesOf,
  type Faults,
  type Loose,
  repeatsOf,
} from './support.ts';

const maxParameters = 512;
const maxParameterBytes = 256 * 1024;

export function addStorageClass(faults: Faults, one: Loose<StorageClass>): void {
  const provisioner = one.provisioner ?? '';
  if (provisioner === '') faults.push(field.required('provisioner', provisioner));
  else addEach(faults, 'provisioner', provisioner, checkQualifiedName(provisioner.toLowerCase()));
  const parameters = entriesOf(one.parameters);
  if (parameters.length > maxParameters) faults.push(field.tooLong('parameters', maxParameters));
  else addParameters(faults, parameters);
  addUnsupportedIfSet(faults, 'reclaimPolicy', one.reclaimPolicy, ['Delete', 'Retain']);
  addUnsupported(faults, 'volumeBindingMode', one.volumeBindingMode, ['Immediate', 'WaitForFirstConsumer']);
  addTopologies(faults, one.allowedTopologies);
}

function addParameters(faults: Faults, parameters: readonly (readonly [string, string])[]): void {
  let size = 0;
  for (const [key, value] of parameters) {
    if (key === '') faults.push(field.invalid('parameters', key, 'field can not be empty.'));
    size += bytesOf(key) + bytesOf(value);
  }
  if (size > maxParameterBytes) faults.push(field.tooLong('parameters', maxParameterBytes));
}

type Terms = Loose<StorageClass>['allowedTopologies'];
type Requirement = NonNullable<NonNullable<NonNullable<Terms>[number]['matchLabelExpressions']>[number]>;

/** Where volumes may be: each key once in a term, each term once. */
function addTopologies(faults: Faults, terms: Terms): void {
  const seen = new Set<string>();
  for (const [index, term] of (terms ?? []).entries()) {
    const path = `allowedTopologies[${index}].matchLabelExpressions`;
    const values = new Map<string, readonly string[]>();
    for (const [place, requirement] of (term.matchLabelExpressions ?? []).entries()) {
      const at = `${path}[${place}]`;
      const { key = '' } = requirement;
      const chosen = addRequirement(faults, requirement, at);
      if (values.has(key)) faults.push(field.duplicate(`${at}.key`, key));
      values.set(key, chosen);
    }
    const shown = JSON.stringify([...values].sort(([one], [other]) => (one < other ? -1 : 1)));
    if (seen.has(shown)) faults.push(field.duplicate(path, ''));
    seen.add(shown);
  }
}

/** Returns the values, each once and in order. */
function addRequirement(faults: Faults, { key = '', values = [] }: Requirement, path: string): string[] {
  if (values.length === 0) faults.push(field.required(`${path}.values`));
  for (const index of repeatsOf(values)) faults.push(field.duplicate(`${path}.values[${index}]`, values[index]));
  addEach(faults, `${path}.key`, key, checkQualifiedName(key));
  return [...new Set(values)].sort();
}

export function addStorageClassUpdate(faults: Faults, next: Loose<StorageClass>, previous: Loose<StorageClass>): void {
  if (!deepEqual(next.parameters ?? {}, previous.parameters ?? {})) {
    faults.push(field.forbidden('parameters', 'updates to parameters are forbidden.'));
  }
  if (next.provisioner !== previous.provisioner) {
    faults.push(field.forbidden('provisioner', 'updates to provisioner are forbidden.'));
  }
  if (next.reclaimPolicy !== previous.reclaimPolicy) {
    faults.push(field.forbidden('reclaimPolicy', 'updates to reclaimPolicy are forbidden.'));
  }
  addChanged(faults, 'volumeBindingMode', next.volumeBindingMode, previous.volumeBindingMode);
}

/** Specs of persistent volume claims, in claims and wherever templates of claims stand. */
import { checkDns1123Subdomain } from '../algebra/names.ts';
import { tryParseQuantity } from '../algebra/quantity.ts';
import { field } from '../errors.ts';
import type { PersistentVolumeClaimSpec } from '../kinds/types.ts';
import { addLabelSelector } from './selectors.ts';
import { addEach, addUnsupportedIfSet, type Faults, type Loose, positiveMessage } from './support.ts';

export const accessModes = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];

export function addAccessModes(faults: Faults, modes: readonly string[] | undefined, path: string): void {
  for (const mode of modes ?? []) {
    if (!accessModes.includes(mode)) faults.push(field.notSupported(path, mode, accessModes));
  }
  if (modes?.includes('ReadWriteOncePod') && modes.length > 1) {
    faults.push(field.forbidden(path, 'may not use ReadWriteOncePod with other access modes'));
  }
}

export function addClaimSpec(faults: Faults, spec: Loose<PersistentVolumeClaimSpec>, path: string): void {
  if ((spec.accessModes ?? []).length === 0) {
    faults.push(field.required(`${path}.accessModes`, 'at least 1 access mode is required'));
  }
  addLabelSelector(faults, spec.selector, `${path}.selector`);
  addAccessModes(faults, spec.accessModes, `${path}.accessModes`);
  const storage = spec.resources?.requests?.storage;
  if (storage === undefined) faults.push(field.required(`${path}.resources[storage]`));
  else if ((tryParseQuantity(storage)?.nano ?? 1n) <= 0n) {
    faults.push(field.invalid(`${path}.resources[storage]`, String(storage), positiveMessage));
  }
  for (const name of ['storageClassName', 'volumeAttributesClassName'] as const) {
    const value = spec[name];
    if (value !== undefined && value !== '') addEach(faults, `${path}.${name}`, value, checkDns1123Subdomain(value));
  }
  addUnsupportedIfSet(faults, `${path}.volumeMode`, spec.volumeMode, ['Block', 'Filesystem']);
}

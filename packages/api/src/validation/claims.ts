/** Specs of persistent volume claims, in claims and wherever templates of claims stand. */
import { deepEqual } from '../algebra/hash.ts';
import { checkDns1123Label, checkDns1123Subdomain } from '../algebra/names.ts';
import { tryParseQuantity } from '../algebra/quantity.ts';
import { field } from '../errors.ts';
import type { PersistentVolumeClaimSpec, TypedLocalObjectReference } from '../kinds/types.ts';
import { addLabelSelector } from './selectors.ts';
import { addEach, addMissing, addUnsupportedIfSet, type Faults, type Loose } from './support.ts';

export const accessModes = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];

export function addAccessModes(faults: Faults, modes: readonly string[] | undefined, path: string): void {
  for (const mode of modes ?? []) {
    if (!accessModes.includes(mode)) faults.push(field.notSupported(path, mode, accessModes));
  }
  const known = new Set(modes?.filter((mode) => accessModes.includes(mode)));
  if (known.has('ReadWriteOncePod') && known.size > 1) {
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
    faults.push(field.invalid(`${path}.resources[storage]`, String(storage), 'must be greater than zero'));
  }
  const { storageClassName: name = '' } = spec;
  if (name !== '') addEach(faults, `${path}.storageClassName`, name, checkDns1123Subdomain(name));
  addUnsupportedIfSet(faults, `${path}.volumeMode`, spec.volumeMode, ['Block', 'Filesystem']);
  addDataSources(faults, spec, path);
}

/** What a volume is filled with. The old field and the new one say the same, unless the new one looks into another namespace. */
function addDataSources(faults: Faults, { dataSource, dataSourceRef }: Loose<PersistentVolumeClaimSpec>, path: string) {
  if (dataSource !== undefined) addDataSource(faults, dataSource, `${path}.dataSource`);
  if (dataSourceRef !== undefined) addDataSource(faults, dataSourceRef, `${path}.dataSourceRef`);
  const namespace = dataSourceRef?.namespace ?? '';
  if (namespace !== '') addEach(faults, `${path}.dataSourceRef.namespace`, namespace, checkDns1123Label(namespace));
  if (dataSource === undefined || dataSourceRef === undefined) return;
  const { namespace: _, ...plain } = dataSourceRef;
  if (namespace !== '') {
    const why = 'may not be specified when dataSourceRef.namespace is specified';
    faults.push(field.invalid(path, `${path}.dataSource`, why));
  } else if (!deepEqual(dataSource, plain)) {
    faults.push(field.invalid(path, `${path}.dataSource`, 'must match dataSourceRef'));
  }
}

function addDataSource(faults: Faults, source: Loose<TypedLocalObjectReference>, path: string): void {
  const { name, kind, apiGroup = '' } = source;
  addMissing(faults, `${path}.name`, name);
  addMissing(faults, `${path}.kind`, kind);
  if (apiGroup !== '') addEach(faults, `${path}.apiGroup`, apiGroup, checkDns1123Subdomain(apiGroup));
  else if (kind !== 'PersistentVolumeClaim') {
    const why = "must be 'PersistentVolumeClaim' when referencing the default apiGroup";
    faults.push(field.invalid(path, kind ?? '', why));
  }
}

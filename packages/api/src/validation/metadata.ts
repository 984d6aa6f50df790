/** Metadata of every object (apimachinery's api/validation and meta/v1/validation). */
import { goTime } from '../algebra/go-text.ts';
import {
  checkDns1035Label,
  checkDns1123Label,
  checkDns1123Subdomain,
  checkLabelValue,
  checkPathSegment,
  checkQualifiedName,
} from '../algebra/names.ts';
import { field } from '../errors.ts';
import type { ManagedFieldsEntry, ObjectMeta, OwnerReference } from '../object.ts';
import { addChanged, addEach, bytesOf, entriesOf, type Faults, type Loose } from './support.ts';

/** How the objects of a kind may be named. */
export type NameRule = 'subdomain' | 'label' | 'dns1035' | 'path';

const checks: Readonly<Record<NameRule, (name: string) => string[]>> = {
  subdomain: checkDns1123Subdomain,
  label: checkDns1123Label,
  dns1035: checkDns1035Label,
  path: checkPathSegment,
};

/** A prefix may end in a dash: something follows. */
function checkName(rule: NameRule, name: string, isPrefix: boolean): string[] {
  return checks[rule](isPrefix && name.endsWith('-') && rule !== 'path' ? `${name.slice(0, -1)}a` : name);
}

/** Annotations of one object, keys and values together, in bytes. */
const maxAnnotationBytes = 256 * 1024;

/** Faults of the metadata of a new object. `path` is `metadata`, or a template's. */
export function validateObjectMeta(
  meta: Loose<ObjectMeta>,
  options: { readonly namespaced: boolean; readonly name: NameRule },
  path = 'metadata',
): Faults {
  const faults: Faults = [];
  const { name = '', namespace = '', generateName = '' } = meta;
  if (generateName !== '') {
    addEach(faults, `${path}.generateName`, generateName, checkName(options.name, generateName, true));
  }
  if (name === '') faults.push(field.required(`${path}.name`, 'name or generateName is required'));
  else addEach(faults, `${path}.name`, name, checkName(options.name, name, false));
  if (!options.namespaced) {
    if (namespace !== '') faults.push(field.forbidden(`${path}.namespace`, 'not allowed on this type'));
  } else if (namespace === '') faults.push(field.required(`${path}.namespace`));
  else addEach(faults, `${path}.namespace`, namespace, checkDns1123Label(namespace));
  if ((meta.generation ?? 0) < 0) {
    faults.push(field.invalid(`${path}.generation`, meta.generation, 'must be greater than or equal to 0'));
  }
  addCommon(faults, meta, path);
  return faults;
}

/** Faults of a change of metadata: identity does not change, and a dying object gets no new finalizer. */
export function validateObjectMetaUpdate(
  next: Loose<ObjectMeta>,
  previous: Loose<ObjectMeta>,
  path = 'metadata',
): Faults {
  const faults: Faults = [];
  if (previous.deletionTimestamp !== undefined) {
    const before = new Set(previous.finalizers ?? []);
    const added = (next.finalizers ?? []).filter((one) => !before.has(one)).sort();
    if (added.length > 0) {
      const list = `[]string{${added.map((one) => JSON.stringify(one)).join(', ')}}`;
      faults.push(
        field.forbidden(
          `${path}.finalizers`,
          `no new finalizers can be added if the object is being deleted, found new finalizers ${list}`,
        ),
      );
    }
  }
  for (const name of ['name', 'namespace', 'uid', 'creationTimestamp'] as const) {
    addChanged(faults, `${path}.${name}`, next[name], previous[name]);
  }
  const { deletionTimestamp: deleted, deletionGracePeriodSeconds: grace } = next;
  const shown = deleted === undefined ? deleted : goTime(deleted);
  addChanged(faults, `${path}.deletionTimestamp`, deleted, previous.deletionTimestamp, shown);
  addChanged(faults, `${path}.deletionGracePeriodSeconds`, grace, previous.deletionGracePeriodSeconds);
  addCommon(faults, next, path);
  return faults;
}

/** What new and changed metadata have in common. */
function addCommon(faults: Faults, meta: Loose<ObjectMeta>, path: string): void {
  addLabels(faults, meta.labels, `${path}.labels`);
  addAnnotations(faults, meta.annotations, `${path}.annotations`);
  addOwners(faults, meta.ownerReferences, `${path}.ownerReferences`);
  addFinalizers(faults, meta.finalizers, `${path}.finalizers`);
  addManagedFields(faults, meta.managedFields, `${path}.managedFields`);
}

/** Labels, and any map that is matched against labels (a node selector). */
export function addLabels(
  faults: Faults,
  labels: Readonly<Record<string, string | undefined>> | undefined,
  path: string,
): void {
  for (const [key, value] of entriesOf(labels)) {
    addEach(faults, path, key, checkQualifiedName(key));
    addEach(faults, path, value, checkLabelValue(value));
  }
}

/** Annotations: keys are qualified names in any case; together they are bounded. */
export function addAnnotations(
  faults: Faults,
  annotations: Readonly<Record<string, string | undefined>> | undefined,
  path: string,
): void {
  let size = 0;
  for (const [key, value] of entriesOf(annotations)) {
    addEach(faults, path, key, checkQualifiedName(key.toLowerCase()));
    size += bytesOf(key) + bytesOf(value);
  }
  if (size > maxAnnotationBytes) faults.push(field.tooLong(path, maxAnnotationBytes));
}

function addOwners(faults: Faults, owners: Loose<OwnerReference[]> | undefined, path: string): void {
  let controller = '';
  for (const owner of owners ?? []) {
    const version = (owner.apiVersion ?? '').split('/').pop();
    if (version === '') {
      faults.push(field.invalid(`${path}.apiVersion`, owner.apiVersion ?? '', 'version must not be empty'));
    }
    for (const name of ['kind', 'name', 'uid'] as const) {
      if ((owner[name] ?? '') === '') faults.push(field.invalid(`${path}.${name}`, '', `${name} must not be empty`));
    }
    if (owner.apiVersion === 'v1' && owner.kind === 'Event') {
      faults.push(field.invalid(path, owner, '/v1, Kind=Event is disallowed from being an owner'));
    }
    if (owner.controller !== true) continue;
    const name = `${owner.kind}/${owner.name}`;
    if (controller === '') controller = name;
    else {
      const why = `Only one reference can have Controller set to true. Found "true" in references for ${controller} and ${name}`;
      faults.push(field.invalid(path, owners, why));
    }
  }
}

function addFinalizers(faults: Faults, finalizers: readonly string[] | undefined, path: string): void {
  for (const finalizer of finalizers ?? []) addEach(faults, path, finalizer, checkQualifiedName(finalizer));
  if (finalizers?.includes('orphan') && finalizers.includes('foregroundDeletion')) {
    faults.push(field.invalid(path, finalizers, 'finalizer orphan and foregroundDeletion cannot be both set'));
  }
}

/** Finalizers without a domain are the system's own. */
export function addStandardFinalizer(faults: Faults, finalizer: string, path: string): void {
  if (finalizer.includes('/') || standardFinalizers.includes(finalizer)) return;
  const why = 'name is neither a standard finalizer name nor is it fully qualified';
  faults.push(field.invalid(path, finalizer, why));
}

const standardFinalizers = ['kubernetes', 'orphan', 'foregroundDeletion'];

function addManagedFields(faults: Faults, entries: Loose<ManagedFieldsEntry[]> | undefined, path: string): void {
  for (const [index, entry] of (entries ?? []).entries()) {
    const at = `${path}[${index}]`;
    if (entry.operation !== 'Apply' && entry.operation !== 'Update') {
      faults.push(field.invalid(`${at}.operation`, entry.operation ?? '', 'must be `Apply` or `Update`'));
    }
    if (entry.fieldsType !== undefined && entry.fieldsType !== 'FieldsV1') {
      faults.push(field.invalid(`${at}.fieldsType`, entry.fieldsType, 'must be `FieldsV1`'));
    }
    faults.push(...validateFieldManager(entry.manager ?? '', `${at}.manager`));
    if (bytesOf(entry.subresource ?? '') > 256) faults.push(field.tooLong(`${at}.subresource`, 256));
  }
}

/** All of it is printable, which is quickly seen. */
const plain = /^[ -~]*$/;

/** Faults of a field manager's name: 128 bytes of printable characters. */
export function validateFieldManager(manager: string, path = 'fieldManager'): Faults {
  const faults: Faults = [];
  if (bytesOf(manager) > 128) faults.push(field.tooLong(path, 128));
  const hidden = plain.test(manager) ? null : /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.exec(manager.slice(0, 1024));
  if (hidden !== null) {
    const code = (hidden[0].codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
    faults.push(field.invalid(path, manager, `invalid character U+${code} (at position ${hidden.index})`));
  }
  return faults;
}

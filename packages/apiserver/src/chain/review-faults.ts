/** What reviews may ask (pkg/apis/authorization/validation of v1.32). */
import {
  checkQualifiedName,
  type FieldError,
  field,
  type GoText,
  goStruct,
  type Json,
  type JsonObject,
} from '@skiff/api';
import { isObject, listAt, objectAt, objectsAt, own, textAt } from '../patch/values.ts';

/** Faults of a SubjectAccessReview, a SelfSubjectAccessReview or a LocalSubjectAccessReview. */
export function reviewFaults(kind: string, object: JsonObject): FieldError[] {
  const faults: FieldError[] = [];
  const spec = objectAt(object, 'spec') ?? {};
  const [resource, path] = [objectAt(spec, 'resourceAttributes'), objectAt(spec, 'nonResourceAttributes')];
  if (resource !== undefined && path !== undefined) {
    const why = 'cannot be specified in combination with resourceAttributes';
    faults.push(field.invalid('spec.nonResourceAttributes', shownPath(path), why));
  }
  if (resource === undefined && path === undefined) {
    const why = 'exactly one of nonResourceAttributes or resourceAttributes must be specified';
    faults.push(field.invalid('spec.resourceAttributes', null, why));
  }
  if (kind !== 'SelfSubjectAccessReview' && textAt(spec, 'user') === '' && listAt(spec, 'groups').length === 0) {
    faults.push(field.invalid('spec.user', '', 'at least one of user or group must be specified'));
  }
  if (resource !== undefined) addSelectors(faults, resource);
  const isLocal = kind === 'LocalSubjectAccessReview';
  addMetadata(faults, objectAt(object, 'metadata') ?? {}, isLocal);
  if (!isLocal) return faults;
  const namespace = textAt(object, 'metadata', 'namespace');
  if (resource !== undefined && textAt(resource, 'namespace') !== namespace) {
    const at = 'spec.resourceAttributes.namespace';
    faults.push(field.invalid(at, textAt(resource, 'namespace'), 'must match metadata.namespace'));
  }
  if (path !== undefined) {
    faults.push(field.invalid('spec.nonResourceAttributes', shownPath(path), 'disallowed on this kind of request'));
  }
  return faults;
}

const shownPath = (path: JsonObject): GoText =>
  goStruct('authorization.NonResourceAttributes', { Path: textAt(path, 'path'), Verb: textAt(path, 'verb') });

const isEmpty = (value: Json | undefined): boolean =>
  value === undefined || value === null || value === '' || (isObject(value) && Object.keys(value).length === 0);

/** A review is no object: it has neither a name nor anything else. */
function addMetadata(faults: FieldError[], metadata: JsonObject, isLocal: boolean): void {
  const ignored = ['managedFields', ...(isLocal ? ['namespace'] : [])];
  const isBare = Object.entries(metadata).every(([key, value]) => ignored.includes(key) || isEmpty(value));
  if (isBare) return;
  const shown = goStruct('v1.ObjectMeta', {
    ...{ Name: textAt(metadata, 'name'), GenerateName: textAt(metadata, 'generateName') },
    ...{ Namespace: textAt(metadata, 'namespace'), SelfLink: '', UID: textAt(metadata, 'uid') },
  });
  faults.push(field.invalid('metadata', shown, isLocal ? 'must be empty except for namespace' : 'must be empty'));
}

function addSelectors(faults: FieldError[], resource: JsonObject): void {
  for (const name of ['fieldSelector', 'labelSelector'] as const) {
    const selector = objectAt(resource, name);
    if (selector === undefined) continue;
    const at = `spec.resourceAttributes.${name}`;
    const raw = textAt(selector, 'rawSelector');
    const requirements = objectsAt(selector, 'requirements');
    if (raw !== '' && requirements.length > 0) {
      const why = 'may not specified at the same time as requirements';
      faults.push(field.invalid(`${at}.rawSelector`, raw, why));
    }
    if (raw === '' && requirements.length === 0) {
      const why = `when ${at} is specified, requirements or rawSelector is required`;
      faults.push(field.required(`${at}.requirements`, why));
    }
    for (const [index, each] of requirements.entries()) {
      addRequirement(faults, each, `${at}.requirements[${index}]`, name === 'labelSelector');
    }
  }
}

/** Operators that nobody here knows are let through: the asker may be newer. */
function addRequirement(faults: FieldError[], requirement: JsonObject, at: string, isLabel: boolean): void {
  const key = textAt(requirement, 'key');
  const values = listAt(requirement, 'values');
  const operator = own(requirement, 'operator');
  if (!isLabel && key === '') faults.push(field.required(`${at}.key`, 'must be specified'));
  if ((operator === 'In' || operator === 'NotIn') && values.length === 0) {
    const why = "must be specified when `operator` is 'In' or 'NotIn'";
    faults.push(field.required(`${at}.values`, why));
  }
  if ((operator === 'Exists' || operator === 'DoesNotExist') && values.length > 0) {
    const why = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
    faults.push(field.forbidden(`${at}.values`, why));
  }
  if (isLabel) for (const why of checkQualifiedName(key)) faults.push(field.invalid(`${at}.key`, key, why));
}

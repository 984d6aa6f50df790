/** Validation of whole objects: metadata, then what the kind asks for. */
import type { Definition } from '../definition.ts';
import type { FieldError } from '../errors.ts';
import type { JsonObject, ObjectMeta } from '../object.ts';
import { kindRules } from './kinds.ts';
import { addStandardFinalizer, validateObjectMeta, validateObjectMetaUpdate } from './metadata.ts';
import type { Faults, Loose } from './support.ts';

const metaOf = (object: JsonObject): Loose<ObjectMeta> => (object.metadata ?? {}) as Loose<ObjectMeta>;

const ruleOf = (definition: Definition) =>
  kindRules.get(`${definition.group}/${definition.kind}`) ??
  kindRules.get(`${definition.group}/${definition.kind}/${definition.version}`);

/** Groups whose objects may bear any finalizer: they are not those of Kubernetes' core packages. */
const libraryGroups = new Set([
  'apiextensions.k8s.io',
  'apiregistration.k8s.io',
  'admissionregistration.k8s.io',
  'coordination.k8s.io',
]);

/** Built-in objects bear finalizers of the system, or with a domain. */
function addOwnFinalizers(faults: Faults, { group, schema }: Definition, object: JsonObject): void {
  if (schema().ref === undefined || libraryGroups.has(group)) return;
  for (const [index, finalizer] of (metaOf(object).finalizers ?? []).entries())
    addStandardFinalizer(faults, finalizer, `metadata.finalizers[${index}]`);
}

/**
 * Faults of a new object, as pkg/apis/<group>/validation of v1.32 finds them. The object was decoded and defaulted, and
 * has its name and namespace. Kinds without rules of their own have their metadata checked.
 */
export function validate(definition: Definition, object: JsonObject): FieldError[] {
  const rule = ruleOf(definition);
  const name = rule?.name ?? 'subdomain';
  const faults: Faults = validateObjectMeta(metaOf(object), { namespaced: definition.namespaced, name });
  addOwnFinalizers(faults, definition, object);
  (rule?.create ?? rule?.check)?.(faults, object);
  return faults;
}

/**
 * Faults of a changed object and of the change. `subresource` is '' for the object itself: a status is checked for what
 * a status may not do, and other subresources for what they add.
 */
export function validateUpdate(
  definition: Definition,
  next: JsonObject,
  previous: JsonObject,
  subresource = '',
): FieldError[] {
  const rule = ruleOf(definition);
  const faults: Faults = validateObjectMetaUpdate(metaOf(next), metaOf(previous));
  addOwnFinalizers(faults, definition, next);
  if (subresource === '' || subresource === 'scale') {
    if (rule?.updateFirst) rule.update?.(faults, next, previous);
    rule?.check?.(faults, next);
    if (!rule?.updateFirst) rule?.update?.(faults, next, previous);
  } else rule?.subresources?.[subresource]?.(faults, next, previous);
  return faults;
}

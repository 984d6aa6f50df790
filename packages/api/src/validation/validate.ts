/** Validation of whole objects: metadata, then what the kind asks for. */
import type { Definition } from '../definition.ts';
import type { FieldError } from '../errors.ts';
import type { JsonObject, ObjectMeta } from '../object.ts';
import { kindRules } from './kinds.ts';
import { validateObjectMeta, validateObjectMetaUpdate } from './metadata.ts';
import type { Faults, Loose } from './support.ts';

const metaOf = (object: JsonObject): Loose<ObjectMeta> => (object.metadata ?? {}) as Loose<ObjectMeta>;

const ruleOf = (definition: Definition) =>
  kindRules.get(`${definition.group}/${definition.kind}`) ??
  kindRules.get(`${definition.group}/${definition.kind}/${definition.version}`);

/**
 * Faults of a new object, as pkg/apis/<group>/validation of v1.32 finds them. The object was decoded and defaulted, and
 * has its name and namespace. Kinds without rules of their own have their metadata checked.
 */
export function validate(definition: Definition, object: JsonObject): FieldError[] {
  const rule = ruleOf(definition);
  const name = rule?.name ?? 'subdomain';
  const faults: Faults = validateObjectMeta(metaOf(object), { namespaced: definition.namespaced, name });
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
  if (subresource === '' || subresource === 'scale') {
    rule?.check?.(faults, next);
    rule?.update?.(faults, next, previous);
  } else rule?.subresources?.[subresource]?.(faults, next, previous);
  return faults;
}

/** What the server does to an object on its way in: decode, default, validate, all by the rules of @skiff/api. */
import { badRequest, type Definition, type FieldError, invalid, type JsonObject } from '@skiff/api';
import { applyDefaults, decode, validate, validateUpdate } from '@skiff/api/validation';

/** The object in its stored form. Throws BadRequest for a field of a wrong type or one that does not exist. */
export function decodeObject(definition: Definition, object: JsonObject): JsonObject {
  const { value, unknown, faults } = decode(definition.schema(), structuredClone(object));
  const problems = [...faults, ...unknown.map((path) => `unknown field "${path}"`)];
  if (problems.length > 0) throw badRequest(`strict decoding error: ${problems.join(', ')}`);
  return applyDefaults(definition, value as JsonObject);
}

/** Throws Invalid. */
export function checkNew(definition: Definition, object: JsonObject): void {
  refuse(definition, object, validate(definition, object));
}

/** Throws Invalid. */
export function checkChanged(definition: Definition, next: JsonObject, before: JsonObject, subresource: string): void {
  refuse(definition, next, validateUpdate(definition, next, before, subresource));
}

function refuse({ group, kind }: Definition, object: JsonObject, faults: readonly FieldError[]): void {
  const { name } = object.metadata as { name: string };
  if (faults.length > 0) throw invalid({ group, kind }, name, faults);
}

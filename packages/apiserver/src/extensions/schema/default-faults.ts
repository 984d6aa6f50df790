/** Whether the defaults in a schema are values that it allows (apiextensions' defaulting.ValidateDefaults). */
import { type FieldError, field, type Json, type ObjectSchema } from '@skiff/api';
import { prune } from '@skiff/api/validation';
import { copy, isObject, same } from '../../patch/values.ts';
import { resourceFaults } from './embedded.ts';
import { itemsOf, type JsonSchema } from './json-schema.ts';
import { toObjectSchema, toSchema } from './to-schema.ts';
import { validateValue } from './validate-value.ts';

const metaFields = new Set(['metadata', 'kind', 'apiVersion']);

/** Faults of all defaults below `schema`, whose path is `path`. Below a resource's metadata they are not looked at. */
export function defaultFaults(schema: JsonSchema, path: string): FieldError[] {
  return faultsBelow({ ...schema, 'x-kubernetes-embedded-resource': true }, path);
}

function faultsBelow(schema: JsonSchema, path: string): FieldError[] {
  const isResource = schema['x-kubernetes-embedded-resource'] === true;
  const faults = schema.default === undefined ? [] : ownFaults(schema, schema.default, `${path}.default`);
  const items = itemsOf(schema);
  if (items !== undefined) faults.push(...faultsBelow(items, `${path}.items`));
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    if (isResource && metaFields.has(name)) continue;
    faults.push(...faultsBelow(property, `${path}.properties[${name}]`));
  }
  return faults;
}

function ownFaults(schema: JsonSchema, value: Json, path: string): FieldError[] {
  if (!same(pruned(schema, value), value)) return [field.invalid(path, value, 'must not have unknown fields')];
  const meta = resourceFaults(schema, value, []);
  const faults = meta.length > 0 ? meta : validateValue(schema, value, undefined);
  return faults.map((fault) => ({ ...fault, field: placed(path, fault.field) }));
}

const placed = (path: string, at: string): string => {
  if (at === '<nil>') return path;
  return at.startsWith('[') ? `${path}${at}` : `${path}.${at}`;
};

/** The value without what the schema does not know. Values that are no objects stand in one for the time. */
function pruned(schema: JsonSchema, value: Json): Json {
  if (isObject(value) && schema['x-kubernetes-embedded-resource'] === true) {
    return prune(toObjectSchema(schema), copy(value)).value;
  }
  const holder: ObjectSchema = { type: 'object', properties: { value: toSchema(schema) }, required: [] };
  const { value: kept } = prune(holder, { value: copy(value) });
  return isObject(kept) ? (kept.value ?? null) : null;
}

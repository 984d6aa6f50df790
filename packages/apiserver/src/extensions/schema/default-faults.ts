/** Whether the defaults in a schema are values that it allows (apiextensions' defaulting.ValidateDefaults). */
import { type FieldError, field, type Json, type ObjectSchema } from '@skiff/api';
import { prune } from '@skiff/api/validation';
import { copy, isObject, same } from '../../patch/values.ts';
import { resourceFaults } from './embedded.ts';
import { itemsOf, type JsonSchema } from './json-schema.ts';
import { toObjectSchema, toSchema } from './to-schema.ts';
import { validateValue } from './validate-value.ts';

const metaFields = new Set(['metadata', 'kind', 'apiVersion']);

/** A default that a schema has for a value. */
export interface Default {
  readonly schema: JsonSchema;
  readonly value: Json;
  readonly path: string;
  /** It stands for a whole resource. */
  readonly isResource: boolean;
}

/** Faults of all defaults below `schema`, whose path is `path`. */
export const defaultFaults = (schema: JsonSchema, path: string): FieldError[] =>
  defaultsIn(schema, path).flatMap(({ schema, value, path }) => ownFaults(schema, value, path));

/** All defaults below `schema`, whose path is `path`. Below a resource's metadata they are not looked at. */
export const defaultsIn = (schema: JsonSchema, path: string): Default[] =>
  defaultsBelow({ ...schema, 'x-kubernetes-embedded-resource': true }, path);

function defaultsBelow(schema: JsonSchema, path: string): Default[] {
  const isResource = schema['x-kubernetes-embedded-resource'] === true;
  const { default: value } = schema;
  const found = value === undefined ? [] : [{ schema, value, path: `${path}.default`, isResource }];
  const items = itemsOf(schema);
  if (items !== undefined) found.push(...defaultsBelow(items, `${path}.items`));
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    if (isResource && metaFields.has(name)) continue;
    found.push(...defaultsBelow(property, `${path}.properties[${name}]`));
  }
  return found;
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

/** Nulls where the schema allows none: absent fields, written otherwise (apiextensions' pruning of non-nullable nulls). */
import type { Json, JsonObject } from '@skiff/api';
import { isObject, own } from '../../patch/values.ts';
import { fieldSchema, itemsOf, type JsonSchema } from './json-schema.ts';

/** Drops them, in place. A null with a default stays: defaulting takes its place. */
export function dropNulls(schema: JsonSchema | undefined, value: Json): void {
  if (Array.isArray(value)) {
    const items = schema === undefined ? undefined : itemsOf(schema);
    for (const item of value) dropNulls(items, item);
  } else if (isObject(value)) dropNullFields(schema, value);
}

function dropNullFields(schema: JsonSchema | undefined, object: JsonObject): void {
  if (schema === undefined) return;
  for (const key of Object.keys(object)) {
    const child = fieldSchema(schema, key);
    const value = own(object, key) ?? null;
    if (value === null && child !== undefined && child.nullable !== true && child.default === undefined)
      delete object[key];
    else dropNulls(child, value);
  }
}

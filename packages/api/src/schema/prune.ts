/** Dropping what a custom kind's schema does not name, and nothing else: its values are validated, not decoded. */
import { setOwn } from '../json/exact.ts';
import type { Json } from '../object.ts';
import { Cursor } from './cursor.ts';
import type { ObjectSchema, Schema } from './schema.ts';

export interface Pruned {
  /** A new document where something was dropped; parts of the input elsewhere. */
  readonly value: Json;
  /** Paths of what was dropped: `spec.foo`. At most 100. */
  readonly unknown: readonly string[];
}

/** Drops unknown fields, except below `preserveUnknown`. Values of the wrong type are left for validation to find. */
export function prune(schema: ObjectSchema, value: Json): Pruned {
  const at = new Cursor();
  return { value: pruneValue(schema, value, at), unknown: at.unknown };
}

function pruneValue(schema: Schema, value: Json, at: Cursor): Json {
  if (typeof value !== 'object' || value === null) return value;
  if (schema.type === 'array' && Array.isArray(value)) {
    return value.map((item, index) => pruneAt(schema.items, item, index, at));
  }
  if (Array.isArray(value)) return value;
  if (schema.type === 'map') {
    const map: Record<string, Json> = {};
    for (const [key, item] of Object.entries(value)) setOwn(map, key, pruneAt(schema.values, item, key, at));
    return map;
  }
  if (schema.type !== 'object') return value;
  const object: Record<string, Json> = {};
  for (const [key, item] of Object.entries(value)) {
    const property = Object.hasOwn(schema.properties, key) ? schema.properties[key] : undefined;
    if (property !== undefined) setOwn(object, key, pruneAt(property, item, key, at));
    else if (schema.preserveUnknown === true) setOwn(object, key, item);
    else at.addUnknown(key);
  }
  return object;
}

function pruneAt(schema: Schema, value: Json, part: string | number, at: Cursor): Json {
  at.path.push(part);
  const pruned = pruneValue(schema, value, at);
  at.path.pop();
  return pruned;
}

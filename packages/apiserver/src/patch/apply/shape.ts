/** How apply sees a value: as a whole, as named fields, or as a list of items that have a name. From the schema. */
import type { ArraySchema, Json, JsonObject, MapSchema, ObjectSchema, Schema } from '@skiff/api';
import { refuseTooManyKeys } from '@skiff/api/json';
import { isObject, own } from '../values.ts';

export type Shape =
  /** One value: scalars, atomic lists and objects. */
  | { readonly type: 'leaf' }
  | { readonly type: 'fields'; readonly field: (key: string) => Field }
  | { readonly type: 'items'; readonly items: Schema; readonly elementOf: (item: Json) => string | undefined };

export interface Field {
  /** How field sets name it. */
  readonly element: string;
  readonly schema: Schema;
  /** A declared field, not a free key. */
  readonly named: boolean;
}

const leaf: Shape = { type: 'leaf' };
const anything: Schema = { type: 'any' };

const free =
  (schema: Schema) =>
  (key: string): Field => ({ element: `f:${key}`, schema, named: false });

const freeFields: Shape = { type: 'fields', field: free(anything) };

/** Shapes that follow from the schema alone; every use of a type shares its schema. */
const known = new WeakMap<Schema, Shape>();

/** The shape of `value` under `schema`. Without a declared type, objects are merged by key and lists are one value. */
export function shapeOf(schema: Schema, value: Json | undefined): Shape {
  if (schema.type === 'any') return isObject(value) ? freeFields : leaf;
  if (schema.type !== 'object' && schema.type !== 'map' && schema.type !== 'array') return leaf;
  let shape = known.get(schema);
  if (shape === undefined) {
    shape = containerShape(schema);
    known.set(schema, shape);
  }
  return shape;
}

function containerShape(schema: ObjectSchema | MapSchema | ArraySchema): Shape {
  if (schema.type === 'array') return listShape(schema);
  if (schema.atomic === true) return leaf;
  const other = free(schema.type === 'map' ? schema.values : anything);
  if (schema.type === 'map') return { type: 'fields', field: other };
  const declared = new Map(
    Object.entries(schema.properties).map(([key, each]): [string, Field] => [
      key,
      { element: `f:${key}`, schema: each, named: true },
    ]),
  );
  return { type: 'fields', field: (key) => declared.get(key) ?? other(key) };
}

function listShape(schema: ArraySchema): Shape {
  if (schema.listType === 'set') {
    return { type: 'items', items: schema.items, elementOf: (item) => `v:${JSON.stringify(item)}` };
  }
  if (schema.listType !== 'map') return leaf;
  const keys = [...(schema.listMapKeys ?? [])].sort().map((key) => ({ key, member: `${JSON.stringify(key)}:` }));
  return {
    type: 'items',
    items: schema.items,
    elementOf: (item) => (isObject(item) ? keyElement(schema.items, keys, item) : undefined),
  };
}

interface ListKey {
  readonly key: string;
  /** How its member begins in JSON. */
  readonly member: string;
}

/** An item's keys, with the schema's defaults for those it leaves out, as JSON; undefined when it has none. */
function keyElement(schema: Schema, keys: readonly ListKey[], item: JsonObject): string | undefined {
  let found = '';
  for (const { key, member } of keys) {
    const value = own(item, key) ?? defaultOf(schema, key);
    if (value !== undefined) found += `${found === '' ? '' : ','}${member}${JSON.stringify(value)}`;
  }
  return found === '' ? undefined : `k:{${found}}`;
}

function defaultOf(schema: Schema, key: string): Json | undefined {
  return schema.type === 'object' && Object.hasOwn(schema.properties, key)
    ? schema.properties[key]?.default
    : undefined;
}

/** The items of a list by their element, the first of equal ones; undefined for items without a name. */
export function indexItems(
  list: readonly Json[],
  elementOf: (item: Json) => string | undefined,
): ReadonlyMap<string, Json> {
  // Each item is a key of its manager's claims at least.
  refuseTooManyKeys(list.length);
  const index = new Map<string, Json>();
  for (const item of list) {
    const element = elementOf(item);
    if (element !== undefined && !index.has(element)) index.set(element, item);
  }
  return index;
}

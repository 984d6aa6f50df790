/** Filling in the defaults a schema states, in place. */
import { setOwn } from '../json/exact.ts';
import type { Json, JsonObject } from '../object.ts';
import type { ObjectSchema, Schema } from './schema.ts';

/**
 * Gives absent fields their default, wherever an object of their type exists, and null ones too unless they may be null.
 * A default that is an object is filled in further. Changes `value` and returns it.
 */
export function applySchemaDefaults(schema: ObjectSchema, value: JsonObject): JsonObject {
  fill(schema, value);
  return value;
}

interface Plan {
  /** Fields with a default of their own. */
  readonly defaults: readonly (readonly [name: string, schema: Schema])[];
  /** Fields below which there is something to fill in. */
  readonly descend: readonly (readonly [name: string, schema: Schema])[];
}

const plans = new WeakMap<ObjectSchema['properties'], Plan>();
const holds = new WeakMap<ObjectSchema['properties'], boolean>();

/** True when a default stands anywhere below. Types that contain themselves are met once. */
function holdsDefaults(schema: Schema): boolean {
  if (schema.type === 'array') return holdsDefaults(schema.items);
  if (schema.type === 'map') return holdsDefaults(schema.values);
  if (schema.type !== 'object') return false;
  const { properties } = schema;
  const known = holds.get(properties);
  if (known !== undefined) return known;
  const found = searchDefaults(properties, new Set());
  holds.set(properties, found);
  return found;
}

function searchDefaults(properties: ObjectSchema['properties'], met: Set<ObjectSchema['properties']>): boolean {
  if (met.has(properties)) return false;
  met.add(properties);
  return Object.values(properties).some((property) => {
    if (property.default !== undefined) return true;
    let inner: Schema = property;
    while (inner.type === 'array' || inner.type === 'map') inner = inner.type === 'array' ? inner.items : inner.values;
    return inner.type === 'object' && searchDefaults(inner.properties, met);
  });
}

function planOf(schema: ObjectSchema): Plan {
  const known = plans.get(schema.properties);
  if (known !== undefined) return known;
  const all = Object.entries(schema.properties);
  const plan = {
    defaults: all.filter(([, property]) => property.default !== undefined),
    descend: all.filter(([, property]) => holdsDefaults(property)),
  };
  plans.set(schema.properties, plan);
  return plan;
}

function fill(schema: Schema, value: Json): void {
  if (typeof value !== 'object' || value === null) return;
  if (schema.type === 'array') {
    if (Array.isArray(value) && holdsDefaults(schema.items)) for (const item of value) fill(schema.items, item);
    return;
  }
  if (Array.isArray(value)) return;
  if (schema.type === 'map') {
    if (holdsDefaults(schema.values)) for (const item of Object.values(value)) fill(schema.values, item);
    return;
  }
  if (schema.type === 'object') fillObject(planOf(schema), value);
}

/** A default that nobody else holds. */
function ownCopy(value: Json): Json {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(ownCopy);
  const copy: JsonObject = {};
  for (const key of Object.keys(value)) setOwn(copy, key, ownCopy(value[key] as Json));
  return copy;
}

function fillObject(plan: Plan, object: JsonObject): void {
  for (const [name, property] of plan.defaults) {
    const present = Object.hasOwn(object, name) ? object[name] : undefined;
    const isAbsent = present === undefined || (present === null && property.nullable !== true);
    if (isAbsent && property.default !== undefined) setOwn(object, name, ownCopy(property.default));
  }
  for (const [name, property] of plan.descend) {
    const present = Object.hasOwn(object, name) ? object[name] : undefined;
    if (present !== undefined) fill(property, present);
  }
}

/**
 * From a parsed document to one that its schema allows, as Go's decoder would read it and write it again: unknown fields
 * are dropped and reported, null means absent, fields at their zero value are dropped where Go would, quantities and
 * times take their canonical form, and a wrong type is a fault in Go's words. A schema is compiled once into closures.
 */
import { setOwn } from '../json/exact.ts';
import type { Json } from '../object.ts';
import { Cursor } from './cursor.ts';
import { goType, goValue, structName } from './go-names.ts';
import { scalarWalker, type Walker } from './scalars.ts';
import type { ArraySchema, MapSchema, ObjectSchema, Schema } from './schema.ts';

export interface Decoded {
  /** The document; parts with faults are missing from it. The input may have been changed and may share parts with it. */
  readonly value: Json;
  /** Paths of fields that the schema does not know: `spec.containers[0].imge`. At most 100. */
  readonly unknown: readonly string[];
  /** What does not fit, e.g. `json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32`. At most 100. */
  readonly faults: readonly string[];
}

/**
 * Checks and normalises `value`, which is used up. `fractions` are the paths of numbers written like `1.0`, as `parseJson`
 * reports them: no integer field takes those.
 */
export function decode(schema: ObjectSchema, value: unknown, fractions: readonly string[] = []): Decoded {
  const at = new Cursor();
  const decoded = walkerOf(schema, '')(value, at);
  for (const path of fractions) checkFraction(schema, path, at);
  return { value: (decoded ?? {}) as Json, unknown: at.unknown, faults: at.faults };
}

function walkerOf(schema: Schema, struct: string): Walker {
  if (schema.type === 'object') return objectWalker(schema, struct);
  if (schema.type === 'map') return mapWalker(schema, struct);
  return schema.type === 'array' ? arrayWalker(schema, struct) : scalarWalker(schema, struct);
}

interface Field {
  readonly walk: Walker;
  readonly omitZero: boolean;
}

/** Fields by the object that holds their schemas: every use of a type shares that object. */
const compiled = new WeakMap<ObjectSchema['properties'], ReadonlyMap<string, Field>>();

function fieldsOf(schema: ObjectSchema): ReadonlyMap<string, Field> {
  const known = compiled.get(schema.properties);
  if (known !== undefined) return known;
  const fields = new Map<string, Field>();
  compiled.set(schema.properties, fields);
  const struct = structName(schema.ref);
  for (const name of Object.keys(schema.properties)) {
    const property = schema.properties[name];
    if (property === undefined) continue;
    fields.set(name, { walk: walkerOf(property, struct), omitZero: property.omitZero === true });
  }
  return fields;
}

function objectWalker(schema: ObjectSchema, struct: string): Walker {
  const keepsUnknown = schema.preserveUnknown === true;
  let fields: ReadonlyMap<string, Field> | undefined;
  return (value, at) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      at.addMismatch(goValue(value), struct, goType(schema));
      return undefined;
    }
    fields ??= fieldsOf(schema);
    return walkObject(value as Record<string, unknown>, fields, keepsUnknown, at);
  };
}

/** Changes values in place. Only when a field must go is a new object made: deleting makes objects slow. */
function walkObject(
  object: Record<string, unknown>,
  fields: ReadonlyMap<string, Field>,
  keepsUnknown: boolean,
  at: Cursor,
): Record<string, unknown> {
  let dropped: Set<string> | undefined;
  for (const key of Object.keys(object)) {
    const field = fields.get(key);
    if (field === undefined) {
      if (keepsUnknown) continue;
      at.addUnknown(key);
      dropped ??= new Set();
      dropped.add(key);
      continue;
    }
    const before = object[key];
    let after: unknown;
    if (before !== null) {
      at.path.push(key);
      after = field.walk(before, at);
      at.path.pop();
    }
    if (after === undefined || (field.omitZero && isZero(after))) {
      dropped ??= new Set();
      dropped.add(key);
    } else if (after !== before) object[key] = after;
  }
  return dropped === undefined ? object : without(object, dropped);
}

function without(object: Record<string, unknown>, dropped: ReadonlySet<string>): Record<string, unknown> {
  const kept: Record<string, unknown> = {};
  for (const key of Object.keys(object)) {
    if (!dropped.has(key)) setOwn(kept, key, object[key]);
  }
  return kept;
}

function isZero(value: unknown): boolean {
  if (value === '' || value === 0 || value === false) return true;
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value)) return value.length === 0;
  for (const _key in value) return false;
  return true;
}

/** Null in a list or map is the zero value of the items' type, as in Go. */
function zeroOf(schema: Schema): unknown {
  switch (schema.type) {
    case 'object':
    case 'map':
      return {};
    case 'array':
      return [];
    case 'string':
      return schema.format === 'quantity' ? '0' : '';
    case 'boolean':
      return false;
    case 'any':
      return null;
    default:
      return 0;
  }
}

function arrayWalker(schema: ArraySchema, struct: string): Walker {
  const type = goType(schema);
  const { items } = schema;
  let walk: Walker | undefined;
  return (value, at) => {
    if (!Array.isArray(value)) {
      at.addMismatch(goValue(value), struct, type);
      return undefined;
    }
    walk ??= walkerOf(items, struct);
    for (let index = 0; index < value.length; index += 1) {
      const before: unknown = value[index];
      at.path.push(index);
      const after = before === null ? zeroOf(items) : (walk(before, at) ?? zeroOf(items));
      at.path.pop();
      if (after !== before) value[index] = after;
    }
    return value;
  };
}

function mapWalker(schema: MapSchema, struct: string): Walker {
  const type = goType(schema);
  const { values } = schema;
  let walk: Walker | undefined;
  return (value, at) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      at.addMismatch(goValue(value), struct, type);
      return undefined;
    }
    walk ??= walkerOf(values, struct);
    const map = value as Record<string, unknown>;
    for (const key of Object.keys(map)) {
      const before = map[key];
      // The keys of a map are no fields: Go's messages do not name them.
      const after = before === null ? zeroOf(values) : (walk(before, at) ?? zeroOf(values));
      if (after !== before) setOwn(map, key, after);
    }
    return map;
  };
}

/** Faults a number like `1.0` where an integer belongs. Paths that lead into free-form parts have no such rule. */
function checkFraction(root: ObjectSchema, path: string, at: Cursor): void {
  const parts = path.match(/[^.[\]]+/g) ?? [];
  let schema: Schema | undefined = root;
  let struct = '';
  for (const part of parts) {
    if (schema?.type === 'object') {
      struct = structName(schema.ref);
      schema = Object.hasOwn(schema.properties, part) ? schema.properties[part] : undefined;
    } else if (schema?.type === 'array') schema = schema.items;
    else schema = schema?.type === 'map' ? schema.values : undefined;
  }
  if (schema?.type !== 'integer' && schema?.type !== 'int-or-string') return;
  const fields = parts.filter((part) => !/^\d+$/.test(part)).join('.');
  const type = schema.type === 'integer' ? goType(schema) : 'int32';
  at.addFault(`json: cannot unmarshal number with a fraction into Go struct field ${struct}.${fields} of type ${type}`);
}

/** Which fields a configuration sets, and which fields differ between two states of an object. */
import type { Json, Schema } from '@skiff/api';
import { isObject, own, same } from '../values.ts';
import { buildSet, type FieldSet, type SetBuilder } from './field-set.ts';
import { indexItems, type Shape, shapeOf } from './shape.ts';

/** The paths that `value` sets: leaves, list items, and keys of free maps. */
export function fieldsOf(value: Json, schema: Schema): FieldSet {
  const builder = buildSet();
  collect(value, schema, [], builder);
  return builder.set;
}

function collect(value: Json, schema: Schema, path: readonly string[], into: SetBuilder): void {
  const shape = shapeOf(schema, value);
  if (shape.type === 'leaf') {
    if (path.length > 0) into.insert(path);
  } else if (shape.type === 'fields') {
    if (isObject(value)) collectFields(value, shape, path, into);
  } else if (Array.isArray(value)) {
    for (const item of value) {
      const element = shape.elementOf(item);
      if (element === undefined) continue;
      collect(item, shape.items, [...path, element], into);
      into.insert([...path, element]);
    }
  }
}

function collectFields(
  value: Record<string, Json>,
  shape: Extract<Shape, { type: 'fields' }>,
  path: readonly string[],
  into: SetBuilder,
): void {
  for (const key of Object.keys(value)) {
    const child = value[key] as Json;
    const below = [...path, `f:${key}`];
    collect(child, shape.schemaOf(key), below, into);
    const isEmptyObject = isObject(child) && Object.keys(child).length === 0;
    if (child === null || isEmptyObject || !shape.named(key)) into.insert(below);
  }
}

export interface Comparison {
  readonly added: FieldSet;
  readonly modified: FieldSet;
  readonly removed: FieldSet;
}

interface Builders {
  readonly added: SetBuilder;
  readonly modified: SetBuilder;
  readonly removed: SetBuilder;
}

/** What changed from `before` to `after`. A container that is there on one side only is a change itself, as is all below it. */
export function compareObjects(before: Json, after: Json, schema: Schema): Comparison {
  const builders: Builders = { added: buildSet(), modified: buildSet(), removed: buildSet() };
  compare(before, after, schema, [], builders);
  return { added: builders.added.set, modified: builders.modified.set, removed: builders.removed.set };
}

function compare(
  before: Json | undefined,
  after: Json | undefined,
  schema: Schema,
  path: readonly string[],
  into: Builders,
): void {
  if (before === undefined && after === undefined) return;
  const shape = shapeOf(schema, after ?? before);
  if (shape.type === 'fields' && isContainer(before, isObject) && isContainer(after, isObject)) {
    const keys = new Set([...keysOf(before), ...keysOf(after)]);
    for (const key of keys) {
      compare(field(before, key), field(after, key), shape.schemaOf(key), [...path, `f:${key}`], into);
    }
  } else if (shape.type === 'items' && isContainer(before, Array.isArray) && isContainer(after, Array.isArray)) {
    const left = indexItems(Array.isArray(before) ? before : [], shape.elementOf);
    const right = indexItems(Array.isArray(after) ? after : [], shape.elementOf);
    for (const element of new Set([...left.keys(), ...right.keys()])) {
      compare(left.get(element), right.get(element), shape.items, [...path, element], into);
    }
  } else if (before !== undefined && after !== undefined && !same(before, after)) {
    into.modified.insert(path);
  }
  if (path.length === 0) return;
  if (before === undefined) into.added.insert(path);
  else if (after === undefined) into.removed.insert(path);
}

/** Absent and null stand for an empty container of whatever type the other side has. */
const isContainer = (value: Json | undefined, is: (value: unknown) => boolean): boolean =>
  value === undefined || value === null || is(value);

const keysOf = (value: Json | undefined): readonly string[] => (isObject(value) ? Object.keys(value) : []);
const field = (value: Json | undefined, key: string): Json | undefined =>
  isObject(value) ? own(value, key) : undefined;

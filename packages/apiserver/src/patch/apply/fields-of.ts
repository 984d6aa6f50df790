/** Which fields a configuration sets, and which fields differ between two states of an object. */
import type { Json, JsonObject, Schema } from '@skiff/api';
import { isObject, own, same } from '../values.ts';
import { buildSet, emptySet, type FieldSet, type SetBuilder, self } from './field-set.ts';
import { type Field, indexItems, type Shape, shapeOf } from './shape.ts';

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
    const { element, schema, named } = shape.field(key);
    const below = [...path, element];
    collect(child, schema, below, into);
    const isEmptyObject = isObject(child) && Object.keys(child).length === 0;
    if (child === null || isEmptyObject || !named) into.insert(below);
  }
}

export interface Comparison {
  readonly added: FieldSet;
  readonly modified: FieldSet;
  readonly removed: FieldSet;
}

/** The three sets of one level of a comparison while it is made; absent ones are empty. */
interface Level {
  added?: Record<string, FieldSet>;
  modified?: Record<string, FieldSet>;
  removed?: Record<string, FieldSet>;
}

const parts = ['added', 'modified', 'removed'] as const;

/** What changed from `before` to `after`. A container that is there on one side only is a change itself, as is all below it. */
export function compareObjects(before: Json, after: Json, schema: Schema): Comparison {
  const level: Level = {};
  compareParts(shapeOf(schema, after), before, after, level);
  return {
    added: level.added ?? emptySet,
    modified: level.modified ?? emptySet,
    removed: level.removed ?? emptySet,
  };
}

/** Compares what lies below two values. False when they are no containers: then they are one value each. */
function compareParts(shape: Shape, before: Json, after: Json, into: Level): boolean {
  if (shape.type === 'fields') {
    if (!isContainer(before, isObject) || !isContainer(after, isObject)) return false;
    const left = isObject(before) ? before : undefined;
    const right = isObject(after) ? after : undefined;
    for (const key of keysOf(left)) compareMember(shape.field, key, left?.[key], field(right, key), into);
    for (const key of keysOf(right))
      if (field(left, key) === undefined) compareMember(shape.field, key, undefined, right?.[key], into);
    return true;
  }
  if (shape.type !== 'items' || !isContainer(before, Array.isArray) || !isContainer(after, Array.isArray)) return false;
  const left = indexItems(Array.isArray(before) ? before : [], shape.elementOf);
  const right = indexItems(Array.isArray(after) ? after : [], shape.elementOf);
  const item = (element: string) => ({ element, schema: shape.items });
  for (const [element, value] of left) compareMember(item, element, value, right.get(element), into);
  for (const [element, value] of right) if (!left.has(element)) compareMember(item, element, undefined, value, into);
  return true;
}

/** Compares the two sides of one element, which is looked up only when they differ. */
function compareMember(
  memberOf: (key: string) => Pick<Field, 'element' | 'schema'>,
  key: string,
  before: Json | undefined,
  after: Json | undefined,
  into: Level,
): void {
  if (before === after) return;
  const { element, schema } = memberOf(key);
  if (before === undefined) note(into, 'added', element, whole(after as Json, schema));
  else if (after === undefined) note(into, 'removed', element, whole(before, schema));
  else {
    const below: Level = {};
    if (!compareParts(shapeOf(schema, after ?? before), before, after, below)) {
      if (!same(before, after)) note(into, 'modified', element, emptySet);
      return;
    }
    for (const part of parts) {
      const node = below[part];
      if (node !== undefined) note(into, part, element, node);
    }
  }
}

function note(level: Level, part: (typeof parts)[number], element: string, node: FieldSet): void {
  level[part] ??= {};
  level[part][element] = node;
}

/** A value that the other side does not have, with all below it. */
function whole(value: Json, schema: Schema): FieldSet {
  const shape = shapeOf(schema, value);
  const node: Record<string, FieldSet> = { [self]: emptySet };
  if (shape.type === 'fields' && isObject(value)) {
    const keys = Object.keys(value);
    if (keys.length === 0) return emptySet;
    for (const key of keys) {
      const { element, schema: below } = shape.field(key);
      node[element] = whole(value[key] as Json, below);
    }
  } else if (shape.type === 'items' && Array.isArray(value)) {
    const items = indexItems(value, shape.elementOf);
    if (items.size === 0) return emptySet;
    for (const [element, item] of items) node[element] = whole(item, shape.items);
  } else return emptySet;
  return node;
}

/** Null stands for an empty container of whatever type the other side has. */
const isContainer = (value: Json, is: (value: unknown) => boolean): boolean => value === null || is(value);

const keysOf = (value: JsonObject | undefined): readonly string[] => (value === undefined ? [] : Object.keys(value));
const field = (value: JsonObject | undefined, key: string): Json | undefined =>
  value === undefined ? undefined : own(value, key);

/** Which fields a configuration sets, and which fields differ between two states of an object. */
import type { Json, JsonObject, Schema } from '@skiff/api';
import { isObject, own, same } from '../values.ts';
import { buildSet, emptySet, type FieldNode, type FieldSet, leafNode, type SetBuilder } from './field-set.ts';
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

/** The three sets of one level of a comparison while it is made; absent ones are empty. */
interface Level {
  added?: Map<string, FieldNode>;
  modified?: Map<string, FieldNode>;
  removed?: Map<string, FieldNode>;
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
    for (const key of keysOf(left)) compareMember('f:', key, left?.[key], field(right, key), shape.schemaOf(key), into);
    for (const key of keysOf(right))
      if (field(left, key) === undefined) compareMember('f:', key, undefined, right?.[key], shape.schemaOf(key), into);
    return true;
  }
  if (shape.type !== 'items' || !isContainer(before, Array.isArray) || !isContainer(after, Array.isArray)) return false;
  const left = indexItems(Array.isArray(before) ? before : [], shape.elementOf);
  const right = indexItems(Array.isArray(after) ? after : [], shape.elementOf);
  for (const [element, item] of left) compareMember('', element, item, right.get(element), shape.items, into);
  for (const [element, item] of right)
    if (!left.has(element)) compareMember('', element, undefined, item, shape.items, into);
  return true;
}

/** Compares the two sides of one element, whose name is put together only when it is needed. */
function compareMember(
  prefix: '' | 'f:',
  key: string,
  before: Json | undefined,
  after: Json | undefined,
  schema: Schema,
  into: Level,
): void {
  if (before === after) return;
  if (before === undefined) note(into, 'added', prefix + key, whole(after as Json, schema));
  else if (after === undefined) note(into, 'removed', prefix + key, whole(before, schema));
  else {
    const below: Level = {};
    if (!compareParts(shapeOf(schema, after ?? before), before, after, below)) {
      if (!same(before, after)) note(into, 'modified', prefix + key, leafNode);
      return;
    }
    for (const part of parts) {
      const children = below[part];
      if (children !== undefined) note(into, part, prefix + key, { member: false, children });
    }
  }
}

function note(level: Level, part: (typeof parts)[number], element: string, node: FieldNode): void {
  level[part] ??= new Map();
  level[part].set(element, node);
}

/** A value that the other side does not have, with all below it. */
function whole(value: Json, schema: Schema): FieldNode {
  const shape = shapeOf(schema, value);
  const children = new Map<string, FieldNode>();
  if (shape.type === 'fields' && isObject(value)) {
    for (const key of Object.keys(value)) children.set(`f:${key}`, whole(value[key] as Json, shape.schemaOf(key)));
  } else if (shape.type === 'items' && Array.isArray(value)) {
    for (const [element, item] of indexItems(value, shape.elementOf)) children.set(element, whole(item, shape.items));
  } else return leafNode;
  return { member: true, children };
}

/** Null stands for an empty container of whatever type the other side has. */
const isContainer = (value: Json, is: (value: unknown) => boolean): boolean => value === null || is(value);

const keysOf = (value: JsonObject | undefined): readonly string[] => (value === undefined ? [] : Object.keys(value));
const field = (value: JsonObject | undefined, key: string): Json | undefined =>
  value === undefined ? undefined : own(value, key);

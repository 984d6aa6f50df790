/** Which fields a configuration sets, and which fields differ between two states of an object. */
import type { Json, JsonObject, Schema } from '@skiff/api';
import { isObject, own, same } from '../values.ts';
import { emptySet, type FieldSet, self, union } from './field-set.ts';
import { type Field, indexItems, type Shape, shapeOf } from './shape.ts';

/** The paths that `value` sets: leaves, list items, and keys of free maps. */
export const fieldsOf = (value: Json, schema: Schema): FieldSet => nodeOf(value, schema, false) ?? emptySet;

/** What stands under the element of a value, which is a path itself when `member`; undefined when that is nothing. */
function nodeOf(value: Json, schema: Schema, member: boolean): FieldSet | undefined {
  const shape = shapeOf(schema, value);
  if (shape.type === 'leaf') return emptySet;
  const node: Record<string, FieldSet> = member ? { [self]: emptySet } : {};
  let hasElements = false;
  const put = (element: string, below: FieldSet | undefined): void => {
    if (below === undefined) return;
    hasElements = true;
    node[element] = below;
  };
  if (shape.type === 'fields' && isObject(value)) {
    for (const key of Object.keys(value)) {
      const child = value[key] as Json;
      const { element, schema: below, named } = shape.field(key);
      const isEmptyObject = isObject(child) && Object.keys(child).length === 0;
      put(element, nodeOf(child, below, child === null || isEmptyObject || !named));
    }
  } else if (shape.type === 'items' && Array.isArray(value)) {
    for (const item of value) {
      const element = shape.elementOf(item);
      if (element === undefined) continue;
      const below = nodeOf(item, shape.items, true) ?? emptySet;
      const twin = node[element];
      put(element, twin === undefined ? below : union({ [element]: twin }, { [element]: below })[element]);
    }
  }
  if (hasElements) return node;
  return member ? emptySet : undefined;
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

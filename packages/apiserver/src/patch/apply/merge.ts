/** Merging an applied configuration into the live object, and taking fields out of it. */
import type { Json, JsonObject, Schema } from '@skiff/api';
import { copy, isObject, own, put } from '../values.ts';
import { emptySet, type FieldSet, isEmpty, isMember, self, union } from './field-set.ts';
import { indexItems, type Shape, shapeOf } from './shape.ts';

/** `live` with everything that `config` sets; neither is changed. */
export function mergeApplied(live: Json | undefined, config: Json, schema: Schema): Json {
  const shape = shapeOf(schema, config);
  if (shape.type === 'fields' && isObject(config) && isObject(live)) {
    const result: JsonObject = {};
    for (const key of Object.keys(live)) put(result, key, live[key] as Json);
    for (const key of Object.keys(config)) {
      put(result, key, mergeApplied(own(live, key), config[key] as Json, shape.field(key).schema));
    }
    return result;
  }
  if (shape.type === 'items' && Array.isArray(config) && Array.isArray(live)) return mergeItems(live, config, shape);
  return copy(config);
}

/**
 * Items of both lists: the configuration's in its order, the live list's others where they stood between shared ones.
 */
function mergeItems(live: readonly Json[], config: readonly Json[], shape: Extract<Shape, { type: 'items' }>): Json[] {
  const { elementOf, items } = shape;
  const liveByElement = indexItems(live, elementOf);
  const configByElement = indexItems(config, elementOf);
  const wanted = [...configByElement.keys()];
  const result: Json[] = [];
  const take = (element: string): void => {
    result.push(mergeApplied(liveByElement.get(element), configByElement.get(element) as Json, items));
  };
  let next = 0;
  for (const item of live) {
    const element = elementOf(item);
    if (element === undefined || !configByElement.has(element)) {
      result.push(item);
      continue;
    }
    // A shared item: everything the configuration has up to it comes first, unless it came already.
    const place = wanted.indexOf(element);
    for (; next <= place; next += 1) take(wanted[next] as string);
  }
  for (; next < wanted.length; next += 1) take(wanted[next] as string);
  return result;
}

/** `value` without the members of `set`, and whatever is below them. */
export function removeFields(value: Json, set: FieldSet, schema: Schema): Json {
  const shape = shapeOf(schema, value);
  if (shape.type === 'fields' && isObject(value)) {
    const result: JsonObject = {};
    for (const key of Object.keys(value)) {
      const { element, schema: below } = shape.field(key);
      const kept = removeFrom(value[key] as Json, set[element], below);
      if (kept !== undefined) put(result, key, kept);
    }
    return result;
  }
  if (shape.type === 'items' && Array.isArray(value)) {
    return value
      .map((item) => removeFrom(item, set[shape.elementOf(item) ?? ''], shape.items))
      .filter((item) => item !== undefined);
  }
  return value;
}

function removeFrom(value: Json, node: FieldSet | undefined, schema: Schema): Json | undefined {
  if (node === undefined) return value;
  return isMember(node) ? undefined : removeFields(value, node, schema);
}

/** The set with every declared field that leads to a member as a member too: what is left empty can then go. */
export function withNamedParents(set: FieldSet, schema: Schema): FieldSet {
  const result: Record<string, FieldSet> = {};
  for (const [element, node] of Object.entries(set)) {
    const isNamed =
      element.startsWith('f:') && schema.type === 'object' && Object.hasOwn(schema.properties, element.slice(2));
    const below = withNamedParents(node, schemaBelow(schema, element));
    result[element] = isNamed && !isEmpty(below) ? { ...below, [self]: emptySet } : below;
  }
  return result;
}

function schemaBelow(schema: Schema, element: string): Schema {
  // Only declared containers matter here; any object stands for one that declares nothing.
  const shape = shapeOf(schema, {});
  if (shape.type === 'fields' && element.startsWith('f:')) return shape.field(element.slice(2)).schema;
  return shape.type === 'items' ? shape.items : { type: 'any' };
}

/** All sets in one. */
export const unionOf = (sets: readonly FieldSet[]): FieldSet => sets.reduce(union, emptySet);

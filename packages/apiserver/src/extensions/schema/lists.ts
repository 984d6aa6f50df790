/** Lists whose items have an identity: sets, and maps by their keys (x-kubernetes-list-type). */
import { type FieldError, field, goMap, type Json, type JsonObject } from '@skiff/api';
import { formatPath } from '@skiff/api/json';
import { isObject, own } from '../../patch/values.ts';
import { itemsOf, type JsonSchema, propertyOf, valuesOf } from './json-schema.ts';

/** An item's keys as one text; undefined for what is no object. Absent keys stay absent. */
function keyOf(keys: readonly string[], item: Json): string | undefined {
  if (!isObject(item)) return undefined;
  return JSON.stringify(keys.map((key) => own(item, key) ?? null));
}

/** How to find the item of an old list that `item` takes the place of: only lists of type map tell. */
export function correlatedItem(schema: JsonSchema, old: Json | undefined): (item: Json) => Json | undefined {
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  if (schema['x-kubernetes-list-type'] !== 'map' || !Array.isArray(old) || keys.length === 0) return () => undefined;
  const byKey = new Map<string, Json>();
  for (const item of old) {
    const key = keyOf(keys, item);
    if (key !== undefined && !byKey.has(key)) byKey.set(key, item);
  }
  return (item) => byKey.get(keyOf(keys, item) ?? '');
}

/** Items that stand twice in sets, and keys that stand twice in maps, anywhere below `value`. */
export function duplicateItems(schema: JsonSchema, value: Json, path: readonly (string | number)[] = []): FieldError[] {
  if (Array.isArray(value)) return duplicatesInList(schema, value, path);
  if (!isObject(value)) return [];
  return Object.keys(value).flatMap((key) => {
    const child = valuesOf(schema) ?? propertyOf(schema, key);
    return child === undefined ? [] : duplicateItems(child, own(value, key) ?? null, [...path, key]);
  });
}

function duplicatesInList(schema: JsonSchema, list: readonly Json[], path: readonly (string | number)[]): FieldError[] {
  const own = ownDuplicates(schema, list, path);
  const items = itemsOf(schema);
  if (items === undefined) return own;
  return [...own, ...list.flatMap((item, index) => duplicateItems(items, item, [...path, index]))];
}

function ownDuplicates(schema: JsonSchema, list: readonly Json[], path: readonly (string | number)[]): FieldError[] {
  const type = schema['x-kubernetes-list-type'];
  if (type === 'set')
    return secondOnes(list.map((item) => stable(item))).map((index) => twice(path, index, list[index]));
  if (type !== 'map') return [];
  const wrong = list.findIndex((item) => item !== null && !isObject(item));
  if (wrong >= 0) {
    const detail = 'must be an object for an array of list-type map';
    return [field.invalid(formatPath([...path, wrong]), list[wrong], detail)];
  }
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  const shown = list.map((item) => keyObject(keys, item ?? null));
  return secondOnes(shown.map((each) => stable(each))).map((index) =>
    twice(path, index, goMap('interface {}', shown[index])),
  );
}

const twice = (path: readonly (string | number)[], index: number, value: unknown): FieldError =>
  field.duplicate(formatPath([...path, index]), value);

function keyObject(keys: readonly string[], item: Json): JsonObject {
  const shown: JsonObject = {};
  if (isObject(item)) for (const key of keys) if (own(item, key) !== undefined) shown[key] = own(item, key) as Json;
  return shown;
}

/** Text of a value that does not depend on the order of keys. */
function stable(value: Json): string {
  return JSON.stringify(value, (_, each: Json) =>
    isObject(each) ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1))) : each,
  );
}

/** The indexes at which a text is met the second time: a third one adds nothing. */
function secondOnes(texts: readonly string[]): readonly number[] {
  const times = new Map<string, number>();
  return texts.flatMap((text, index) => {
    const before = times.get(text) ?? 0;
    times.set(text, before + 1);
    return before === 1 ? [index] : [];
  });
}

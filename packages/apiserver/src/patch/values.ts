/**
 * Reading and writing JSON objects by keys that users chose. `object[key]` would reach the prototype for keys such as
 * `constructor` and set it for `__proto__`; these functions see own keys only.
 */
import type { Json, JsonObject } from '@skiff/api';

/** True for a JSON object: not null, not an array. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What Go's decoder calls a value: `cannot unmarshal array into …`. */
export function jsonKind(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return value === null ? 'null' : typeof value === 'boolean' ? 'bool' : typeof value;
}

/** The own value of `key`, or undefined. */
export function own(object: JsonObject, key: string): Json | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/** Sets an own key, `__proto__` included. */
export function put(object: JsonObject, key: string, value: Json): void {
  if (key === '__proto__') {
    Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
  } else {
    object[key] = value;
  }
}

/** A deep copy that shares nothing with `value`. */
export function copy<T extends Json>(value: T): T;
export function copy(value: Json): Json {
  if (Array.isArray(value)) return value.map((item) => copy(item));
  if (!isObject(value)) return value;
  const keys = Object.keys(value);
  // Spread keeps the shape (and an own `__proto__`), which is quick as long as there is one; what holds something of its own is put in its place.
  if (keys.length > maxShaped) return copyWide(value, keys);
  const result: JsonObject = { ...value };
  for (const key of keys) {
    const member = value[key];
    if (typeof member === 'object' && member !== null) put(result, key, copy(member));
  }
  return result;
}

/** The engine keeps larger objects as tables. */
const maxShaped = 64;

function copyWide(value: JsonObject, keys: readonly string[]): JsonObject {
  const result: JsonObject = {};
  for (const key of keys) put(result, key, copy(value[key] as Json));
  return result;
}

/** Deep equality of JSON: keys in any order, arrays in order. */
export function same(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, index) => same(item, b[index]));
  }
  if (!isObject(a) || !isObject(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && same(a[key], b[key]));
}

/** The value behind own keys, or undefined as soon as one is missing or not an object. */
export function at(value: Json | undefined, ...path: readonly string[]): Json | undefined {
  let current = value;
  for (const key of path) {
    if (!isObject(current)) return undefined;
    current = own(current, key);
  }
  return current;
}

/** The object behind a path, or undefined. */
export function objectAt(value: Json | undefined, ...path: readonly string[]): JsonObject | undefined {
  const found = at(value, ...path);
  return isObject(found) ? found : undefined;
}

/** The array behind a path; an empty one when it is absent or something else. */
export function listAt(value: Json | undefined, ...path: readonly string[]): readonly Json[] {
  const found = at(value, ...path);
  return Array.isArray(found) ? found : none;
}

const none: readonly Json[] = Object.freeze([]);

/** The objects of the array behind a path. */
export function objectsAt(value: Json | undefined, ...path: readonly string[]): readonly JsonObject[] {
  const list = listAt(value, ...path);
  return list.every(isObject) ? list : list.filter(isObject);
}

/** The string behind a path; '' when it is absent or something else. */
export function textAt(value: Json | undefined, ...path: readonly string[]): string {
  const found = at(value, ...path);
  return typeof found === 'string' ? found : '';
}

/** The number behind a path, or undefined. */
export function numberAt(value: Json | undefined, ...path: readonly string[]): number | undefined {
  const found = at(value, ...path);
  return typeof found === 'number' ? found : undefined;
}

/** The object under `key`, made when it is not there. */
export function childObject(object: JsonObject, key: string): JsonObject {
  const found = own(object, key);
  if (isObject(found)) return found;
  const made: JsonObject = {};
  put(object, key, made);
  return made;
}

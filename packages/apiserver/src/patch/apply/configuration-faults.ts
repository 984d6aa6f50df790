/** What is wrong with a configuration before anything is merged: structured-merge-diff's checks of a typed value, in its words. Pure. */
import {
  type ArraySchema,
  goList,
  goMap,
  type Json,
  type JsonObject,
  type ObjectSchema,
  type Schema,
} from '@skiff/api';
import { plainGo } from '../unstructured.ts';
import { isObject, own } from '../values.ts';
import { pathText } from './field-set.ts';
import { shapeOf } from './shape.ts';

/** A document with thousands of faults is as wrong as one with these. */
const maxFaults = 100;

/** Undefined when all fields are declared and of their type, and every item of a keyed list or set is told apart from the others. */
export function configurationFault(config: JsonObject, schema: Schema): string | undefined {
  const faults: string[] = [];
  check(config, schema, '', faults);
  if (faults.length < 2) return faults[0];
  return ['errors:', ...faults.slice(0, maxFaults).map((fault) => `  ${fault}`)].join('\n');
}

/** Null is a value of every type. */
function check(value: Json, schema: Schema, path: string, faults: string[]): void {
  if (value === null || faults.length >= maxFaults) return;
  const why = scalarFault(value, schema);
  if (why !== undefined) faults.push(at(path, why));
  else if (schema.type === 'object') checkFields(value, schema, path, faults);
  else if (schema.type === 'map') {
    if (isObject(value))
      for (const key of Object.keys(value)) check(memberOf(value, key), schema.values, `${path}.${key}`, faults);
    else faults.push(at(path, `expected map, got ${pointed(value)}`));
  } else if (schema.type === 'array') {
    if (Array.isArray(value)) checkItems(value, schema, path, faults);
    else faults.push(at(path, `expected list, got ${pointed(value)}`));
  }
}

const at = (path: string, why: string): string => (path === '' ? why : `${path}: ${why}`);

const memberOf = (object: JsonObject, key: string): Json => own(object, key) ?? null;

function checkFields(value: Json, schema: ObjectSchema, path: string, faults: string[]): void {
  if (!isObject(value)) {
    faults.push(at(path, `expected map, got ${pointed(value)}`));
    return;
  }
  for (const key of Object.keys(value)) {
    const below = Object.hasOwn(schema.properties, key) ? schema.properties[key] : undefined;
    if (below !== undefined) check(memberOf(value, key), below, `${path}.${key}`, faults);
    else if (schema.preserveUnknown !== true) faults.push(at(`${path}.${key}`, 'field not declared in schema'));
  }
}

function checkItems(list: Json[], schema: ArraySchema, path: string, faults: string[]): void {
  const shape = shapeOf(schema, list);
  const seen = new Set<string>();
  for (const [index, item] of list.entries()) {
    if (faults.length >= maxFaults) return;
    if (shape.type !== 'items') {
      check(item, schema.items, `${path}[${index}]`, faults);
      continue;
    }
    const element = shape.elementOf(item);
    const why = schema.listType === 'set' ? memberFault(item) : itemFault(item, element, schema.listMapKeys ?? []);
    if (why !== undefined || element === undefined) {
      // Without a name of its own nothing below it can be named either.
      faults.push(at(path, `element ${index}: ${why}`));
      return;
    }
    const text = pathText([element]);
    if (seen.has(element)) faults.push(at(path, `duplicate entries for key ${text}`));
    seen.add(element);
    check(item, schema.items, `${path}${text}`, faults);
  }
}

function itemFault(item: Json, element: string | undefined, keys: readonly string[]): string | undefined {
  if (item === null) return 'associative list with keys may not have a null element';
  if (!isObject(item)) return 'associative list with keys may not have non-map elements';
  if (element !== undefined) return undefined;
  const names = `[${keys.map((key) => JSON.stringify(key)).join(' ')}]`;
  return `associative list with keys has an element that omits all key fields ${names} (and doesn't have default values for any key fields)`;
}

function memberFault(item: Json): string | undefined {
  if (item === null) return "associative list without keys has an element that's an explicit null";
  if (Array.isArray(item)) return 'not supported: associative list with lists as elements';
  return isObject(item) ? "associative list without keys has an element that's a map type" : undefined;
}

function scalarFault(value: Json, schema: Schema): string | undefined {
  switch (schema.type) {
    case 'integer':
    case 'number':
      return isNumber(value) ? undefined : `expected numeric (int or float), got ${typeOf(value)}`;
    case 'boolean':
      return typeof value === 'boolean' ? undefined : `expected boolean, got ${pointed(value)}`;
    case 'string':
      if (readsItself.has(schema.format ?? '')) return anyScalarFault(value);
      return typeof value === 'string'
        ? undefined
        : `expected string, got &value.valueUnstructured{Value:${literal(value)}}`;
    case 'int-or-string':
      return anyScalarFault(value);
    default:
      return undefined;
  }
}

/** Formats of types that Go reads from text and numbers alike. */
const readsItself: ReadonlySet<string> = new Set(['quantity', 'date-time', 'micro-time']);

const anyScalarFault = (value: Json): string | undefined =>
  typeof value === 'object' ? `expected any scalar, got ${pointed(value)}` : undefined;

/** A bigint stands for a number that JSON's reader would round. */
const isNumber = (value: unknown): boolean => typeof value === 'number' || typeof value === 'bigint';

/** Go's `%v` of a pointer to what holds the value. */
const pointed = (value: Json): string => `&{${plainGo(value)}}`;

/** Go's `%#v` of a decoded value. */
function literal(value: Json): string {
  if (Array.isArray(value)) return goList('interface {}', value).text;
  return isObject(value) ? goMap('interface {}', value).text : String(value);
}

/** Go's `%T` of a decoded value. */
function typeOf(value: Json): string {
  if (Array.isArray(value)) return '[]interface {}';
  if (isObject(value)) return 'map[string]interface {}';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

/**
 * Values of custom objects against their schema. The faults, their reasons and words are those of kube-openapi's validator
 * and of apiextensions' translation of them; the rule that what did not change is not held against an update ("ratcheting",
 * KEP-4008) too. Walks the schema as it is: nothing is compiled, so a schema costs nothing before it is used.
 */
import { type FieldError, field, type Json, type JsonObject } from '@skiff/api';
import { formatPath } from '@skiff/api/json';
import { isObject, own, same } from '../../patch/values.ts';
import { formatCheck } from './formats.ts';
import { fieldSchema, itemsOf, type JsonSchema, propertyOf } from './json-schema.ts';
import { correlatedItem } from './lists.ts';
import { PatternCost, patternOf } from './pattern.ts';

/** A document with thousands of faults is as wrong as one with these. */
const maxFaults = 100;

export type Path = readonly (string | number)[];

/** Faults of `value`. `old` is the value it takes the place of: what is the same in both is taken as it is. */
export function validateValue(schema: JsonSchema, value: Json, old: Json | undefined, path: Path = []): FieldError[] {
  return walk(schema, value, old, path).slice(0, maxFaults);
}

function walk(schema: JsonSchema, value: Json, old: Json | undefined, path: Path): FieldError[] {
  const faults = [
    ...typeFaults(schema, value, path),
    ...(value === null ? [] : junctorFaults(schema, value, path)),
    ...scalarFaults(schema, value, path),
    ...enumFaults(schema, value, path),
  ];
  if (Array.isArray(value)) addItems(faults, schema, value, old, path);
  else if (isObject(value)) addFields(faults, schema, value, old, path);
  return faults.length > 0 && old !== undefined && same(value, old) ? [] : faults;
}

/** What a fault is of; a value that is the whole has an empty name. */
const body = (path: Path): string => `${nameOf(path)} in body `;

/** The path as kube-openapi names it: map keys with a dot like fields. */
const nameOf = (path: Path): string => formatPath(path);

const at = (path: Path): string => (path.length === 0 ? '<nil>' : nameOf(path));

const invalidAt = (path: Path, value: Json, detail: string): FieldError =>
  field.invalid(at(path), value, `${body(path)}${detail}`);

function jsonType(value: Json): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'bigint') return 'integer';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

function typeFaults(schema: JsonSchema, value: Json, path: Path): FieldError[] {
  const { type = '', nullable } = schema;
  const wanted = schema['x-kubernetes-int-or-string'] === true ? ['integer', 'string'] : type === '' ? [] : [type];
  if (wanted.length === 0 || (value === null && nullable === true)) return [];
  const found = jsonType(value);
  if (wanted.includes(found) || (found === 'integer' && wanted.includes('number'))) return [];
  const detail = `must be of type ${wanted.join(',')}: ${JSON.stringify(found)}`;
  return [field.typeInvalid(at(path), found, `${body(path)}${detail}`)];
}

function enumFaults(schema: JsonSchema, value: Json, path: Path): FieldError[] {
  const allowed = schema.enum;
  if (allowed === undefined || allowed.length === 0 || allowed.some((each) => same(each, value))) return [];
  if (value === null && schema.nullable === true) return [];
  const texts = allowed.map((each) => (typeof each === 'string' ? each : JSON.stringify(each)));
  return [field.notSupported(at(path), value, texts)];
}

function scalarFaults(schema: JsonSchema, value: Json, path: Path): FieldError[] {
  if (typeof value === 'string') return stringFaults(schema, value, path);
  return typeof value === 'number' || typeof value === 'bigint' ? numberFaults(schema, value, path) : [];
}

/** Length in characters, as Go counts them. */
const lengthOf = (text: string): number => (/[\ud800-\udbff]/.test(text) ? [...text].length : text.length);

function stringFaults(schema: JsonSchema, value: string, path: Path): FieldError[] {
  const faults: FieldError[] = [];
  const { maxLength, minLength, pattern = '', format = '' } = schema;
  if (maxLength !== undefined && lengthOf(value) > maxLength) faults.push(field.tooLong(at(path), maxLength));
  if (minLength !== undefined && lengthOf(value) < minLength) {
    faults.push(invalidAt(path, value, `should be at least ${minLength} chars long`));
  }
  const mismatch = pattern === '' ? undefined : patternMismatch(pattern, value);
  if (mismatch !== undefined) faults.push(invalidAt(path, value, mismatch));
  const isText = schema.type === 'string' || schema.type === undefined || schema.type === '';
  if (format !== '' && isText && formatCheck(format)?.(value) === false) {
    const detail = `${body(path)}must be of type ${format.replaceAll('-', '') === 'datetime' ? 'date-time' : format}: ${JSON.stringify(value)}`;
    faults.push(field.typeInvalid(at(path), value, detail));
  }
  return faults;
}

function patternMismatch(pattern: string, value: string): string | undefined {
  try {
    return patternOf(pattern).test(value) ? undefined : `should match '${pattern}'`;
  } catch (error) {
    if (error instanceof PatternCost) return `is too long to be matched against '${pattern}'`;
    throw error;
  }
}

/** In kube-openapi's order. It says of a number out of its format's range neither the value nor, outside the text, the place. */
function numberFaults(schema: JsonSchema, value: number | bigint, path: Path): FieldError[] {
  const faults: FieldError[] = [];
  const { maximum, minimum, multipleOf } = schema;
  const shown = value as Json;
  if (schema.format === 'int32' && schema.type === 'integer' && (value > 2_147_483_647 || value < -2_147_483_648)) {
    const why = `Checked value must be of type integer with format int32 in ${nameOf(path)}`;
    faults.push(field.invalid('<nil>', '', why));
  }
  if (multipleOf !== undefined && multipleOf > 0 && !isMultiple(value, multipleOf)) {
    faults.push(invalidAt(path, shown, `should be a multiple of ${multipleOf}`));
  }
  if (minimum !== undefined && (value < minimum || (schema.exclusiveMinimum === true && value === minimum))) {
    const bound = schema.exclusiveMinimum === true ? 'greater than' : 'greater than or equal to';
    faults.push(invalidAt(path, shown, `should be ${bound} ${minimum}`));
  }
  if (maximum !== undefined && (value > maximum || (schema.exclusiveMaximum === true && value === maximum))) {
    const bound = schema.exclusiveMaximum === true ? 'less than' : 'less than or equal to';
    faults.push(invalidAt(path, shown, `should be ${bound} ${maximum}`));
  }
  return faults;
}

function isMultiple(value: number | bigint, factor: number): boolean {
  if (typeof value === 'bigint') return Number.isInteger(factor) && value % BigInt(factor) === 0n;
  const times = value / factor;
  return Math.abs(times - Math.round(times)) < 1e-9 * Math.max(1, Math.abs(times));
}

/** `allOf`, `anyOf`, `oneOf` and `not` have no place of their own: their faults carry kube-openapi's whole message. */
function junctorFaults(schema: JsonSchema, value: Json, path: Path): FieldError[] {
  const faults: FieldError[] = [];
  const { anyOf = [], oneOf = [], allOf = [], not } = schema;
  const say = (detail: string): FieldError =>
    field.invalid('<nil>', '', `${JSON.stringify(nameOf(path))} must ${detail}`);
  if (anyOf.length > 0) {
    const results = firstValid(anyOf, value, path);
    if (results !== undefined) faults.push(say('validate at least one schema (anyOf)'), ...results);
  }
  if (oneOf.length > 0) {
    const results = oneOf.map((each) => walk(each, value, undefined, path));
    const valid = results.filter((each) => each.length === 0).length;
    if (valid === 0) {
      faults.push(say('validate one and only one schema (oneOf). Found none valid'), ...(results[0] ?? []));
    } else if (valid > 1) {
      faults.push(say(`validate one and only one schema (oneOf). Found ${valid} valid alternatives`));
    }
  }
  if (allOf.length > 0) {
    const results = allOf.map((each) => walk(each, value, undefined, path));
    faults.push(...results.flat());
    const valid = results.filter((each) => each.length === 0).length;
    if (valid < allOf.length)
      faults.push(say(`validate all the schemas (allOf)${valid === 0 ? '. None validated' : ''}`));
  }
  if (not !== undefined && walk(not, value, undefined, path).length === 0)
    faults.push(say('not validate the schema (not)'));
  return faults;
}

/** Undefined when one of them is fine; else the faults that the first one finds. */
function firstValid(schemas: readonly JsonSchema[], value: Json, path: Path): readonly FieldError[] | undefined {
  let first: readonly FieldError[] | undefined;
  for (const schema of schemas) {
    const faults = walk(schema, value, undefined, path);
    if (faults.length === 0) return undefined;
    first ??= faults;
  }
  return first;
}

function addItems(
  faults: FieldError[],
  schema: JsonSchema,
  list: readonly Json[],
  old: Json | undefined,
  path: Path,
): void {
  const { minItems, maxItems } = schema;
  if (minItems !== undefined && list.length < minItems) {
    faults.push(invalidAt(path, list.length, `should have at least ${minItems} items`));
  }
  if (maxItems !== undefined && list.length > maxItems) faults.push(field.tooMany(at(path), list.length, maxItems));
  const items = itemsOf(schema);
  if (items === undefined) return;
  const oldOf = correlatedItem(schema, old);
  for (const [index, item] of list.entries()) {
    if (faults.length >= maxFaults) return;
    faults.push(...walk(items, item, oldOf(item), [...path, index]));
  }
}

function addFields(
  faults: FieldError[],
  schema: JsonSchema,
  object: JsonObject,
  old: Json | undefined,
  path: Path,
): void {
  const keys = Object.keys(object);
  const { minProperties, maxProperties, required = [] } = schema;
  if (minProperties !== undefined && keys.length < minProperties) {
    faults.push(invalidAt(path, keys.length, `should have at least ${minProperties} properties`));
  }
  if (maxProperties !== undefined && keys.length > maxProperties) {
    faults.push(field.tooMany(at(path), keys.length, maxProperties));
  }
  const before = isObject(old) ? old : {};
  for (const key of keys) {
    if (faults.length >= maxFaults) return;
    if (schema.additionalProperties === false && propertyOf(schema, key) === undefined) {
      faults.push(field.invalid(at(path), key, `${nameOf([...path, key])} in body is a forbidden property`));
    }
    const child = fieldSchema(schema, key);
    if (child !== undefined) faults.push(...walk(child, own(object, key) ?? null, own(before, key), [...path, key]));
  }
  for (const key of required) if (!Object.hasOwn(object, key)) faults.push(field.required(at([...path, key])));
}

/** What a schema in a CRD may say (ValidateCustomResourceDefinitionOpenAPISchema of v1.32), node by node; CEL rules apart. */
import { type FieldError, field } from '@skiff/api';
import { isObject } from '../../patch/values.ts';
import { readFieldPath } from '../schema/field-path.ts';
import { itemsOf, type JsonSchema, propertyOf, type ValidationRule, valuesOf } from '../schema/json-schema.ts';
import { unsupportedIn } from '../schema/structural.ts';

const types = ['array', 'boolean', 'integer', 'number', 'object', 'string'];
const reasons = ['FieldValueDuplicate', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueRequired'];
const metaFields = new Set(['metadata', 'kind', 'apiVersion']);

interface Place {
  readonly isRoot: boolean;
  /** Inside apiVersion, kind or metadata of a resource. */
  readonly insideMeta: boolean;
  /** Why no default may stand here; undefined: it may. */
  readonly noDefaults?: string;
}

const inside: Place = { isRoot: false, insideMeta: false };

/** Faults of the schema at `path` and below. */
export function schemaFaults(schema: JsonSchema, path: string): FieldError[] {
  const faults: FieldError[] = [];
  addFaults(faults, schema, path, { ...inside, isRoot: true });
  return faults;
}

function addFaults(faults: FieldError[], schema: JsonSchema, path: string, place: Place): void {
  addUnsupported(faults, schema, path, place);
  const below = { ...place, isRoot: false };
  const values = valuesOf(schema);
  if (schema.additionalProperties !== undefined) {
    const contradicts = schema.additionalProperties === false || values !== undefined;
    if (Object.keys(schema.properties ?? {}).length > 0 && contradicts) {
      const why = 'additionalProperties and properties are mutual exclusive';
      faults.push(field.forbidden(`${path}.additionalProperties`, why));
    }
    const reason = 'inside additionalProperties applying to object metadata';
    const place = below.insideMeta ? { ...below, noDefaults: reason } : below;
    if (values !== undefined) addFaults(faults, values, `${path}.additionalProperties`, place);
  }
  addProperties(faults, schema, path, place);
  if (schema.not !== undefined) addFaults(faults, schema.not, `${path}.not`, below);
  for (const name of ['allOf', 'oneOf', 'anyOf'] as const) {
    for (const [index, each] of (schema[name] ?? []).entries())
      addFaults(faults, each, `${path}.${name}[${index}]`, below);
  }
  const items = itemsOf(schema);
  if (items !== undefined) addFaults(faults, items, `${path}.items`, below);
  addExtensions(faults, schema, path);
  addListRules(faults, schema, path);
  for (const [index, rule] of (schema['x-kubernetes-validations'] ?? []).entries()) {
    addRule(faults, schema, rule, `${path}.x-kubernetes-validations[${index}]`);
  }
}

function addProperties(faults: FieldError[], schema: JsonSchema, path: string, place: Place): void {
  const isResource = place.isRoot || schema['x-kubernetes-embedded-resource'] === true;
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const isMeta = isResource && metaFields.has(name);
    const noDefaults = isMeta && place.isRoot ? `in top-level ${name}` : place.noDefaults;
    addFaults(faults, property, `${path}.properties[${name}]`, {
      isRoot: false,
      insideMeta: place.insideMeta || isMeta,
      ...(noDefaults === undefined ? {} : { noDefaults }),
    });
  }
}

const unsupported = ['id', 'additionalItems', 'patternProperties', 'definitions', 'dependencies', '$ref'] as const;

function addUnsupported(faults: FieldError[], schema: JsonSchema, path: string, place: Place): void {
  const { type = '' } = schema;
  if (type !== '' && !types.includes(type)) faults.push(field.notSupported(`${path}.type`, type, types));
  if (schema.default !== undefined && place.noDefaults !== undefined) {
    faults.push(field.forbidden(`${path}.default`, `must not be set ${place.noDefaults}`));
  }
  for (const name of unsupported) {
    const value = schema[name];
    if (value === undefined || value === '' || (isObject(value) && Object.keys(value).length === 0)) continue;
    faults.push(field.forbidden(`${path}.${name}`, `${name} is not supported`));
  }
  if (type === 'null') {
    faults.push(field.forbidden(`${path}.type`, 'type cannot be set to null, use nullable as an alternative'));
  }
  if (Array.isArray(schema.items)) {
    faults.push(field.forbidden(`${path}.items`, 'items must be a schema object and not an array'));
  }
  if (place.insideMeta && schema['x-kubernetes-embedded-resource'] === true) {
    faults.push(field.forbidden(`${path}.x-kubernetes-embedded-resource`, 'must not be used inside of resource meta'));
  }
  if (schema.uniqueItems === true) {
    const why = 'uniqueItems cannot be set to true since the runtime complexity becomes quadratic';
    faults.push(field.forbidden(`${path}.uniqueItems`, why));
  }
}

function addExtensions(faults: FieldError[], schema: JsonSchema, path: string): void {
  if (schema['x-kubernetes-preserve-unknown-fields'] === false) {
    const why = 'must be true or undefined';
    faults.push(field.invalid(`${path}.x-kubernetes-preserve-unknown-fields`, false, why));
  }
  const mapType = schema['x-kubernetes-map-type'];
  if (mapType !== undefined) {
    addTypeOf(faults, schema, path, 'object', 'must be object if x-kubernetes-map-type is specified');
    addKnown(faults, `${path}.x-kubernetes-map-type`, mapType, ['atomic', 'granular']);
  }
  const listType = schema['x-kubernetes-list-type'];
  if (listType === undefined) return;
  if (schema.type === 'array' && listType === 'set') addSetItems(faults, itemsOf(schema), `${path}.items`);
  else addTypeOf(faults, schema, path, 'array', 'must be array if x-kubernetes-list-type is specified');
  addKnown(faults, `${path}.x-kubernetes-list-type`, listType, ['atomic', 'set', 'map']);
}

function addTypeOf(faults: FieldError[], { type = '' }: JsonSchema, path: string, wanted: string, why: string): void {
  if (type === wanted) return;
  faults.push(type === '' ? field.required(`${path}.type`, why) : field.invalid(`${path}.type`, type, why));
}

function addKnown(faults: FieldError[], path: string, value: string, known: readonly string[]): void {
  if (!known.includes(value)) faults.push(field.notSupported(path, value, known));
}

/** Items of a set are compared as a whole: they must be atomic. */
function addSetItems(faults: FieldError[], items: JsonSchema | undefined, path: string): void {
  const why = 'must be atomic as item of a list with x-kubernetes-list-type=set';
  const listType = items?.['x-kubernetes-list-type'] ?? 'atomic';
  if (items?.type === 'array' && listType !== 'atomic') {
    faults.push(field.invalid(`${path}.x-kubernetes-list-type`, listType, why));
  }
  if (items?.type === 'object' && items['x-kubernetes-map-type'] !== 'atomic') {
    faults.push(field.invalid(`${path}.x-kubernetes-map-type`, items['x-kubernetes-list-type'] ?? null, why));
  }
}

function addListRules(faults: FieldError[], schema: JsonSchema, path: string): void {
  const listType = schema['x-kubernetes-list-type'];
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  if (keys.length > 0 && listType !== 'map') {
    const why = 'must be map if x-kubernetes-list-map-keys is non-empty';
    const at = `${path}.x-kubernetes-list-type`;
    faults.push(listType === undefined ? field.required(at, why) : field.invalid(at, listType, why));
  }
  const items = itemsOf(schema);
  if (listType === 'map') addMapList(faults, schema, keys, path);
  if ((listType !== 'map' && listType !== 'set') || items === undefined) return;
  if (items.nullable === true) {
    const why = `cannot be nullable when x-kubernetes-list-type is ${listType}`;
    faults.push(field.forbidden(`${path}.items.nullable`, why));
  }
  if (listType === 'map') for (const key of keys) addMapKey(faults, items, key, `${path}.items.properties[${key}]`);
}

function addMapKey(faults: FieldError[], items: JsonSchema, key: string, path: string): void {
  const property = propertyOf(items, key);
  if (property === undefined) return;
  const isGiven = items.required?.includes(key) === true || property.default !== undefined;
  const prefix = 'this property is in x-kubernetes-list-map-keys, so it';
  if (!isGiven)
    faults.push(field.required(`${path}.default`, `${prefix} must have a default or be a required property`));
  if (property.nullable === true) faults.push(field.forbidden(`${path}.nullable`, `${prefix} cannot be nullable`));
}

function addMapList(faults: FieldError[], schema: JsonSchema, keys: readonly string[], path: string): void {
  const at = `${path}.x-kubernetes-list-map-keys`;
  if (keys.length === 0) faults.push(field.required(at, 'must not be empty if x-kubernetes-list-type is map'));
  const items = itemsOf(schema);
  if (schema.items === undefined) {
    faults.push(field.required(`${path}.items`, 'must have a schema if x-kubernetes-list-type is map'));
  }
  if (items === undefined) return;
  if (items.type !== 'object') {
    const why = "must be object if parent array's x-kubernetes-list-type is map";
    faults.push(field.invalid(`${path}.items.type`, items.type ?? '', why));
    return;
  }
  for (const [index, key] of keys.entries()) {
    const property = propertyOf(items, key);
    if (property === undefined) faults.push(field.invalid(at, keys, 'entries must all be names of item properties'));
    else if (property.type === 'array' || property.type === 'object') {
      const why = "must be a scalar type if parent array's x-kubernetes-list-type is map";
      faults.push(field.invalid(`${path}.items.properties[${key}].type`, items.type, why));
    }
    if (keys.indexOf(key) < index) faults.push(field.invalid(at, keys, 'must not contain duplicate entries'));
  }
}

const hasLineBreak = (text: string): boolean => /[\n\r]/.test(text);

function addRule(faults: FieldError[], schema: JsonSchema, rule: ValidationRule, path: string): void {
  const { rule: expression = '', message = '', messageExpression = '', fieldPath = '', reason } = rule;
  const text = message.trim();
  if (expression.trim() === '') faults.push(field.required(`${path}.rule`, 'rule is not specified'));
  else if (message !== '' && text === '') {
    faults.push(field.invalid(`${path}.message`, message, 'message must be non-empty if specified'));
  } else if (hasLineBreak(text))
    faults.push(field.invalid(`${path}.message`, message, 'message must not contain line breaks'));
  else if (hasLineBreak(expression.trim()) && text === '') {
    faults.push(field.required(`${path}.message`, 'message must be specified if rule contains line breaks'));
  }
  if (messageExpression !== '' && messageExpression.trim() === '') {
    const why = 'messageExpression must be non-empty if specified';
    faults.push(field.required(`${path}.messageExpression`, why));
  }
  if (reason !== undefined) addKnown(faults, `${path}.reason`, reason, reasons);
  if (fieldPath !== '' && fieldPath.trim() === '') {
    faults.push(field.invalid(`${path}.fieldPath`, fieldPath, 'fieldPath must be non-empty if specified'));
  }
  if (hasLineBreak(fieldPath)) {
    faults.push(field.invalid(`${path}.fieldPath`, fieldPath, 'fieldPath must not contain line breaks'));
  }
  if (fieldPath !== '' && unsupportedIn(schema) === undefined && 'fault' in readFieldPath(fieldPath, schema)) {
    faults.push(field.invalid(`${path}.fieldPath`, fieldPath, 'fieldPath must be a valid path'));
  }
}

/**
 * Whether a schema is structural (apiextensions' schema.ValidateStructural): every field has a type outside of allOf, anyOf,
 * oneOf and not, and those only narrow values. Pruning, defaulting and apply need nothing but the types then.
 */
import { type FieldError, field, type Json } from '@skiff/api';
import { isObject, same } from '../../patch/values.ts';
import { itemsOf, type JsonSchema, propertyOf, someSchema, valuesOf } from './json-schema.ts';
import { patternFault } from './pattern.ts';

/** Members that no structural schema can be made of; the first one found, in Kubernetes' words. */
export function unsupportedIn(schema: JsonSchema): string | undefined {
  let found: string | undefined;
  someSchema(schema, (each) => {
    found = ownUnsupported(each);
    return found !== undefined;
  });
  return found;
}

const unsupported = ['id', '$schema', '$ref', 'patternProperties', 'dependencies', 'additionalItems', 'definitions'];

function ownUnsupported(schema: JsonSchema): string | undefined {
  const values = schema as Readonly<Record<string, Json | undefined>>;
  const name = unsupported.find((each) => {
    const value = values[each];
    return value !== undefined && value !== '' && !(isObject(value) && Object.keys(value).length === 0);
  });
  if (name !== undefined) return `OpenAPIV3Schema '${name === '$schema' ? 'schema' : name}' is not supported`;
  if (Array.isArray(schema.items)) return "OpenAPIV3Schema 'items' must be a schema, but is an array";
  if (schema['x-kubernetes-preserve-unknown-fields'] !== false) return undefined;
  return "internal error: 'x-kubernetes-preserve-unknown-fields' must be true or undefined";
}

type Level = 'root' | 'item' | 'field';

const missingType: Readonly<Record<Level, string>> = {
  root: 'must not be empty at the root',
  item: 'must not be empty for specified array items',
  field: 'must not be empty for specified object fields',
};

/** Faults, sorted as Kubernetes sorts them. `path` is the schema's. */
export function structuralFaults(schema: JsonSchema, path: string): FieldError[] {
  const faults: FieldError[] = [];
  addInvariants(faults, schema, 'root', path);
  addCompleteness(faults, schema, path);
  const text = (fault: FieldError): string => `${fault.field}: ${fault.message}`;
  return faults.sort((a, b) => (text(a) < text(b) ? -1 : 1));
}

function addInvariants(faults: FieldError[], schema: JsonSchema, level: Level, path: string): void {
  const items = itemsOf(schema);
  if (schema.type === 'array' && items === undefined) faults.push(field.required(`${path}.items`, 'must be specified'));
  if (items !== undefined) addInvariants(faults, items, 'item', `${path}.items`);
  for (const [key, property] of Object.entries(schema.properties ?? {})) {
    addInvariants(faults, property, 'field', `${path}.properties[${key}]`);
  }
  if (schema.additionalProperties !== undefined) {
    if (level === 'root') faults.push(field.forbidden(`${path}.additionalProperties`, 'must not be used at the root'));
    const values = valuesOf(schema);
    if (values !== undefined) addInvariants(faults, values, 'field', `${path}.additionalProperties`);
  }
  addExtensions(faults, schema, path);
  addJunctors(faults, schema, level, path, isIntOrString(schema.anyOf), isIntOrString(schema.allOf?.[0]?.anyOf));
  addType(faults, schema, level, path);
  if (level === 'root' || schema['x-kubernetes-embedded-resource'] === true) addResource(faults, schema, path);
  const metadata = propertyOf(schema, 'metadata');
  if (metadata !== undefined && level === 'root') addRootMetadata(faults, metadata, `${path}.properties[metadata]`);
}

function addExtensions(faults: FieldError[], schema: JsonSchema, path: string): void {
  if (schema['x-kubernetes-int-or-string'] !== true) return;
  for (const name of ['x-kubernetes-preserve-unknown-fields', 'x-kubernetes-embedded-resource'] as const) {
    if (schema[name] !== true) continue;
    faults.push(field.invalid(`${path}.${name}`, true, 'must be false if x-kubernetes-int-or-string is true'));
  }
}

function addType(faults: FieldError[], schema: JsonSchema, level: Level, path: string): void {
  const { type = '' } = schema;
  const isOpen = schema['x-kubernetes-preserve-unknown-fields'] === true;
  if (schema['x-kubernetes-embedded-resource'] === true && type !== 'object') {
    const why = 'must be object if x-kubernetes-embedded-resource is true';
    faults.push(type === '' ? field.required(`${path}.type`, why) : field.invalid(`${path}.type`, type, why));
  } else if (type === '' && schema['x-kubernetes-int-or-string'] !== true && !isOpen) {
    faults.push(field.required(`${path}.type`, missingType[level]));
  }
  if (level === 'root' && type !== '' && type !== 'object') {
    faults.push(field.invalid(`${path}.type`, type, 'must be object at the root'));
  }
  if (schema['x-kubernetes-embedded-resource'] !== true) return;
  if (schema.additionalProperties !== undefined) {
    const why = 'must not be used if x-kubernetes-embedded-resource is set';
    faults.push(field.forbidden(`${path}.additionalProperties`, why));
  }
  if (!isOpen && Object.keys(schema.properties ?? {}).length === 0) {
    const why =
      'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields';
    faults.push(field.required(`${path}.properties`, why));
  }
}

function addResource(faults: FieldError[], schema: JsonSchema, path: string): void {
  const wanted = { kind: 'string', apiVersion: 'string', metadata: 'object' };
  for (const [name, type] of Object.entries(wanted)) {
    const property = propertyOf(schema, name);
    if (property === undefined || property.type === type) continue;
    faults.push(field.invalid(`${path}.properties[${name}].type`, property.type ?? '', `must be ${type}`));
  }
}

/** Of the metadata of the object itself, a schema may say how names look, and nothing more. */
function addRootMetadata(faults: FieldError[], metadata: JsonSchema, path: string): void {
  const { type: _, default: __, description: ___, properties = {}, ...rest } = metadata;
  const onlyNames = Object.keys(properties).every((key) => key === 'name' || key === 'generateName');
  if (onlyNames && Object.keys(rest).length === 0 && metadata.description === undefined) return;
  const why = 'must not specify anything other than name and generateName, but metadata is implicitly specified';
  faults.push(field.forbidden(path, why));
}

/** `anyOf: [{type: integer}, {type: string}]`: the one place where a junctor may name types. */
function isIntOrString(schemas: readonly JsonSchema[] | undefined): boolean {
  return same(schemas as never, [{ type: 'integer' }, { type: 'string' }]);
}

function addJunctors(
  faults: FieldError[],
  schema: JsonSchema,
  level: Level,
  path: string,
  skipAnyOf: boolean,
  skipFirstAllOf: boolean,
): void {
  const { anyOf = [], allOf = [], oneOf = [], not, pattern = '' } = schema;
  if (!skipAnyOf)
    for (const [index, each] of anyOf.entries()) addNested(faults, each, level, `${path}.anyOf[${index}]`);
  for (const [index, each] of allOf.entries()) {
    addNested(faults, each, level, `${path}.allOf[${index}]`, skipFirstAllOf && index === 0);
  }
  for (const [index, each] of oneOf.entries()) addNested(faults, each, level, `${path}.oneOf[${index}]`);
  if (not !== undefined) addNested(faults, not, level, `${path}.not`);
  const fault = pattern === '' ? undefined : patternFault(pattern);
  if (fault !== undefined) {
    const why = `must be a valid regular expression, but isn't: ${fault}`;
    faults.push(field.invalid(`${path}.pattern`, pattern, why));
  }
}

/** What a schema inside a junctor may not say, and the word for the state it must be in. */
const structuralOnly: readonly (readonly [name: keyof JsonSchema, state: string])[] = [
  ['type', 'empty'],
  ['default', 'undefined'],
  ['title', 'empty'],
  ['description', 'empty'],
  ['nullable', 'false'],
  ['x-kubernetes-preserve-unknown-fields', 'false'],
  ['x-kubernetes-embedded-resource', 'false'],
  ['x-kubernetes-int-or-string', 'false'],
  ['x-kubernetes-list-map-keys', 'empty'],
  ['x-kubernetes-list-type', 'undefined'],
  ['x-kubernetes-map-type', 'undefined'],
  ['x-kubernetes-validations', 'empty'],
];

function addNested(faults: FieldError[], schema: JsonSchema, level: Level, path: string, skipAnyOf = false): void {
  addJunctors(faults, schema, level, path, skipAnyOf, false);
  const items = itemsOf(schema);
  if (items !== undefined) addNested(faults, items, level, `${path}.items`);
  for (const [key, property] of Object.entries(schema.properties ?? {})) {
    addNested(faults, property, 'field', `${path}.properties[${key}]`);
  }
  for (const [name, state] of structuralOnly) {
    const value = schema[name];
    if (value === undefined || value === '' || value === false || (Array.isArray(value) && value.length === 0))
      continue;
    faults.push(field.forbidden(`${path}.${name}`, `must be ${state} to be structural`));
  }
  if (schema.additionalProperties !== undefined && schema.additionalProperties !== false) {
    faults.push(field.forbidden(`${path}.additionalProperties`, 'must be undefined to be structural'));
  }
  if (propertyOf(schema, 'metadata') !== undefined) {
    faults.push(field.forbidden(`${path}.properties[metadata]`, 'must not be specified in a nested context'));
  }
}

/** Every field and list that a junctor of the root speaks of must be there outside of it too. */
function addCompleteness(faults: FieldError[], schema: JsonSchema, path: string): void {
  for (const nested of nestedOf(schema, path)) addMissing(faults, schema, nested.schema, path, nested.path);
}

function nestedOf(schema: JsonSchema, path: string): readonly { schema: JsonSchema; path: string }[] {
  const list = (name: 'anyOf' | 'allOf' | 'oneOf') =>
    (schema[name] ?? []).map((each, index) => ({ schema: each, path: `${path}.${name}[${index}]` }));
  const not = schema.not === undefined ? [] : [{ schema: schema.not, path: `${path}.not` }];
  return [...list('anyOf'), ...list('allOf'), ...list('oneOf'), ...not];
}

function addMissing(faults: FieldError[], outer: JsonSchema, inner: JsonSchema, at: string, from: string): void {
  for (const nested of nestedOf(inner, from)) addMissing(faults, outer, nested.schema, at, nested.path);
  const items = itemsOf(inner);
  if (items !== undefined) {
    const outerItems = itemsOf(outer);
    if (outerItems === undefined) faults.push(field.required(`${at}.items`, `because it is defined in ${from}.items`));
    else addMissing(faults, outerItems, items, `${at}.items`, `${from}.items`);
  }
  for (const [key, property] of Object.entries(inner.properties ?? {})) {
    const outerProperty = propertyOf(outer, key);
    const where = `${from}.properties[${key}]`;
    if (outerProperty !== undefined) addMissing(faults, outerProperty, property, `${at}.properties[${key}]`, where);
    else faults.push(field.required(`${at}.properties[${key}]`, `because it is defined in ${where}`));
  }
}

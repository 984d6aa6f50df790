/** What is known of a value before it is there: its kind, and how large it may get. */
import { itemsOf, type JsonSchema, propertyOf, valuesOf } from '../schema/json-schema.ts';
import type { Param } from './signature.ts';

export interface Type {
  readonly kind: Param;
  /** Bytes of a text, items of a list or map; at most. */
  readonly max: number;
  /** Of lists: the items'. Of maps with free keys: the values'. */
  readonly item?: Type;
  /** Of objects with known fields. */
  readonly schema?: JsonSchema;
  /** Of objects whose fields are made by expressions. */
  readonly fields?: ReadonlyMap<string, Type>;
  /** The root of a resource has a name and a type, whatever its schema says. */
  readonly isResource?: boolean;
}

/** No request is larger (apiserver's MaxRequestSizeBytes). */
const maxRequestBytes = 3 * 1024 * 1024;

export const dyn: Type = { kind: 'dyn', max: maxRequestBytes };
export const simple = (kind: Param, max = 1): Type => ({ kind, max });
export const bool = simple('bool');

/** The least that a value of this schema takes in JSON (apiserver's estimateMinSizeJSON). */
export function minBytes(schema: JsonSchema): number {
  if (schema['x-kubernetes-int-or-string'] === true) return 1;
  switch (schema.type) {
    case 'boolean':
      return 4;
    case 'string':
      return 2;
    case 'array':
      return 2;
    case 'object': {
      const required = schema.required ?? [];
      return required.reduce((sum, name) => {
        const property = propertyOf(schema, name);
        if (property === undefined || property.default !== undefined) return sum;
        return sum + name.length + 4 + minBytes(property);
      }, 2);
    }
    default:
      return 1;
  }
}

/** How many values of this schema one request can hold. */
export const maxPerRequest = (schema: JsonSchema): number => Math.floor((maxRequestBytes - 2) / (minBytes(schema) + 1));

/** Fixed lengths of texts that are read as times. */
const formatSizes: Readonly<Record<string, readonly [Param, number]>> = {
  date: ['timestamp', 10],
  'date-time': ['timestamp', 36],
  datetime: ['timestamp', 36],
  duration: ['duration', 28],
};

function textType(schema: JsonSchema): Type {
  const [kind, size] = formatSizes[schema.format ?? ''] ?? [];
  if (kind !== undefined && size !== undefined) return { kind, max: size };
  const { enum: values, maxLength } = schema;
  const longest = values?.reduce<number>((max, each) => Math.max(max, String(each).length), 0);
  const max = longest ?? (maxLength === undefined ? maxRequestBytes - 2 : maxLength * 4);
  return { kind: schema.format === 'byte' ? 'bytes' : 'string', max: Math.min(max, maxRequestBytes) };
}

/** The type of values of a schema. */
export function typeOfSchema(schema: JsonSchema, isRoot = false): Type {
  if (schema['x-kubernetes-int-or-string'] === true) return dyn;
  switch (schema.type) {
    // Numbers and the like of a schema have no size: to compare them is free.
    case 'boolean':
      return simple('bool', 0);
    case 'integer':
      return simple('int', 0);
    case 'number':
      return simple('double', 0);
    case 'string':
      return textType(schema);
    case 'array': {
      const items = itemsOf(schema);
      if (items === undefined) return { kind: 'list', max: maxRequestBytes, item: dyn };
      return { kind: 'list', max: schema.maxItems ?? maxPerRequest(items), item: typeOfSchema(items) };
    }
    case 'object': {
      const values = valuesOf(schema);
      if (values === undefined || Object.keys(schema.properties ?? {}).length > 0) {
        const isResource = isRoot || schema['x-kubernetes-embedded-resource'] === true;
        return { kind: 'map', max: Object.keys(schema.properties ?? {}).length, schema, isResource };
      }
      const max = schema.maxProperties ?? Math.floor((maxRequestBytes - 2) / (minBytes(values) + 6));
      return { kind: 'map', max, item: typeOfSchema(values) };
    }
    default:
      return dyn;
  }
}

const text = simple('string', 253);
const objectMeta: JsonSchema = {
  type: 'object',
  properties: { name: { type: 'string', maxLength: 253 }, generateName: { type: 'string', maxLength: 253 } },
};

/** The type of a field; undefined when there is none of that name. */
export function fieldType({ schema, fields, isResource }: Type, name: string): Type | undefined {
  if (fields !== undefined) return fields.get(name);
  if (schema === undefined) return undefined;
  if (isResource === true) {
    if (name === 'apiVersion' || name === 'kind') return text;
    if (name === 'metadata') return typeOfSchema(objectMeta);
  }
  const property = propertyOf(schema, name);
  return property === undefined ? undefined : typeOfSchema(property);
}

const opaqueNames: Partial<Record<Param, string>> = {
  authorizer: 'kubernetes.authorization.Authorizer',
  path_check: 'kubernetes.authorization.PathCheck',
  group_check: 'kubernetes.authorization.GroupCheck',
  resource_check: 'kubernetes.authorization.ResourceCheck',
  decision: 'kubernetes.authorization.Decision',
};

/** How error texts name a type. */
export function typeName({ kind, item, schema }: Type): string {
  if (kind === 'list') return `list(${item === undefined ? 'dyn' : typeName(item)})`;
  if (kind !== 'map') return opaqueNames[kind] ?? kind;
  return schema === undefined ? `map(string, ${item === undefined ? 'dyn' : typeName(item)})` : 'object';
}

/** A custom kind's schema in the form that the registry prunes, defaults, applies and lists by. Made when first needed. */
import type { ObjectSchema, Schema } from '@skiff/api';
import { setOwn } from '@skiff/api/json';
import { builtinType } from '@skiff/api/kinds';
import { itemsOf, type JsonSchema, valuesOf } from './json-schema.ts';

const objectMeta = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';

/** The schema of a whole object: what its author wrote, and the metadata that every object has. */
export function toObjectSchema(schema: JsonSchema): ObjectSchema {
  const { default: _, nullable: __, ...common } = commonOf(schema);
  return { ...objectSchema(schema, true), ...common };
}

type Common = Pick<Schema, 'description' | 'nullable' | 'default'>;

const commonOf = ({ description, nullable, default: fallback }: JsonSchema): Common => ({
  ...(description === undefined ? {} : { description }),
  ...(nullable === true ? { nullable } : {}),
  ...(fallback === undefined ? {} : { default: fallback }),
});

/** The schema of any value. */
export function toSchema(schema: JsonSchema): Schema {
  const common = commonOf(schema);
  if (schema['x-kubernetes-int-or-string'] === true) return { type: 'int-or-string', ...common };
  switch (schema.type) {
    case 'array':
      return arraySchema(schema, common);
    case 'object':
    case undefined:
    case '':
      return mapOrObject(schema, common);
    case 'string':
      return { type: 'string', ...common };
    case 'boolean':
      return { type: 'boolean', ...common };
    case 'integer':
    case 'number':
      return { type: schema.type, ...common };
    default:
      return { type: 'any', ...common };
  }
}

function arraySchema(schema: JsonSchema, common: Common): Schema {
  const items = preservedItems(schema);
  const listType = schema['x-kubernetes-list-type'];
  const keys = schema['x-kubernetes-list-map-keys'];
  return {
    type: 'array',
    items: items === undefined ? { type: 'any' } : toSchema(items),
    ...common,
    ...(listType === 'set' || listType === 'map' || listType === 'atomic' ? { listType } : {}),
    ...(keys === undefined ? {} : { listMapKeys: keys }),
  };
}

/** What a list preserves are the unknown fields of its items. */
function preservedItems(schema: JsonSchema): JsonSchema | undefined {
  const items = itemsOf(schema);
  const preserve = 'x-kubernetes-preserve-unknown-fields';
  return items === undefined || schema[preserve] !== true ? items : { ...items, [preserve]: true };
}

function mapOrObject(schema: JsonSchema, common: Common): Schema {
  const values = valuesOf(schema);
  const atomic = schema['x-kubernetes-map-type'] === 'atomic' ? { atomic: true } : {};
  const isMap = values !== undefined || schema.additionalProperties === true;
  if (isMap && Object.keys(schema.properties ?? {}).length === 0) {
    return { type: 'map', values: values === undefined ? { type: 'any' } : toSchema(values), ...common, ...atomic };
  }
  const isOpen = schema['x-kubernetes-preserve-unknown-fields'] === true;
  if (schema.type !== 'object' && schema.properties === undefined && isOpen) return { type: 'any', ...common };
  const object = objectSchema(schema, schema['x-kubernetes-embedded-resource'] === true);
  return { ...object, ...common, ...atomic };
}

function objectSchema(schema: JsonSchema, isResource: boolean): ObjectSchema {
  const properties: Record<string, Schema> = Object.create(null) as Record<string, Schema>;
  for (const [name, property] of Object.entries(schema.properties ?? {})) setOwn(properties, name, toSchema(property));
  return {
    type: 'object',
    properties: isResource ? withMeta(properties) : properties,
    required: schema.required ?? [],
    ...(schema['x-kubernetes-preserve-unknown-fields'] === true ? { preserveUnknown: true } : {}),
  };
}

/** Every resource, embedded or not, has these three; authors may leave them out. */
function withMeta(properties: Readonly<Record<string, Schema>>): Readonly<Record<string, Schema>> {
  return Object.assign(Object.create(null), properties, {
    apiVersion: properties.apiVersion ?? { type: 'string' },
    kind: properties.kind ?? { type: 'string' },
    metadata: builtinType(objectMeta),
  }) as Record<string, Schema>;
}

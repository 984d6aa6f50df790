/** The schema of a custom kind as its author wrote it: apiextensions.k8s.io/v1 JSONSchemaProps. */
import type { Json, JsonObject } from '@skiff/api';
import { isObject } from '../../patch/values.ts';

export interface JsonSchema {
  readonly $ref?: string;
  readonly id?: string;
  readonly title?: string;
  readonly description?: string;
  readonly type?: string;
  readonly format?: string;
  readonly nullable?: boolean;
  readonly default?: Json;
  readonly enum?: readonly Json[];
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: boolean;
  readonly exclusiveMaximum?: boolean;
  readonly multipleOf?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly required?: readonly string[];
  readonly items?: JsonSchema | readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly additionalItems?: Json;
  readonly patternProperties?: Readonly<Record<string, JsonSchema>>;
  readonly definitions?: Readonly<Record<string, JsonSchema>>;
  readonly dependencies?: JsonObject;
  readonly allOf?: readonly JsonSchema[];
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly not?: JsonSchema;
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean;
  readonly 'x-kubernetes-embedded-resource'?: boolean;
  readonly 'x-kubernetes-int-or-string'?: boolean;
  readonly 'x-kubernetes-list-type'?: string;
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  readonly 'x-kubernetes-map-type'?: string;
  readonly 'x-kubernetes-validations'?: readonly ValidationRule[];
}

/** One CEL rule of a schema. */
export interface ValidationRule {
  readonly rule?: string;
  readonly message?: string;
  readonly messageExpression?: string;
  readonly reason?: string;
  readonly fieldPath?: string;
  readonly optionalOldSelf?: boolean;
}

/** The schema of a list's items; undefined when there is none, or a list of them (which no structural schema has). */
export function itemsOf(schema: JsonSchema): JsonSchema | undefined {
  const { items } = schema;
  return items === undefined || Array.isArray(items) ? undefined : (items as JsonSchema);
}

/** The schema of a map's values; undefined when there is none, or just `true` or `false`. */
export function valuesOf(schema: JsonSchema): JsonSchema | undefined {
  const { additionalProperties } = schema;
  return isObject(additionalProperties) ? (additionalProperties as JsonSchema) : undefined;
}

/** The schema of an own property, whatever its name. */
export function propertyOf(schema: JsonSchema, name: string): JsonSchema | undefined {
  const { properties } = schema;
  return properties !== undefined && Object.hasOwn(properties, name) ? properties[name] : undefined;
}

/** The schema that describes the value under `key`. */
export const fieldSchema = (schema: JsonSchema, key: string): JsonSchema | undefined =>
  propertyOf(schema, key) ?? valuesOf(schema);

/** True when `test` holds for the schema or any below it. */
export function someSchema(schema: JsonSchema, test: (schema: JsonSchema) => boolean): boolean {
  return test(schema) || childrenOf(schema).some((child) => someSchema(child, test));
}

function childrenOf(schema: JsonSchema): readonly JsonSchema[] {
  const { items, not, allOf = [], anyOf = [], oneOf = [] } = schema;
  const values = valuesOf(schema);
  return [
    ...(items === undefined ? [] : Array.isArray(items) ? items : [items as JsonSchema]),
    ...(values === undefined ? [] : [values]),
    ...(not === undefined ? [] : [not]),
    ...Object.values(schema.properties ?? {}),
    ...allOf,
    ...anyOf,
    ...oneOf,
  ];
}

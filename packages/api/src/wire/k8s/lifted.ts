/** Messages that exist only because protobuf cannot say what JSON says: lists as map values, and "this or that". */
import type { Json, JsonObject } from '../../object.ts';

export interface Lifting {
  /** The JSON value that the message stands for. */
  readonly lift: (message: JsonObject) => Json;
  /** The message of a JSON value. */
  readonly lower: (value: Json) => JsonObject;
}

const list: Lifting = {
  lift: (message) => message.items ?? [],
  lower: (items) => ({ items }),
};

const nonEmpty = (list: Json | undefined): Json | undefined =>
  Array.isArray(list) && list.length > 0 ? list : undefined;

/** A schema, or a list under `member`. */
const schemaOrList = (member: string): Lifting => ({
  lift: (message) => nonEmpty(message[member]) ?? message.schema ?? null,
  lower: (value) => (Array.isArray(value) ? { [member]: value } : { schema: value }),
});

const schemaOrBool: Lifting = {
  lift: (message) => message.schema ?? message.allows ?? false,
  lower: (value): JsonObject => (typeof value === 'boolean' ? { allows: value } : { allows: true, schema: value }),
};

const extensions = 'k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1';

/** By the full name of the message. */
export const liftings: ReadonlyMap<string, Lifting> = new Map([
  ['k8s.io.apimachinery.pkg.apis.meta.v1.Verbs', list],
  ['k8s.io.api.authentication.v1.ExtraValue', list],
  ['k8s.io.api.authorization.v1.ExtraValue', list],
  ['k8s.io.api.certificates.v1.ExtraValue', list],
  [`${extensions}.JSONSchemaPropsOrArray`, schemaOrList('jSONSchemas')],
  [`${extensions}.JSONSchemaPropsOrBool`, schemaOrBool],
  [`${extensions}.JSONSchemaPropsOrStringArray`, schemaOrList('property')],
]);

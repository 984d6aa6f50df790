/** Schemas that arrived with their kinds, as OpenAPI shows them: whole in v3, and in v2 without what that cannot say. */
import type { Json, JsonObject } from '@skiff/api';
import { builtinType } from '@skiff/api/kinds';
import type { Components, Node } from './openapi-schema.ts';

const objectMeta = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';

/** The component of a custom kind. */
export function customNode(components: Components, schema: JsonObject): Node {
  components.node(builtinType(objectMeta));
  const shown = components.version === 3 ? schema : reduced(schema);
  const text = (description: string): Node => ({ type: 'string', description });
  const metadata = components.refTo(objectMeta);
  const description = "Standard object's metadata.";
  const properties: Node = {
    apiVersion: text('APIVersion defines the versioned schema of this representation of an object.'),
    kind: text('Kind is a string value representing the REST resource this object represents.'),
    metadata: components.version === 3 ? { description, allOf: [metadata] } : { description, ...metadata },
  };
  const own = isObject(shown.properties) ? shown.properties : {};
  return { ...shown, type: 'object', properties: { ...own, ...properties } };
}

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What v2 has no word for. */
const beyondV2 = new Set(['anyOf', 'oneOf', 'allOf', 'not', 'nullable', 'default', 'example']);

/** Free-form parts lose their type and content in v2, so that old clients do not refuse what the server takes. */
function reduced(schema: JsonObject): JsonObject {
  const isFree = schema['x-kubernetes-preserve-unknown-fields'] === true || schema.nullable === true;
  const isEither = schema['x-kubernetes-int-or-string'] === true;
  const result: JsonObject = {};
  for (const [name, value] of Object.entries(schema)) {
    if (beyondV2.has(name)) continue;
    if ((isFree || isEither) && name === 'type') continue;
    if (isFree && ['properties', 'items', 'additionalProperties', 'required'].includes(name)) continue;
    result[name] = reducedMember(name, value);
  }
  return result;
}

function reducedMember(name: string, value: Json): Json {
  if (!isObject(value)) return value;
  if (name === 'items' || name === 'additionalProperties') return reduced(value);
  if (name !== 'properties') return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, isObject(each) ? reduced(each) : each]));
}

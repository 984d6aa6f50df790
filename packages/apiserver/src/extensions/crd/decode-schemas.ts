/**
 * `items` and `additionalProperties` of a schema hold another one, or something else (a list, a truth value), so that the
 * type of CustomResourceDefinition says nothing of them: what is inside is decoded here, as deep as it goes. Unknown fields in there
 * are dropped without a word, under strict validation too: Kubernetes' own types for them (JSONSchemaPropsOrArray, …OrBool) do so.
 */
import { badRequest, type JsonObject } from '@skiff/api';
import { builtinType } from '@skiff/api/kinds';
import { decode } from '@skiff/api/validation';
import { isObject, objectAt, objectsAt, own, put } from '../../patch/values.ts';

const schemaType = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps';

/** Decodes the schemas of all versions, in place. Throws BadRequest in Go's words for values of a wrong type. */
export function decodeSchemas(crd: JsonObject): void {
  for (const version of objectsAt(crd, 'spec', 'versions')) {
    const schema = objectAt(version, 'schema', 'openAPIV3Schema');
    if (schema !== undefined) decodeInner(schema);
  }
}

function decodeInner(schema: JsonObject): void {
  for (const name of ['items', 'additionalProperties']) {
    const value = own(schema, name);
    if (isObject(value)) put(schema, name, decoded(value));
    else if (typeof value === 'boolean' && name === 'additionalProperties') continue;
    else if (Array.isArray(value) && name === 'items')
      put(
        schema,
        name,
        value.map((each) => (isObject(each) ? decoded(each) : each)),
      );
    else if (value !== undefined)
      throw badRequest(`json: cannot unmarshal a value of the wrong type into ${name} of a schema`);
  }
  for (const name of ['allOf', 'anyOf', 'oneOf']) for (const each of objectsAt(schema, name)) decodeInner(each);
  for (const name of ['properties', 'patternProperties', 'definitions']) {
    for (const each of Object.values(objectAt(schema, name) ?? {})) if (isObject(each)) decodeInner(each);
  }
  const not = objectAt(schema, 'not');
  if (not !== undefined) decodeInner(not);
}

function decoded(value: JsonObject): JsonObject {
  const { value: schema, faults } = decode(builtinType(schemaType), value);
  const [fault] = faults;
  if (fault !== undefined)
    throw badRequest(
      `CustomResourceDefinition in version "v1" cannot be handled as a CustomResourceDefinition: ${fault}`,
    );
  const object = isObject(schema) ? schema : {};
  decodeInner(object);
  return object;
}

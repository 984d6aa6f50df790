/**
 * Stored objects that are not of their kind: whoever writes to the store itself may write anything. JSON shows them as they are; protobuf has
 * no place for what is wrong, and one object must not cost a client its list.
 */
import { apiVersionOf, type JsonObject, type ObjectSchema } from '@skiff/api';
import { builtinDefinitions } from '@skiff/api/kinds';
import { decode } from '@skiff/api/validation';
import { isObject, textAt } from '../patch/values.ts';

const schemas: ReadonlyMap<string, () => ObjectSchema> = new Map(
  builtinDefinitions().map((each) => [`${apiVersionOf(each)} ${each.kind}`, each.schema]),
);

/** Encodes an object; without the parts that its kind does not allow, when it cannot be encoded with them. Throws what `encode` throws of the rest. */
export function encodeRightParts<T>(object: JsonObject, encode: (object: JsonObject) => T): T {
  try {
    return encode(object);
  } catch (error) {
    const schema = schemas.get(`${textAt(object, 'apiVersion')} ${textAt(object, 'kind')}`)?.();
    if (schema === undefined) throw error;
    const right = decode(schema, object).value;
    if (!isObject(right)) throw error;
    return encode(right);
  }
}

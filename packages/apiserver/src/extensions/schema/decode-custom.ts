/** From what a client sent to a custom object: metadata as every kind's, the rest pruned by the schema and judged later. */
import type { JsonObject, ObjectSchema } from '@skiff/api';
import { builtinType } from '@skiff/api/kinds';
import { type Decoded, decode, prune } from '@skiff/api/validation';
import { isObject, own, put } from '../../patch/values.ts';

/** `schema` is the whole object's. `document` is used up. */
export function decodeCustom(schema: ObjectSchema, document: JsonObject): Decoded {
  const faults: string[] = [];
  const { metadata, ...rest } = document;
  for (const name of ['apiVersion', 'kind']) {
    const value = own(rest, name);
    if (value !== undefined && typeof value !== 'string') faults.push(`${name} must be a string`);
  }
  const pruned = prune(schema, rest);
  const value = isObject(pruned.value) ? pruned.value : {};
  const meta = decode(builtinType('io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta'), metadata ?? {});
  put(value, 'metadata', meta.value);
  return {
    value,
    unknown: [...meta.unknown.map((path) => `metadata.${path}`), ...pruned.unknown],
    faults: [...faults, ...meta.faults],
  };
}

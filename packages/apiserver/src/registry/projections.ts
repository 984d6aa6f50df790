/** Objects that stand for a part of another: what `scale` shows and takes. */
import type { JsonObject } from '@skiff/api';
import { copy, put } from '../patch/values.ts';
import type { Kind } from './definition-table.ts';
import { metaOf, resourceVersionOf } from './meta.ts';
import type { Projection } from './subresources/table.ts';

/** The object with the part in it, and with the version that the part says is meant. */
export function carriedOver(kind: Kind, projection: Projection, whole: JsonObject, part: JsonObject): JsonObject {
  const object = copy(whole);
  projection.put(kind, object, part);
  const version = resourceVersionOf(part);
  if (version === '') delete metaOf(object).resourceVersion;
  else put(metaOf(object), 'resourceVersion', version);
  return object;
}

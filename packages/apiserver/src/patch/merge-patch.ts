/** JSON merge patch (RFC 7386). */
import type { Json, JsonObject } from '@skiff/api';
import { copy, isObject, own, put } from './values.ts';

/** The document after the patch; neither argument is changed. A patch that is no object replaces the whole. */
export function mergePatch(document: Json | undefined, patch: Json): Json {
  if (!isObject(patch)) return copy(patch);
  const result: JsonObject = isObject(document) ? shallow(document) : {};
  for (const key of Object.keys(patch)) {
    const value = patch[key] as Json;
    if (value === null) delete result[key];
    else put(result, key, mergePatch(own(result, key), value));
  }
  return result;
}

function shallow(object: JsonObject): JsonObject {
  const result: JsonObject = {};
  for (const key of Object.keys(object)) put(result, key, object[key] as Json);
  return result;
}

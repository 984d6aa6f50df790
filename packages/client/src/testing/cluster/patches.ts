/**
 * The patches our controllers send: merge (RFC 7386), strategic merge, and JSON patch's add, replace, remove and test. The
 * whole of patching, with every directive and server-side apply, is the API server's own and tested there.
 */
import { ApiError, badRequest, deepEqual, type Json, type JsonObject, type Schema } from '@skiff/api';
import type { PatchType } from '../../contract.ts';
import { isObject, own, put } from './document.ts';

/** The patched document; the arguments stay as they are. */
export function applyPatch(
  document: JsonObject,
  type: PatchType,
  patch: unknown,
  schema: Schema | undefined,
): JsonObject {
  const result = structuredClone(document);
  const change = structuredClone(patch) as Json;
  switch (type) {
    case 'merge':
      return mergeInto(result, requireObject(change), undefined);
    case 'strategic':
      return mergeInto(result, requireObject(change), schema);
    case 'json':
      return jsonPatch(result, change);
    case 'apply':
      throw new ApiError('UnsupportedMediaType', 'the in-memory cluster has no server-side apply');
  }
}

function requireObject(patch: Json): JsonObject {
  if (!isObject(patch)) throw badRequest('a merge patch is an object');
  return patch;
}

/** With a schema, lists that it gives a merge key are merged; without, every list replaces. */
function mergeInto(target: JsonObject, patch: JsonObject, schema: Schema | undefined): JsonObject {
  for (const [key, value] of Object.entries(patch)) {
    const live = own(target, key);
    const below = schemaOf(schema, key);
    if (value === null) delete target[key];
    else if (isObject(value)) put(target, key, mergeInto(isObject(live) ? live : {}, value, below));
    else if (Array.isArray(value) && below?.type === 'array' && below.patchMergeKey !== undefined)
      put(target, key, mergeList(Array.isArray(live) ? live : [], value, below.patchMergeKey, below.items));
    else put(target, key, value);
  }
  return target;
}

function schemaOf(schema: Schema | undefined, key: string): Schema | undefined {
  if (schema?.type === 'map') return schema.values;
  return schema?.type === 'object' ? schema.properties[key] : undefined;
}

function mergeList(live: readonly Json[], patch: readonly Json[], mergeKey: string, items: Schema): Json[] {
  if (mergeKey === '') return [...new Set([...live, ...patch])];
  const isReplace = (item: Json): boolean => isObject(item) && item.$patch === 'replace';
  const merged = patch.some(isReplace) ? [] : [...live];
  for (const item of patch) {
    if (isReplace(item)) continue;
    if (!isObject(item)) throw badRequest(`an item of a list that merges by ${mergeKey} is an object`);
    const at = merged.findIndex((one) => isObject(one) && own(one, mergeKey) === own(item, mergeKey));
    const found = merged[at];
    if (item.$patch === 'delete') {
      if (at >= 0) merged.splice(at, 1);
    } else if (isObject(found)) mergeInto(found, item, items);
    else merged.push(mergeInto({}, item, items));
  }
  return merged;
}

function jsonPatch(document: JsonObject, patch: Json): JsonObject {
  if (!Array.isArray(patch)) throw badRequest('a JSON patch is a list');
  for (const operation of patch) if (isObject(operation)) operate(document, operation);
  return document;
}

function operate(document: JsonObject, { op, path, value }: JsonObject): void {
  const parts = String(path)
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  const last = parts.pop() ?? '';
  let parent: Json | undefined = document;
  for (const part of parts) parent = childOf(parent, part);
  const current = childOf(parent, last);
  const missing = current === undefined && (op === 'replace' || op === 'remove');
  if (missing || (op === 'test' && !deepEqual(current, value)))
    throw new ApiError('Invalid', `the server rejected our request due to an error in our request: ${op} ${path}`);
  if (op === 'test') return;
  if (Array.isArray(parent)) {
    const index = last === '-' ? parent.length : Number(last);
    parent.splice(index, op === 'add' ? 0 : 1, ...(op === 'remove' ? [] : [value as Json]));
  } else if (isObject(parent)) put(parent, last, op === 'remove' ? undefined : value);
}

const childOf = (parent: Json | undefined, key: string): Json | undefined => {
  if (Array.isArray(parent)) return parent[Number(key)];
  return isObject(parent) ? own(parent, key) : undefined;
};

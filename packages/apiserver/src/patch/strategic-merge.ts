/**
 * Strategic merge patch: a merge patch whose lists may merge by a key that the schema names, with directives
 * (`$patch`, `$retainKeys`, `$setElementOrder/<field>`, `$deleteFromPrimitiveList/<field>`). The rules are those of
 * Kubernetes' design notes "strategic-merge-patch" and "preserve order in strategic merge patch".
 */
import type { Json, JsonObject, Schema } from '@skiff/api';
import { PatchError } from './errors.ts';
import { type ListRules, mergeLists, orderMerged } from './strategic-lists.ts';
import { copy, isObject, own, put } from './values.ts';

const directive = '$patch';
const retainKeys = '$retainKeys';
const elementOrder = '$setElementOrder';
const deleteFromPrimitives = '$deleteFromPrimitiveList';

/**
 * The document after the patch; neither argument is changed. `schema` tells which lists merge; below an unknown field
 * everything replaces. Throws PatchError.
 */
export function strategicMergePatch(document: JsonObject, patch: JsonObject, schema: Schema): JsonObject {
  return mergeMap(copy(document), copy(patch), schema);
}

function mergeMap(original: JsonObject, patch: JsonObject, schema: Schema | undefined): JsonObject {
  if (Object.hasOwn(patch, directive)) return replaceOrDelete(patch);
  retainOnly(original, patch);
  orderElements(original, patch, schema);
  for (const name of Object.keys(patch)) {
    const value = patch[name] as Json;
    if (name === deleteFromPrimitives || name.startsWith(`${deleteFromPrimitives}/`)) {
      deletePrimitives(original, fieldOf(name, deleteFromPrimitives), value);
    } else if (value === null) {
      delete original[name];
    } else {
      mergeField(original, name, value, schema);
    }
  }
  return original;
}

function replaceOrDelete(patch: JsonObject): JsonObject {
  const kind = patch[directive];
  if (kind === 'delete') return {};
  if (kind !== 'replace') {
    throw new PatchError('malformed', `unknown patch type: ${show(kind)} in map: ${show(patch)}`);
  }
  delete patch[directive];
  return patch;
}

function mergeField(original: JsonObject, name: string, value: Json, schema: Schema | undefined): void {
  const live = own(original, name);
  const below = fieldSchema(schema, name);
  if (isObject(live) && isObject(value)) {
    const replaces = below?.type === 'object' && below.patchReplace === true;
    put(original, name, replaces ? value : mergeMap(live, value, below));
    return;
  }
  if (Array.isArray(live) && Array.isArray(value)) {
    const rules = listRules(below);
    put(original, name, rules === undefined ? value : mergeLists(live, value, rules));
    return;
  }
  const kept = withoutDirectives(value);
  if (kept === undefined) delete original[name];
  else put(original, name, kept);
}

/** `$retainKeys` clears every field of the original that it does not list; the patch may not set another one. */
function retainOnly(original: JsonObject, patch: JsonObject): void {
  if (!Object.hasOwn(patch, retainKeys)) return;
  const list = patch[retainKeys];
  delete patch[retainKeys];
  const malformed = new PatchError('malformed', 'invalid patch format of retainKeys');
  if (!Array.isArray(list)) throw malformed;
  const retained = new Set(list);
  for (const name of Object.keys(patch)) {
    const isDirective = name.startsWith(deleteFromPrimitives) || name.startsWith(elementOrder);
    if (patch[name] !== null && !isDirective && !retained.has(name)) throw malformed;
  }
  for (const name of Object.keys(original)) if (!retained.has(name)) delete original[name];
}

/** `$setElementOrder/<field>`: merges that field's list, then sorts it as the directive says. Consumes both from the patch. */
function orderElements(original: JsonObject, patch: JsonObject, schema: Schema | undefined): void {
  for (const name of Object.keys(patch)) {
    if (!name.startsWith(elementOrder)) continue;
    const order = patch[name];
    delete patch[name];
    const target = fieldOf(name, elementOrder);
    const live = own(original, target);
    const change = own(patch, target);
    if (!Array.isArray(order) || !isListOrAbsent(live) || !isListOrAbsent(change)) {
      throw new PatchError('malformed', 'invalid patch format of setElementOrder list');
    }
    if (live === undefined && change === undefined) continue;
    const rules = listRules(fieldSchema(schema, target));
    checkOrder(change ?? [], order, rules?.mergeKey ?? '');
    const merged = mergedForOrder(live, change, rules);
    put(original, target, orderMerged(merged, order, live ?? [], rules?.mergeKey ?? ''));
    delete patch[target];
  }
}

const isListOrAbsent = (value: Json | undefined): value is Json[] | undefined =>
  value === undefined || Array.isArray(value);

function mergedForOrder(live: Json[] | undefined, change: Json[] | undefined, rules: ListRules | undefined): Json[] {
  if (live === undefined) return change === undefined ? [] : listWithoutDirectives(change);
  if (change === undefined) return live;
  return rules === undefined ? change : mergeLists(live, change, rules);
}

/** The items a patch sets must stand in the order list, in the same order (deletions are free). */
function checkOrder(change: readonly Json[], order: readonly Json[], mergeKey: string): void {
  if (order.length === 0 || change.length === 0) return;
  const keyOf = (item: Json): Json | undefined => (mergeKey !== '' && isObject(item) ? own(item, mergeKey) : item);
  const wanted = change.filter((item) => !(isObject(item) && Object.hasOwn(item, directive))).map(keyOf);
  let found = 0;
  for (const item of order) if (found < wanted.length && keyOf(item) === wanted[found]) found += 1;
  if (found < wanted.length) {
    throw new PatchError(
      'inapplicable',
      `The order in patch list:\n${show(change)}\n doesn't match ${elementOrder} list:\n${show(order)}\n`,
    );
  }
}

function deletePrimitives(original: JsonObject, name: string, value: Json): void {
  if (value === null) {
    delete original[name];
    return;
  }
  const live = own(original, name);
  if (!Array.isArray(live) || !Array.isArray(value)) return;
  const gone = new Set(value);
  put(
    original,
    name,
    live.filter((item) => !gone.has(item)),
  );
}

function fieldOf(key: string, prefix: string): string {
  if (key.startsWith(`${prefix}/`)) return key.slice(prefix.length + 1);
  throw new PatchError(
    'malformed',
    prefix === elementOrder ? 'invalid patch format of setElementOrder list' : 'invalid patch format of primitive list',
  );
}

function fieldSchema(schema: Schema | undefined, name: string): Schema | undefined {
  if (schema?.type === 'map') return schema.values;
  if (schema?.type !== 'object') return undefined;
  return Object.hasOwn(schema.properties, name) ? schema.properties[name] : undefined;
}

/** How a list merges, or undefined when the patch's list replaces it. */
function listRules(schema: Schema | undefined): ListRules | undefined {
  if (schema?.type !== 'array' || schema.patchMergeKey === undefined) return undefined;
  const items = schema.items;
  return {
    mergeKey: schema.patchMergeKey,
    mergeItem: (live, change) => mergeMap(live, change, items),
    withoutDirectives: (item) => withoutDirectives(item),
  };
}

/** A value that meets nothing in the document: nulls and directives in it mean nothing and go. Undefined: drop it whole. */
function withoutDirectives(value: Json): Json | undefined {
  if (Array.isArray(value)) return listWithoutDirectives(value);
  if (!isObject(value)) return value;
  if (Object.hasOwn(value, directive)) return undefined;
  const result: JsonObject = {};
  for (const name of Object.keys(value)) {
    const kept = value[name] === null ? undefined : withoutDirectives(value[name] as Json);
    if (kept !== undefined && !isParallelDirective(name)) put(result, name, kept);
  }
  return result;
}

const isParallelDirective = (name: string): boolean =>
  name === retainKeys || name.startsWith(`${elementOrder}/`) || name.startsWith(`${deleteFromPrimitives}/`);

function listWithoutDirectives(list: readonly Json[]): Json[] {
  return list.map((item) => withoutDirectives(item)).filter((item) => item !== undefined);
}

const show = (value: Json | readonly Json[] | undefined): string => JSON.stringify(value) ?? 'null';

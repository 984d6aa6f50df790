/** Merging lists for strategic merge patch: objects by their merge key, primitives as sets, and the order of the result. */
import type { Json, JsonObject } from '@skiff/api';
import { PatchError } from './errors.ts';
import { plainGo } from './unstructured.ts';
import { isObject, own } from './values.ts';

export interface ListRules {
  /** '' for a list of primitives. */
  readonly mergeKey: string;
  readonly mergeItem: (live: JsonObject, change: JsonObject) => JsonObject;
  /** An item that joins the list as it is, without directives; undefined when it is nothing but one. */
  readonly withoutDirectives: (item: Json) => Json | undefined;
}

/** The merged list: patched items in the patch's order, the rest in the live order. Throws PatchError. */
export function mergeLists(live: readonly Json[], change: readonly Json[], rules: ListRules): Json[] {
  if (live.length === 0 && change.length === 0) return [];
  const kinds = new Set([...live, ...change].map(kindOf));
  if (kinds.has('list')) throw new PatchError('inapplicable', 'lists of lists are not supported');
  if (kinds.size > 1) {
    throw new PatchError(
      'inapplicable',
      `list element types are not identical: ${JSON.stringify(live)} ${JSON.stringify(change)}`,
    );
  }
  if (!kinds.has('object')) return orderMerged([...new Set([...live, ...change])], change, live, '');
  if (rules.mergeKey === '') throw new PatchError('inapplicable', 'cannot merge lists without merge key');
  return mergeObjects(live.filter(isObject), change.filter(isObject), rules);
}

const kindOf = (value: Json): string => (Array.isArray(value) ? 'list' : value === null ? 'null' : typeof value);

function mergeObjects(live: readonly JsonObject[], change: readonly JsonObject[], rules: ListRules): Json[] {
  const { mergeKey } = rules;
  const { base, changes } = applyItemDirectives(live, change, mergeKey);
  const merged: JsonObject[] = [...base];
  for (const item of changes) {
    const key = requireKey(item, mergeKey);
    const index = merged.findIndex((candidate) => own(candidate, mergeKey) === key);
    const found = merged[index];
    if (found !== undefined) {
      merged[index] = rules.mergeItem(found, item);
    } else {
      const kept = rules.withoutDirectives(item);
      if (isObject(kept)) merged.push(kept);
    }
  }
  return orderMerged(merged, changes, base, mergeKey);
}

/** Takes items that are directives (`$patch: delete` removes by key, `$patch: replace` empties the live list) out of the patch. */
function applyItemDirectives(
  live: readonly JsonObject[],
  change: readonly JsonObject[],
  mergeKey: string,
): { base: readonly JsonObject[]; changes: readonly JsonObject[] } {
  let base = live;
  let replace = false;
  const changes: JsonObject[] = [];
  for (const item of change) {
    const directive = own(item, '$patch');
    if (directive === undefined) {
      changes.push(item);
    } else if (directive === 'delete') {
      const key = requireKey(item, mergeKey);
      base = base.filter((candidate) => own(candidate, mergeKey) !== key);
    } else if (directive === 'replace') {
      replace = true;
    } else if (directive === 'merge') {
      throw new PatchError('malformed', 'merging lists cannot yet be specified in the patch');
    } else {
      throw new PatchError(
        'malformed',
        `unknown patch type: ${JSON.stringify(directive)} in map: ${JSON.stringify(item)}`,
      );
    }
  }
  return { base: replace ? [] : base, changes };
}

function requireKey(item: JsonObject, mergeKey: string): Json {
  const key = own(item, mergeKey);
  if (key === undefined) {
    throw new PatchError('malformed', `map: ${plainGo(item)} does not contain declared merge key: ${mergeKey}`);
  }
  return key;
}

/**
 * Sorts items that `order` names as it names them, the others as they stood in `live`, and interleaves both: a live item
 * comes before the first ordered item that it preceded in `live`.
 */
export function orderMerged(
  merged: readonly Json[],
  order: readonly Json[],
  live: readonly Json[],
  mergeKey: string,
): Json[] {
  const keyOf = (item: Json): Json | undefined =>
    mergeKey === '' ? item : isObject(item) ? own(item, mergeKey) : item;
  const ranks = (list: readonly Json[]): Map<Json | undefined, number> => {
    const result = new Map<Json | undefined, number>();
    for (const [index, item] of list.entries()) if (!result.has(keyOf(item))) result.set(keyOf(item), index);
    return result;
  };
  const ordered = ranks(order);
  const stood = ranks(live);
  const byRank = (rank: Map<Json | undefined, number>) => (a: Json, b: Json) =>
    (rank.get(keyOf(a)) ?? merged.length + order.length) - (rank.get(keyOf(b)) ?? merged.length + order.length);
  const named = merged.filter((item) => ordered.has(keyOf(item))).sort(byRank(ordered));
  const others = merged.filter((item) => !ordered.has(keyOf(item))).sort(byRank(stood));
  return interleave(others, named, (item) => stood.get(keyOf(item)));
}

function interleave(left: readonly Json[], right: readonly Json[], rank: (item: Json) => number | undefined): Json[] {
  const result: Json[] = [];
  let taken = 0;
  for (const item of right) {
    const limit = rank(item);
    for (let next = left[taken]; next !== undefined; next = left[taken]) {
      const place = rank(next);
      if (place === undefined || limit === undefined || place >= limit) break;
      result.push(next);
      taken += 1;
    }
    result.push(item);
  }
  return [...result, ...left.slice(taken)];
}

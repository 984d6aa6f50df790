/**
 * OpenAPI v2 documents of servers behind this one, made part of its own (kube-aggregator's openapi aggregator): their paths of the
 * group versions they answer for, and the definitions these use. A definition whose name means something else here gets another. Pure.
 */
import type { Json, JsonObject } from '@skiff/api';
import { isObject, objectAt, own, put, same } from '../../patch/values.ts';

export interface RemoteDocument {
  readonly group: string;
  readonly version: string;
  readonly document: JsonObject;
}

const prefix = '#/definitions/';

export function mergedOpenApi(own: JsonObject, remotes: readonly RemoteDocument[]): JsonObject {
  const paths: JsonObject = { ...objectAt(own, 'paths') };
  const definitions: JsonObject = { ...objectAt(own, 'definitions') };
  for (const { group, version, document } of remotes) {
    const at = `/apis/${group}/${version}/`;
    const mine = Object.entries(objectAt(document, 'paths') ?? {}).filter(([path]) => `${path}/`.startsWith(at));
    const names = addDefinitions(
      definitions,
      objectAt(document, 'definitions') ?? {},
      mine.map(([, item]) => item),
    );
    for (const [path, item] of mine) put(paths, path, renamed(item, names));
  }
  return { ...own, paths, definitions };
}

/** Adds what `users` refer to, however far, and answers the names that had to change. */
function addDefinitions(into: JsonObject, from: JsonObject, users: readonly Json[]): ReadonlyMap<string, string> {
  const used = new Set<string>();
  const waiting = [...users];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    for (const name of referencesIn(next)) {
      const definition = own(from, name);
      if (used.has(name) || definition === undefined) continue;
      used.add(name);
      waiting.push(definition);
    }
  }
  const names = new Map<string, string>();
  for (const name of used) {
    const free = freeName(into, name, own(from, name) ?? null);
    if (free !== name) names.set(name, free);
  }
  for (const name of used) put(into, names.get(name) ?? name, renamed(own(from, name) ?? null, names));
  return names;
}

/** The name itself where nobody has it or it means the same, else `name_v2` and so on. */
function freeName(into: JsonObject, name: string, definition: Json): string {
  for (let turn = 1; ; turn += 1) {
    const free = turn === 1 ? name : `${name}_v${turn}`;
    const there = own(into, free);
    if (there === undefined || same(there, definition)) return free;
  }
}

function* referencesIn(value: Json): Generator<string> {
  if (Array.isArray(value)) for (const each of value) yield* referencesIn(each);
  if (!isObject(value)) return;
  for (const [key, each] of Object.entries(value)) {
    if (key === '$ref' && typeof each === 'string' && each.startsWith(prefix)) yield each.slice(prefix.length);
    else yield* referencesIn(each);
  }
}

function renamed(value: Json, names: ReadonlyMap<string, string>): Json {
  if (names.size === 0) return value;
  if (Array.isArray(value)) return value.map((each) => renamed(each, names));
  if (!isObject(value)) return value;
  const made: JsonObject = {};
  for (const [key, each] of Object.entries(value)) {
    const isReference = key === '$ref' && typeof each === 'string' && each.startsWith(prefix);
    const name = isReference ? names.get(each.slice(prefix.length)) : undefined;
    put(made, key, name === undefined ? renamed(each, names) : `${prefix}${name}`);
  }
  return made;
}

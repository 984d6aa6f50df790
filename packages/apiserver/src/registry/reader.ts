/** Reading other objects in the middle of a write: from the cache where an old state will do, from the store where not. */
import type { JsonObject } from '@skiff/api';
import type { CachedDocument } from '../watch/contract.ts';
import { parseText, toObject } from './documents.ts';
import { collectionOf, type Env } from './env.ts';
import { keyOf } from './keys.ts';

export interface Collection {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
}

/** Objects of cached documents, for as long as the cache holds those: the same namespace is asked for with every pod. */
const parsed = new WeakMap<CachedDocument, JsonObject>();

function objectOf(document: CachedDocument): JsonObject {
  const known = parsed.get(document);
  if (known !== undefined) return known;
  const object = parseText(document.text);
  parsed.set(document, object);
  return object;
}

/** One object as the cache has it, or undefined. It is shared: nobody changes it. */
export function readCached(env: Env, of: Collection, namespace: string, name: string): JsonObject | undefined {
  const kind = env.table.find(of);
  if (kind === undefined) return undefined;
  const document = collectionOf(env, kind).get(keyOf(kind, namespace, name));
  return document === undefined ? undefined : objectOf(document);
}

/** One object as the store has it now, or undefined. */
export async function readLive(
  env: Env,
  of: Collection,
  namespace: string,
  name: string,
): Promise<JsonObject | undefined> {
  const kind = env.table.find(of);
  if (kind === undefined) return undefined;
  const document = await env.store.get(keyOf(kind, namespace, name));
  return document === undefined ? undefined : toObject(document);
}

/** All objects of a collection as the cache has them, shared as well. */
export function listCached(env: Env, of: Collection): readonly JsonObject[] {
  const kind = env.table.find(of);
  if (kind === undefined) return [];
  const { documents } = collectionOf(env, kind).list({ namespace: '', name: '' });
  return documents.map(objectOf);
}

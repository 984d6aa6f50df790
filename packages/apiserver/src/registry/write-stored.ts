/** The write under every POST, PUT and PATCH: the watch cache is told beforehand, so that it need not parse what this server made. */
import type { JsonObject } from '@skiff/api';
import type { Kind } from './definition-table.ts';
import { collectionOf, type Env } from './env.ts';

export interface Wanted {
  readonly key: string;
  /** The stored text, and the object it was made of. */
  readonly text: string;
  readonly object: JsonObject;
  /** The version that must be there; undefined: nothing may be. */
  readonly expected: bigint | undefined;
}

/** The new version. Throws what the store throws. */
export async function writeStored(env: Env, kind: Kind, { key, text, object, expected }: Wanted): Promise<bigint> {
  const collection = collectionOf(env, kind);
  const bytes = Buffer.from(text);
  collection.expect(key, { text, bytes }, object);
  try {
    return await (expected === undefined ? env.store.create(key, bytes) : env.store.update(key, bytes, expected));
  } catch (error) {
    collection.unexpect(key);
    throw error;
  }
}

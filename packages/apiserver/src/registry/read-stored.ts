/** The linearizable read under every write. */
import { isStoreError, type StoredDocument } from '../storage/contract.ts';
import type { Target } from './contract.ts';
import type { Env } from './env.ts';
import { translating } from './store-errors.ts';

/** What the store holds under the key now. */
export function readStored(
  env: Env,
  target: Target,
  key: string,
  signal: AbortSignal,
): Promise<StoredDocument | undefined> {
  return translating(target, target.name, async () => {
    try {
      return await env.store.get(key, signal);
    } catch (error) {
      if (isStoreError(error, 'missing')) return undefined;
      throw error;
    }
  });
}

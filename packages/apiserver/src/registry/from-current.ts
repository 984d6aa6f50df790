/**
 * Writes begin with what the watch cache holds: a read of the store before each would cost about what the write does. The cache may be
 * behind, so what comes of it counts only when the write itself proved it (it is guarded by the version), or when a read afterwards
 * finds the store at the same version; else the work is done again on what the store holds.
 */
import { isStoreError, type StoredDocument } from '../storage/contract.ts';
import { withoutResourceVersion } from '../watch/splice.ts';
import type { Target } from './contract.ts';
import type { Kind } from './definition-table.ts';
import { collectionOf, type Env } from './env.ts';
import { readStored } from './read-stored.ts';
import { translated } from './store-errors.ts';

/** What an attempt came to; `written` when a guarded write has proved that it began with the current state. */
export interface Attempted<T> {
  readonly answer: T;
  readonly written: boolean;
}

export interface Subject {
  readonly kind: Kind;
  readonly target: Target;
  readonly key: string;
  readonly signal: AbortSignal;
}

/** Runs `attempt` until it began with the current state. It may run several times. Throws ApiError. */
export async function fromCurrent<T>(
  env: Env,
  { kind, target, key, signal }: Subject,
  attempt: (document: StoredDocument | undefined) => Promise<Attempted<T>>,
): Promise<T> {
  let document = cachedDocument(env, kind, key);
  let isCurrent = document === undefined;
  if (isCurrent) document = await readStored(env, target, key, signal);
  for (;;) {
    signal.throwIfAborted();
    const outcome = await attempt(document).catch((error: unknown) => ({ error }));
    if ('answer' in outcome) {
      if (outcome.written || isCurrent) return outcome.answer;
    } else if (isStoreError(outcome.error, 'conflict', 'missing')) {
      document = outcome.error.current;
      isCurrent = true;
      continue;
    } else if (isCurrent || isStoreError(outcome.error)) {
      throw translated(outcome.error, target, target.name);
    }
    const live = await readStored(env, target, key, signal);
    if (live?.version === document?.version) {
      if ('answer' in outcome) return outcome.answer;
      throw outcome.error;
    }
    document = live;
    isCurrent = true;
  }
}

function cachedDocument(env: Env, kind: Kind, key: string): StoredDocument | undefined {
  const cached = collectionOf(env, kind).get(key);
  if (cached === undefined) return undefined;
  return { key, version: cached.version, text: withoutResourceVersion(cached.text, cached.version) };
}

/** The watch cache: one upstream watch for the whole registry, collections under it. */
import { ApiError, type Clock, type Logger, type Random } from '@skiff/api';
import { isStoreError, type Store, type StoreEvent } from '../storage/contract.ts';
import { Collection } from './collection.ts';
import type { CollectionCache, Describe, WatchCache } from './contract.ts';

export interface WatchCacheOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** How often watchers that asked for bookmarks get one while nothing else moves them on. */
  readonly bookmarkEveryMs?: number;
}

export const registryPrefix = '/registry/';

const defaultBookmarkMs = 60_000;

export function createWatchCache(options: WatchCacheOptions): WatchCache {
  return new RegistryCache(options);
}

class RegistryCache implements WatchCache {
  readonly #options: WatchCacheOptions;
  readonly #collections = new Map<string, Collection>();
  /** Raw documents of collections that nobody has asked for yet; read when somebody does. */
  readonly #unclaimed = new Map<string, Map<string, StoreEvent & { type: 'put' }>>();
  readonly #waiters = new Set<{ readonly revision: bigint; readonly resolve: () => void }>();
  readonly #closing = new AbortController();
  readonly #firstSync = Promise.withResolvers<void>();
  readonly #running: Promise<void>;
  #revision = 0n;

  constructor(options: WatchCacheOptions) {
    this.#options = options;
    this.#running = this.#run(this.#closing.signal);
    this.#armBookmarks();
  }

  get revision(): bigint {
    return this.#revision;
  }

  async synced(signal?: AbortSignal): Promise<void> {
    if (signal === undefined) return this.#firstSync.promise;
    const aborted = Promise.withResolvers<never>();
    const abort = (): void => aborted.reject(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
    try {
      await Promise.race([this.#firstSync.promise, aborted.promise]);
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  async reaches(revision: bigint, timeoutMs: number, signal?: AbortSignal): Promise<void> {
    if (this.#revision >= revision) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiter = { revision, resolve };
    const tooLate = (): void =>
      reject(
        new ApiError('Timeout', `Too large resource version: ${revision}, current: ${this.#revision}`, {
          causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
          retryAfterSeconds: 1,
        }),
      );
    const timer = this.#options.clock.after(timeoutMs, tooLate);
    const abort = (): void => reject(signal?.reason);
    signal?.addEventListener('abort', abort, { once: true });
    this.#waiters.add(waiter);
    try {
      await promise;
    } finally {
      timer.cancel();
      this.#waiters.delete(waiter);
      signal?.removeEventListener('abort', abort);
    }
  }

  collection(storageKey: string, describe: Describe): CollectionCache {
    const found = this.#collections.get(storageKey);
    if (found !== undefined) return found;
    const made = new Collection({
      describe,
      revision: () => this.#revision,
      quarantine: (key, err) =>
        this.#options.logger.error({ key, err }, 'a stored document cannot be read; it is left out'),
    });
    this.#collections.set(storageKey, made);
    for (const { document } of this.#unclaimed.get(storageKey)?.values() ?? []) made.put(document);
    this.#unclaimed.delete(storageKey);
    // Deletions before this moment were not kept: a watch from an older version has to list.
    made.forgetHistory(this.#revision);
    return made;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    for (const collection of this.#collections.values())
      collection.end(new ApiError('ServiceUnavailable', 'the server is shutting down'));
    await this.#running;
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { clock, logger, random, store } = this.#options;
    while (!signal.aborted) {
      try {
        await this.#load();
        this.#firstSync.resolve();
        for await (const batch of store.watch(registryPrefix, this.#revision, signal)) {
          for (const event of batch.events) this.#apply(event);
          this.#advance(batch.revision);
        }
      } catch (error) {
        if (signal.aborted) return;
        // History was compacted under us: the state is read anew, and told as changes.
        const level = isStoreError(error, 'compacted') ? 'info' : 'warn';
        logger[level]({ err: error }, 'the watch of the store ended; reading everything anew');
        await clock.sleep(100 + random() * 400, signal).catch(() => undefined);
      }
    }
  }

  /** Reads everything and turns the difference to what is held into changes. */
  async #load(): Promise<void> {
    const { documents, revision } = await this.#options.store.list(registryPrefix);
    const present = new Set<string>();
    // In the order of their versions, as a watch would have told them: a client resumes behind the last version it saw.
    for (const document of [...documents].sort((a, b) => (a.version < b.version ? -1 : 1))) {
      present.add(document.key);
      this.#apply({ type: 'put', document });
    }
    for (const collection of this.#collections.values()) {
      for (const key of [...collection.keys()]) if (!present.has(key)) collection.remove(key, revision);
    }
    for (const waiting of this.#unclaimed.values())
      for (const key of [...waiting.keys()]) if (!present.has(key)) waiting.delete(key);
    // What happened between the last event and this state is known only in sum.
    for (const collection of this.#collections.values()) collection.forgetHistory(revision);
    this.#advance(revision);
  }

  #apply(event: StoreEvent): void {
    const key = event.type === 'put' ? event.document.key : event.key;
    const storageKey = storageKeyOf(key);
    const collection = this.#collections.get(storageKey);
    if (collection !== undefined) {
      if (event.type === 'put') collection.put(event.document);
      else collection.remove(key, event.version);
      return;
    }
    const waiting = this.#unclaimed.get(storageKey) ?? new Map<string, StoreEvent & { type: 'put' }>();
    if (event.type === 'put') waiting.set(key, event);
    else waiting.delete(key);
    this.#unclaimed.set(storageKey, waiting);
  }

  #advance(revision: bigint): void {
    if (revision > this.#revision) this.#revision = revision;
    for (const waiter of this.#waiters) if (waiter.revision <= this.#revision) waiter.resolve();
  }

  /** One timer for all watchers. */
  #armBookmarks(): void {
    const { clock, bookmarkEveryMs = defaultBookmarkMs } = this.#options;
    const timer = clock.after(bookmarkEveryMs, () => {
      if (this.#closing.signal.aborted) return;
      for (const collection of this.#collections.values()) collection.bookmark();
      this.#armBookmarks();
    });
    this.#closing.signal.addEventListener('abort', () => timer.cancel(), { once: true });
  }
}

/** `/registry/apps/deployments/ns/name` → `apps/deployments`. */
function storageKeyOf(key: string): string {
  const [group = '', resource = ''] = key.slice(registryPrefix.length).split('/', 2);
  return `${group}/${resource}`;
}

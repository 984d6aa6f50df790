/** The watch cache: one upstream watch for the whole registry, collections under it. */
import { ApiError, type Clock, type Logger, type Random, type Timer } from '@skiff/api';
import { isStoreError, type ListOptions, type Store, type StoredBytes, type StoreEvent } from '../storage/contract.ts';
import { bookmarkTurns, Collection, type Replacement } from './collection.ts';
import type { CollectionCache, Describe, WatchCache } from './contract.ts';

export interface WatchCacheOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** How often watchers that asked for bookmarks get one while nothing else moves them on. */
  readonly bookmarkEveryMs?: number;
  /** How often the cache compares itself with the store. */
  readonly auditEveryMs?: number;
}

export const registryPrefix = '/registry/';

const defaultBookmarkMs = 60_000;
const defaultAuditMs = 5 * 60_000;

/**
 * A new cache begins this many transactions in the past and replays them, so that the watchers of the server before it go on where
 * they were instead of listing all at once. A transaction brings one event, or up to 100 under load.
 */
const recalledTransactions = 2000;

export function createWatchCache(options: WatchCacheOptions): WatchCache {
  return new RegistryCache(options);
}

class RegistryCache implements WatchCache {
  readonly #options: WatchCacheOptions;
  readonly #collections = new Map<string, Collection>();
  /** Raw documents of collections that nobody has asked for yet; read when somebody does. */
  #unclaimed = new Map<string, Map<string, StoredBytes>>();
  readonly #waiters = new Set<{ readonly revision: bigint; readonly resolve: () => void }>();
  readonly #closing = new AbortController();
  #diverged = new AbortController();
  readonly #firstSync = Promise.withResolvers<void>();
  readonly #running: Promise<void>;
  #revision = 0n;

  constructor(options: WatchCacheOptions) {
    this.#options = options;
    this.#running = this.#run(this.#closing.signal);
    this.#every((options.bookmarkEveryMs ?? defaultBookmarkMs) / bookmarkTurns, () => this.#bookmark());
    this.#every(options.auditEveryMs ?? defaultAuditMs, () => this.#audit());
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
    // Deletions before this moment were not kept: a watch from an older version has to list.
    const replacement = made.replacement();
    for (const document of this.#unclaimed.get(storageKey)?.values() ?? []) replacement.put(document);
    replacement.finish(this.#revision);
    this.#unclaimed.delete(storageKey);
    return made;
  }

  redescribe(storageKey: string): void {
    this.#collections.get(storageKey)?.redescribe();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    for (const collection of this.#collections.values())
      collection.end(new ApiError('ServiceUnavailable', 'the server is shutting down'));
    await this.#running;
  }

  async #run(closing: AbortSignal): Promise<void> {
    const { clock, logger, random, store } = this.#options;
    let isLoaded = false;
    let replayedTo = 0n;
    while (!closing.aborted) {
      const signal = AbortSignal.any([closing, this.#diverged.signal]);
      try {
        if (!isLoaded) replayedTo = await this.#load(signal);
        isLoaded = true;
        if (this.#revision >= replayedTo) this.#firstSync.resolve();
        for await (const batch of store.watch(registryPrefix, this.#revision, signal)) {
          for (const event of batch.events) this.#apply(event);
          this.#advance(batch.revision);
          if (this.#revision >= replayedTo) this.#firstSync.resolve();
        }
      } catch (error) {
        if (closing.aborted) return;
        // History is gone: the state is read anew. Of any other fault the watch goes on where it was.
        if (isStoreError(error, 'compacted')) isLoaded = false;
        logger.warn({ err: error }, isLoaded ? 'the watch of the store ended; resuming' : 'reading everything anew');
        await clock.sleep(100 + random() * 400, closing).catch(() => undefined);
      }
      if (this.#diverged.signal.aborted) {
        this.#diverged = new AbortController();
        isLoaded = false;
      }
    }
  }

  /**
   * Reads everything, and answers the revision from which on it is as new as it was when asked for. What happened since the last event is
   * known only in sum, so watchers of before are ended: they list again.
   */
  async #load(signal: AbortSignal): Promise<bigint> {
    const { store } = this.#options;
    const newest = await store.revision(signal);
    if (this.#revision !== 0n) await this.#read({}, signal);
    else
      try {
        await this.#read({ revision: store.before(newest, recalledTransactions) }, signal);
      } catch (error) {
        // The state of a while ago is gone: that of now.
        if (!isStoreError(error, 'compacted')) throw error;
        await this.#read({}, signal);
      }
    return newest;
  }

  /** Page by page, so that never all of it is here twice; what was read takes the place of what there is in one turn. */
  async #read(options: Pick<ListOptions, 'revision'>, signal: AbortSignal): Promise<void> {
    const replacements = new Map<Collection, Replacement>();
    const unclaimed = new Map<string, Map<string, StoredBytes>>();
    let revision = 0n;
    for await (const page of this.#options.store.pages(registryPrefix, options, signal)) {
      revision = page.revision;
      for (const stored of page.documents) {
        const storageKey = storageKeyOf(stored.key);
        const collection = this.#collections.get(storageKey);
        if (collection === undefined) mapAt(unclaimed, storageKey).set(stored.key, copyOf(stored));
        else replacementOf(replacements, collection).put(stored);
      }
    }
    // A collection may have been asked for between two pages.
    for (const [storageKey, collection] of this.#collections) {
      const replacement = replacementOf(replacements, collection);
      for (const document of unclaimed.get(storageKey)?.values() ?? []) replacement.put(document);
      unclaimed.delete(storageKey);
      replacement.finish(revision);
    }
    this.#unclaimed = unclaimed;
    this.#revision = revision;
    this.#advance(revision);
  }

  /**
   * Compares every version with the store's, as of the same revision. etcd has lost events before (3.4.31, 3.4.34, 3.4.36),
   * and a cache that missed one would be wrong for ever without a sign.
   */
  async #audit(): Promise<void> {
    const { logger, store } = this.#options;
    const revision = this.#revision;
    const held = this.#versions();
    try {
      const stored = await store.versions(registryPrefix, revision);
      const wrong = differences(held, stored);
      if (wrong.length === 0) return;
      logger.error(
        { revision: String(revision), count: wrong.length, keys: wrong.slice(0, 10) },
        'the watch cache has diverged from the store',
      );
      this.#diverged.abort();
    } catch (error) {
      logger.warn({ err: error }, 'the watch cache could not be compared with the store');
    }
  }

  #versions(): Map<string, bigint> {
    const versions = new Map<string, bigint>();
    for (const collection of this.#collections.values())
      for (const [key, version] of collection.versions()) versions.set(key, version);
    for (const waiting of this.#unclaimed.values())
      for (const { key, version } of waiting.values()) versions.set(key, version);
    return versions;
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
    const waiting = mapAt(this.#unclaimed, storageKey);
    if (event.type === 'put') waiting.set(key, copyOf(event.document));
    else waiting.delete(key);
  }

  #advance(revision: bigint): void {
    if (revision > this.#revision) this.#revision = revision;
    for (const waiter of this.#waiters) if (waiter.revision <= this.#revision) waiter.resolve();
  }

  #bookmark(): void {
    for (const collection of this.#collections.values()) collection.bookmark();
  }

  /** Until the cache is closed; `run` is over before the next interval begins. */
  #every(intervalMs: number, run: () => void | Promise<void>): void {
    const { signal } = this.#closing;
    let timer: Timer;
    const arm = (): void => {
      if (!signal.aborted) timer = this.#options.clock.after(intervalMs, look);
    };
    const look = (): void => {
      const running = run();
      if (running === undefined) arm();
      else void running.finally(arm);
    };
    arm();
    signal.addEventListener('abort', () => timer.cancel(), { once: true });
  }
}

/** To be kept: its bytes lie among others. */
const copyOf = (stored: StoredBytes): StoredBytes => ({ ...stored, bytes: Buffer.from(stored.bytes) });

function mapAt<V>(maps: Map<string, Map<string, V>>, key: string): Map<string, V> {
  const found = maps.get(key);
  if (found !== undefined) return found;
  const made = new Map<string, V>();
  maps.set(key, made);
  return made;
}

function replacementOf(replacements: Map<Collection, Replacement>, collection: Collection): Replacement {
  const found = replacements.get(collection);
  if (found !== undefined) return found;
  const made = collection.replacement();
  replacements.set(collection, made);
  return made;
}

/** Keys that one has and the other has not, or at another version. */
function differences(held: ReadonlyMap<string, bigint>, stored: ReadonlyMap<string, bigint>): string[] {
  const wrong: string[] = [];
  for (const [key, version] of stored) if (held.get(key) !== version) wrong.push(key);
  for (const key of held.keys()) if (!stored.has(key)) wrong.push(key);
  return wrong;
}

/** `/registry/apps/deployments/ns/name` → `apps/deployments`. */
function storageKeyOf(key: string): string {
  const [group = '', resource = ''] = key.slice(registryPrefix.length).split('/', 2);
  return `${group}/${resource}`;
}

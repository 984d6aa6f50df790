/** The watch cache: one upstream watch for the whole registry, collections under it. */
import { ApiError, type Clock, type Logger, type Random, type Timer } from '@skiff/api';
import { isStoreError, type ListOptions, type Store, type StoreEvent } from '../storage/contract.ts';
import { bookmarkTurns, Collection } from './collection.ts';
import type { CollectionCache, Describe, WatchCache } from './contract.ts';
import { copyOf, type Documents, mapAt, Reading, registryPrefix, storageKeyOf } from './reading.ts';
import { unlessAborted } from './unless-aborted.ts';

export interface WatchCacheOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** How often watchers that asked for bookmarks get one while nothing else moves them on. */
  readonly bookmarkEveryMs?: number;
  /** How often the cache compares itself with the store. */
  readonly auditEveryMs?: number;
  /** Of a collection with more documents than this the rest is read last, while all others are served. */
  readonly largeCollection?: number;
}

const defaultBookmarkMs = 60_000;
const defaultAuditMs = 5 * 60_000;

/**
 * A new cache begins this many transactions in the past and replays them, so that the watchers of the server before it go on where
 * they were instead of listing all at once. A transaction brings one event, or up to 100 under load.
 */
const recalledTransactions = 2000;

const defaultLargeCollection = 500;
/** Events that wait for their collections to be read. With more the watch of the store waits as well. */
const mostWaiting = 20_000;

export function createWatchCache(options: WatchCacheOptions): WatchCache {
  return new RegistryCache(options);
}

class RegistryCache implements WatchCache {
  readonly #options: WatchCacheOptions;
  readonly #collections = new Map<string, Collection>();
  /** Raw documents of collections that nobody has asked for yet; read when somebody does. */
  readonly #unclaimed = new Map<string, Documents>();
  /** For each collection that is not read to its end the events since the revision that it is read as of. */
  readonly #waiting = new Map<string, StoreEvent[]>();
  readonly #waiters = new Set<{ readonly revision: bigint; readonly resolve: () => void }>();
  readonly #closing = new AbortController();
  #diverged = new AbortController();
  readonly #begun = Promise.withResolvers<void>();
  readonly #synced = Promise.withResolvers<void>();
  #isBegun = false;
  #isSynced = false;
  readonly #running: Promise<void>;
  /** Reading what was put off. */
  #rest: Promise<void> = Promise.resolve();
  #revision = 0n;
  /** The store's when it was first read: from here on the cache is as new as it was then. */
  #replayedTo = 0n;

  constructor(options: WatchCacheOptions) {
    this.#options = options;
    this.#running = this.#run(this.#closing.signal);
    this.#every((options.bookmarkEveryMs ?? defaultBookmarkMs) / bookmarkTurns, () => this.#bookmark());
    this.#every(options.auditEveryMs ?? defaultAuditMs, () => this.#audit());
  }

  get revision(): bigint {
    return this.#revision;
  }

  get isSynced(): boolean {
    return this.#isSynced;
  }

  begun(signal?: AbortSignal): Promise<void> {
    return unlessAborted(this.#begun.promise, signal);
  }

  synced(signal?: AbortSignal): Promise<void> {
    return unlessAborted(this.#synced.promise, signal);
  }

  async reaches(revision: bigint, timeoutMs: number, signal?: AbortSignal): Promise<void> {
    if (!this.#isBegun) await this.begun(signal);
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
    if (this.#revision === 0n || this.#waiting.has(storageKey)) return made;
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
    await this.#rest;
  }

  async #run(closing: AbortSignal): Promise<void> {
    const { logger, store } = this.#options;
    let isLoaded = false;
    while (!closing.aborted) {
      const signal = AbortSignal.any([closing, this.#diverged.signal]);
      try {
        if (!isLoaded) await this.#load(signal);
        isLoaded = true;
        for await (const batch of store.watch(registryPrefix, this.#revision, signal)) {
          for (const event of batch.events) this.#apply(event);
          this.#advance(batch.revision);
          if (this.#waitingEvents > mostWaiting) await this.#rest;
        }
      } catch (error) {
        if (closing.aborted) return;
        // History is gone: the state is read anew. Of any other fault the watch goes on where it was.
        if (isStoreError(error, 'compacted')) this.#diverged.abort();
        const isLost = !isLoaded || this.#diverged.signal.aborted;
        logger.warn({ err: error }, isLost ? 'reading everything anew' : 'the watch of the store ended; resuming');
        await this.#pause(closing);
      }
      if (this.#diverged.signal.aborted) {
        // It ends with the signal.
        await this.#rest;
        this.#diverged = new AbortController();
        isLoaded = false;
      }
    }
  }

  /**
   * Reads everything, at the first time large collections last and beside what follows. What happened since the last event is
   * known only in sum, so watchers of before are ended: they list again.
   */
  async #load(signal: AbortSignal): Promise<void> {
    const { store } = this.#options;
    const newest = await store.revision(signal);
    this.#replayedTo = newest;
    if (this.#revision !== 0n) await this.#read({}, signal);
    else
      try {
        await this.#read({ revision: store.before(newest, recalledTransactions) }, signal);
      } catch (error) {
        // The state of a while ago is gone: that of now.
        if (!isStoreError(error, 'compacted')) throw error;
        await this.#read({}, signal);
      }
  }

  /** What was read takes the place of what there is in one turn. */
  async #read(asOf: Pick<ListOptions, 'revision'>, signal: AbortSignal): Promise<void> {
    const { store, largeCollection = defaultLargeCollection } = this.#options;
    // Who is served already is served what there is until all is there.
    const mostAtFirst = this.#revision === 0n ? largeCollection : Number.POSITIVE_INFINITY;
    const reading = new Reading({ store, collections: this.#collections, mostAtFirst, ...asOf });
    await reading.readFirst(signal);
    this.#unclaimed.clear();
    this.#waiting.clear();
    for (const storageKey of reading.putOff) this.#waiting.set(storageKey, []);
    for (const storageKey of reading.whole) this.#show(reading, storageKey);
    this.#revision = reading.revision;
    this.#advance(reading.revision);
    this.#rest = this.#readRest(reading, signal);
  }

  /** Ends early when the signal aborts, which it lets happen itself when the state is to be read anew. */
  async #readRest(reading: Reading, signal: AbortSignal): Promise<void> {
    for (const storageKey of reading.putOff)
      while (this.#waiting.has(storageKey))
        try {
          await reading.readRest(storageKey, signal);
          signal.throwIfAborted();
          this.#show(reading, storageKey);
          this.#settle();
        } catch (error) {
          if (signal.aborted) return;
          this.#options.logger.warn({ err: error, storageKey }, 'reading a large collection failed; trying again');
          if (isStoreError(error, 'compacted')) this.#diverged.abort();
          else await this.#pause(signal);
        }
  }

  #show(reading: Reading, storageKey: string): void {
    const unclaimed = reading.finish(storageKey);
    if (unclaimed !== undefined) this.#unclaimed.set(storageKey, unclaimed);
    const events = this.#waiting.get(storageKey) ?? [];
    this.#waiting.delete(storageKey);
    for (const event of events) this.#apply(event);
  }

  get #waitingEvents(): number {
    return this.#waiting.values().reduce((sum, { length }) => sum + length, 0);
  }

  #settle(): void {
    if (this.#isSynced || this.#revision < this.#replayedTo) return;
    this.#isBegun = true;
    this.#begun.resolve();
    if (this.#waiting.size > 0) return;
    this.#isSynced = true;
    this.#synced.resolve();
  }

  #pause(signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#options;
    return clock.sleep(100 + random() * 400, signal).catch(() => undefined);
  }

  /**
   * Compares every version with the store's, as of the same revision. etcd has lost events before (3.4.31, 3.4.34, 3.4.36),
   * and a cache that missed one would be wrong for ever without a sign.
   */
  async #audit(): Promise<void> {
    const { logger, store } = this.#options;
    if (!this.#isSynced) return;
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
    for (const unclaimed of this.#unclaimed.values())
      for (const { key, version } of unclaimed.values()) versions.set(key, version);
    return versions;
  }

  #apply(event: StoreEvent): void {
    const key = event.type === 'put' ? event.document.key : event.key;
    const storageKey = storageKeyOf(key);
    const waiting = this.#waiting.get(storageKey);
    if (waiting !== undefined) {
      waiting.push(event);
      return;
    }
    const collection = this.#collections.get(storageKey);
    if (collection !== undefined) {
      if (event.type === 'put') collection.put(event.document);
      else collection.remove(key, event.version);
      return;
    }
    const unclaimed = mapAt(this.#unclaimed, storageKey);
    if (event.type === 'put') unclaimed.set(key, copyOf(event.document));
    else unclaimed.delete(key);
  }

  #advance(revision: bigint): void {
    if (revision > this.#revision) this.#revision = revision;
    for (const waiter of this.#waiters) if (waiter.revision <= this.#revision) waiter.resolve();
    this.#settle();
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

/** Keys that one has and the other has not, or at another version. */
function differences(held: ReadonlyMap<string, bigint>, stored: ReadonlyMap<string, bigint>): string[] {
  const wrong: string[] = [];
  for (const [key, version] of stored) if (held.get(key) !== version) wrong.push(key);
  for (const key of held.keys()) if (!stored.has(key)) wrong.push(key);
  return wrong;
}

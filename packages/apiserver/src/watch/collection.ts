/** One collection of the watch cache: its documents, the last of its history, and who watches. */
import { ApiError, expired } from '@skiff/api';
import type { StoredBytes } from '../storage/contract.ts';
import type {
  CachedDocument,
  CollectionCache,
  Describe,
  Filter,
  WatchEvent,
  WatchOptions,
  Written,
} from './contract.ts';
import { Dispatcher, type Watcher } from './dispatch.ts';
import { factsOf, KeptDocument, toCached, toKnown } from './document.ts';
import { ExpectedWrites } from './expected.ts';
import { History } from './history.ts';
import { EventQueue } from './queue.ts';
import { Rounds } from './rounds.ts';
import { Shelf } from './shelf.ts';
import { unlessAborted } from './unless-aborted.ts';
import { type DocumentChange, selects, selectsAll, tombstoneOf, viewsOf } from './views.ts';

/** Events that may wait for one watcher (kube-apiserver keeps 10 to 1000 by kind). */
const watcherCapacity = 10_000;
/** Watchers are told how far the cache has come by turns, so many a round: thousands in one turn of the event loop would hold up everybody. */
export const bookmarkTurns = 60;

export interface CollectionContext {
  readonly describe: Describe;
  /** The whole cache's revision: a collection without changes moves on with it. */
  readonly revision: () => bigint;
  /** A document that cannot be read is left out, alone. */
  readonly quarantine: (key: string, error: unknown) => void;
}

/** What a collection shall hold, while it is read. Nobody sees it before its end. */
export interface Replacement {
  put(stored: StoredBytes): void;
  /** All is there, as of `revision`, and came about in ways that are not known: who watches is ended and lists again. */
  finish(revision: bigint): void;
}

export class Collection implements CollectionCache {
  readonly #context: CollectionContext;
  #documents = new Shelf();
  readonly #expected = new ExpectedWrites();
  /** Documents that cannot be read, with their versions. */
  #quarantined = new Map<string, bigint>();
  readonly #dispatcher = new Dispatcher();
  readonly #bookmarked = new Rounds<BookmarkedWatcher>(bookmarkTurns);
  readonly #history = new History();
  readonly #loaded = Promise.withResolvers<void>();
  #isLoaded = false;
  /** How often documents came to be described otherwise. */
  #descriptions = 0;

  constructor(context: CollectionContext) {
    this.#context = context;
  }

  get size(): number {
    return this.#documents.size;
  }

  get isLoaded(): boolean {
    return this.#isLoaded;
  }

  loaded(signal: AbortSignal): Promise<void> {
    return unlessAborted(this.#loaded.promise, signal);
  }

  get(key: string): CachedDocument | undefined {
    return this.#documents.get(key);
  }

  list(filter: Filter): { documents: readonly CachedDocument[]; revision: bigint } {
    // As it is with most of what admission asks for.
    if (this.size === 0) return { documents: [], revision: this.#context.revision() };
    const candidates = this.#documents.candidates(filter);
    return {
      documents: selectsAll(filter) ? candidates : candidates.filter((document) => selects(filter, document)),
      revision: this.#context.revision(),
    };
  }

  async *watch(options: WatchOptions, signal: AbortSignal): AsyncIterable<readonly WatchEvent[]> {
    if (!this.#isLoaded) await this.loaded(signal).catch(() => undefined);
    if (signal.aborted) return;
    const queue = new EventQueue(watcherCapacity);
    const watcher = this.#watcher(options, queue);
    // Nothing is awaited between looking back and being told of what comes: no change falls between.
    const first = this.#beginning(options);
    this.#dispatcher.add(watcher);
    const unmark = options.bookmarks ? this.#bookmarked.add(watcher) : undefined;
    const stop = (): void => queue.end(undefined);
    signal.addEventListener('abort', stop, { once: true });
    try {
      if (first.length > 0) yield first;
      for (let batch = await queue.take(); batch !== undefined && !signal.aborted; batch = await queue.take())
        yield batch;
    } finally {
      this.#dispatcher.remove(watcher);
      unmark?.();
      signal.removeEventListener('abort', stop);
    }
  }

  expect(key: string, written: Written, object: Readonly<Record<string, unknown>>): void {
    this.#expected.add(key, written, factsOf(object, this.#context.describe));
  }

  unexpect(key: string): void {
    this.#expected.forget(key);
  }

  /** Takes a document in. Changes at or below a version it has seen are dropped. */
  put(stored: StoredBytes): void {
    const before = this.#documents.get(stored.key);
    if (before !== undefined && stored.version <= before.version) return;
    const after = this.#read(stored);
    if (after === undefined) {
      // Whoever saw it before must not go on believing in it.
      this.#removed(stored.key, stored.version);
      return;
    }
    this.#documents.put(after);
    this.#happened({ version: stored.version, before, after, tombstone: undefined });
  }

  remove(key: string, version: bigint): void {
    this.#quarantined.delete(key);
    this.#removed(key, version);
  }

  /** Undefined for a document that cannot be read: it is left out, alone, and remembered by its version. */
  #read(stored: StoredBytes): KeptDocument | undefined {
    try {
      const known = this.#expected.take(stored.key, stored.bytes);
      const document = known === undefined ? toCached(stored, this.#context.describe) : toKnown(stored, known);
      this.#quarantined.delete(stored.key);
      return document;
    } catch (error) {
      this.#quarantined.set(stored.key, stored.version);
      this.#context.quarantine(stored.key, error);
      return undefined;
    }
  }

  #removed(key: string, version: bigint): void {
    const before = this.#documents.get(key);
    if (before === undefined || version <= before.version) return;
    this.#documents.remove(key);
    this.#happened({ version, before, after: undefined, tombstone: tombstoneOf(before, version) });
  }

  /** Every key with the version it is at, quarantined ones included. */
  *versions(): Iterable<readonly [string, bigint]> {
    for (const { key, version } of this.#documents.values()) yield [key, version];
    yield* this.#quarantined;
  }

  replacement(): Replacement {
    const documents = new Shelf();
    const quarantined = new Map<string, bigint>();
    const { describe, quarantine } = this.#context;
    const described = this.#descriptions;
    return {
      put(stored) {
        try {
          documents.put(toCached(stored, describe));
        } catch (error) {
          quarantined.set(stored.key, stored.version);
          quarantine(stored.key, error);
        }
      },
      finish: (revision) => {
        this.end(new ApiError('Expired', 'too old resource version: history was lost'));
        this.#expected.clear();
        this.#documents = documents;
        this.#quarantined = quarantined;
        this.#history.reset(revision);
        if (described !== this.#descriptions) this.redescribe();
        this.#isLoaded = true;
        this.#loaded.resolve();
      },
    };
  }

  /** Takes the facts of every document again: what selects them is described differently now. */
  redescribe(): void {
    this.#descriptions += 1;
    this.#expected.clear();
    for (const { key, version, text } of [...this.#documents.values()]) {
      const facts = factsOf(JSON.parse(text) as Record<string, unknown>, this.#context.describe);
      this.#documents.put(new KeptDocument({ key, version, facts, text }));
    }
  }

  /** Tells those watchers that asked for it, and whose turn it is, how far the cache has come. */
  bookmark(): void {
    const version = this.#context.revision();
    for (const watcher of this.#bookmarked.next()) watcher.bookmark(version);
  }

  end(error: Error): void {
    for (const watcher of this.#dispatcher.all()) (watcher as BookmarkedWatcher).end(error);
  }

  #happened(change: DocumentChange): void {
    this.#history.add(change);
    this.#dispatcher.deliver(change);
  }

  #beginning({ filter, after, bookmarks }: WatchOptions): WatchEvent[] {
    if (after === undefined) {
      const { documents, revision } = this.list(filter);
      const events: WatchEvent[] = documents.map((document) => ({
        type: 'ADDED',
        version: document.version,
        document,
      }));
      if (bookmarks) events.push({ type: 'BOOKMARK', version: revision, document: undefined });
      return events;
    }
    const missed = this.#history.since(after);
    if (missed === undefined) throw expired(`too old resource version: ${after} (${this.#history.oldest})`);
    return missed.map((change) => viewsOf(change)(filter)).filter((event) => event !== undefined);
  }

  #watcher({ filter, after }: WatchOptions, queue: EventQueue): BookmarkedWatcher {
    const tooSlow = (): void => {
      this.#dispatcher.remove(watcher);
      queue.end(new ApiError('Expired', 'too old resource version: the watcher fell behind'));
    };
    // A watch from a version that this cache has not come to yet is told nothing that its client has seen elsewhere.
    let sent = after ?? 0n;
    const push = (event: WatchEvent): void => {
      sent = event.version;
      if (!queue.push(event)) tooSlow();
    };
    const watcher: BookmarkedWatcher = {
      filter,
      deliver(event) {
        if (event.version > sent) push(event);
      },
      bookmark(version) {
        if (version > sent) push({ type: 'BOOKMARK', version, document: undefined });
      },
      end: (error) => queue.end(error),
    };
    return watcher;
  }
}

interface BookmarkedWatcher extends Watcher {
  bookmark(version: bigint): void;
  end(error: Error): void;
}

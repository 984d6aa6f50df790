/**
 * The watch cache: the whole registry in memory, fed by ONE upstream watch over `/registry/`, read by every list and
 * watch. Because that watch sees every revision of the store, `reaches(revision)` makes a consistent read out of it:
 * ask the store for its newest revision, wait until the cache has it, read the cache.
 */

/** What selecting needs to know of a document; taken from it once, when it arrives. Own-key objects without a prototype. */
export interface Facts {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Selectable fields, `metadata.name` and `metadata.namespace` included. */
  readonly fields: Readonly<Record<string, string>>;
}

/** A stored document as the cache keeps it. */
export interface CachedDocument {
  readonly key: string;
  readonly version: bigint;
  readonly facts: Facts;
  /** The stored text with `metadata.resourceVersion` spliced in. */
  readonly text: string;
  /** The same in UTF-8, where it lies so, until the next change: to be read at once. */
  readonly bytes?: Uint8Array | undefined;
}

/** Selects documents of one collection. A change is judged once for all watchers that hand in the same object. */
export interface Filter {
  /** '' for all. */
  readonly namespace: string;
  /** '' for all; a name makes watches of one object cheap (dispatch by index). */
  readonly name: string;
  /** Absent: everything matches. Must be pure. */
  readonly matches?: (facts: Facts) => boolean;
  /** A selectable field that must have exactly this value (spec.nodeName): lets a cache dispatch by index. `matches` still decides. */
  readonly exactField?: { readonly field: string; readonly value: string };
}

export type WatchEventType = 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';

/** An event as one watcher sees it: a document that stops matching is DELETED for it. For DELETED, `version` and the text's resourceVersion are the deletion's. */
export interface WatchEvent {
  readonly type: WatchEventType;
  readonly version: bigint;
  /** The object's text; for BOOKMARK undefined. */
  readonly document: CachedDocument | undefined;
  /** What the document was before a change or a deletion. */
  readonly before?: CachedDocument;
}

export interface WatchOptions {
  readonly filter: Filter;
  /** Events after this version; undefined: ADDED for all that exists now, then events. */
  readonly after: bigint | undefined;
  /** Send BOOKMARK events: about every `bookmarkEveryMs` when nothing else moved the watcher on, and one right after the initial state. */
  readonly bookmarks: boolean;
}

/** A text and its UTF-8. */
export interface Written {
  readonly text: string;
  readonly bytes: Buffer;
}

/** One collection in the cache, e.g. all of `/registry/apps/deployments/`. */
export interface CollectionCache {
  /** False until what the store held at start is here: what the others below tell is not the state until then, but `watch` waits for it. */
  readonly isLoaded: boolean;
  loaded(signal: AbortSignal): Promise<void>;
  /** How many documents it holds. */
  readonly size: number;
  list(filter: Filter): { readonly documents: readonly CachedDocument[]; readonly revision: bigint };
  get(key: string): CachedDocument | undefined;
  /** Says that `written`, which is `object`, is about to be written under `key`: its event then needs no parsing. `object` may change afterwards. */
  expect(key: string, written: Written, object: Readonly<Record<string, unknown>>): void;
  /** The write that was expected did not happen, or nobody knows. */
  unexpect(key: string): void;
  /**
   * Throws ApiError Expired when `after` is older than the kept history. A watcher whose queue is full is ended with ApiError
   * Expired ("too old") after what it was sent: it lists again. Ends quietly on abort.
   */
  watch(options: WatchOptions, signal: AbortSignal): AsyncIterable<readonly WatchEvent[]>;
}

export interface WatchCache {
  /** Resolves when all but large collections are loaded, and as new as the store was at start. */
  begun(signal?: AbortSignal): Promise<void>;
  /** Resolves when that can be said of all collections. */
  synced(signal?: AbortSignal): Promise<void>;
  readonly isSynced: boolean;
  readonly revision: bigint;
  /** Resolves when the cache has everything up to `revision`; rejects with ApiError Timeout (cause ResourceVersionTooLarge) after `timeoutMs`, from `begun` on. */
  reaches(revision: bigint, timeoutMs: number, signal?: AbortSignal): Promise<void>;
  /** `storageKey` is `<group or core>/<resource>`. Makes the collection on first use; `describe` tells the facts of a parsed document (called once a document). */
  collection(storageKey: string, describe: Describe): CollectionCache;
  /** Describes the documents of a collection again, because `describe` tells something else now. */
  redescribe(storageKey: string): void;
  close(): Promise<void>;
}

/** Selectable fields beyond metadata.name and metadata.namespace of a parsed document. */
export interface Describe {
  (document: Readonly<Record<string, unknown>>): Readonly<Record<string, string>>;
  /** All that it looks at; the rest of a document need not be made for it then. Absent, or undefined: it may look anywhere. */
  readonly paths?: () => Paths | undefined;
}

/** Names of members, from the top of a document down. The same object each time is cheapest. */
export type Paths = readonly (readonly string[])[];

/**
 * What the API server asks of a store: a flat, ordered map from key to text where every change gets a revision
 * that is larger than all before it. etcd is one keeper, memory another; one suite (`suite.ts`) holds both to this page.
 *
 * Revisions are bigint end to end. A document's version is the revision of its last change; no two changes share one.
 */

export interface StoredDocument {
  readonly key: string;
  readonly text: string;
  readonly version: bigint;
}

export interface Page {
  readonly documents: readonly StoredDocument[];
  /** The revision the page is a snapshot of: pass it back with the next page's `after`. */
  readonly revision: bigint;
  /** Documents of the prefix behind the last one of this page, at that revision. */
  readonly remaining: number;
}

/** A text, or its UTF-8 where somebody has it already. */
export type Text = string | Buffer;

/** A document whose text is not made a string of. */
export interface StoredBytes {
  readonly key: string;
  /** Of the text, as UTF-8. They lie among others: who keeps them for long copies them. */
  readonly bytes: Buffer;
  readonly version: bigint;
}

/** Some of the documents of a prefix. */
export interface BytesPage {
  readonly documents: readonly StoredBytes[];
  /** That all pages are a snapshot of. */
  readonly revision: bigint;
}

export interface ListOptions {
  /** At most this many documents; absent means all (the keeper still pages inside). */
  readonly limit?: number;
  /** Only keys greater than this one. */
  readonly after?: string;
  /** Read as of this revision instead of the newest. */
  readonly revision?: bigint;
}

/** One change. */
export type StoreEvent =
  | { readonly type: 'put'; readonly document: StoredBytes }
  | { readonly type: 'delete'; readonly key: string; readonly version: bigint };

/**
 * Events in order, each at a greater revision than the one before. Resuming a watch after any event's revision, or after the
 * batch's, loses nothing and repeats nothing. `revision` says that everything up to it has been delivered: it may be greater than the last
 * event's, and a batch may be empty, when what happened lies outside the prefix.
 */
export interface EventBatch {
  readonly events: readonly StoreEvent[];
  readonly revision: bigint;
}

export interface Store {
  /** The newest state (linearizable), or undefined. */
  get(key: string, signal?: AbortSignal): Promise<StoredDocument | undefined>;
  /** Documents whose key starts with `prefix`, in key order. Throws `compacted` when `revision` is gone, `future` when it is not there yet. */
  list(prefix: string, options?: ListOptions, signal?: AbortSignal): Promise<Page>;
  /** All documents of `prefix` in key order, as of one revision; what a cache reads at its start. At least one page, and throws, like `list`. */
  pages(
    prefix: string,
    options?: Pick<ListOptions, 'revision' | 'after'>,
    signal?: AbortSignal,
  ): AsyncIterable<BytesPage>;
  /** The version of every key that starts with `prefix`, without the texts: what a cache compares itself with. Throws like `list`. */
  versions(prefix: string, revision: bigint): Promise<ReadonlyMap<string, bigint>>;
  /** Throws `exists`. Returns the new version. */
  create(key: string, text: Text): Promise<bigint>;
  /** Throws `conflict` (with what is there) unless the key is at `expected`; `missing` when it is gone. Returns the new version. */
  update(key: string, text: Text, expected: bigint): Promise<bigint>;
  /** Throws like `update`. Returns the revision of the deletion. */
  delete(key: string, expected: bigint): Promise<bigint>;
  /**
   * Changes below `prefix` with a revision greater than `after`, for ever. Survives reconnects by itself.
   * Throws `compacted` when events after `after` may be gone: list again. Ends quietly when the signal aborts.
   */
  watch(prefix: string, after: bigint, signal: AbortSignal): AsyncIterable<EventBatch>;
  /** The newest revision of the whole store (linearizable). */
  revision(signal?: AbortSignal): Promise<bigint>;
  /** A revision that lies `transactions` of them before `revision`, or the first one. Its history may be compacted. */
  before(revision: bigint, transactions: number): bigint;
  /** Forgets history before `revision`. */
  compact(revision: bigint): Promise<void>;
  close(): Promise<void>;
}

export type StoreErrorCode =
  | 'exists'
  | 'missing'
  | 'conflict'
  | 'compacted'
  | 'future'
  | 'unavailable'
  | 'unknown-outcome'
  | 'too-large';

/** The only error a keeper throws. `unknown-outcome`: a write was sent and no answer came; it may or may not have happened. */
export class StoreError extends Error {
  readonly code: StoreErrorCode;
  readonly key: string;
  /** For `conflict`: what the key holds now. */
  readonly current: StoredDocument | undefined;

  constructor(
    code: StoreErrorCode,
    key: string,
    message: string,
    options?: { cause?: unknown; current?: StoredDocument },
  ) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'StoreError';
    this.code = code;
    this.key = key;
    this.current = options?.current;
  }
}

export function isStoreError(error: unknown, ...codes: StoreErrorCode[]): error is StoreError {
  return error instanceof StoreError && (codes.length === 0 || codes.includes(error.code));
}

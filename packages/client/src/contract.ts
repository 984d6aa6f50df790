/** What scheduler, controllers, agent and cli use to speak with the API server. Objects that come out are read-only by convention: copy before changing. */
import type { ApiObject, Draft, ResourceOf } from '@skiff/api';

export type { ResourceOf } from '@skiff/api';

export type PatchType = 'json' | 'merge' | 'strategic' | 'apply';

export interface WriteOptions {
  readonly dryRun?: boolean;
  readonly fieldManager?: string;
  readonly fieldValidation?: 'Ignore' | 'Warn' | 'Strict';
  /** `apply` only. */
  readonly force?: boolean;
  readonly signal?: AbortSignal;
}

export interface DeleteOptions {
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: 'Orphan' | 'Background' | 'Foreground';
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly signal?: AbortSignal;
}

export interface ListOptions {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly limit?: number;
  readonly continue?: string;
  readonly resourceVersion?: string;
  readonly signal?: AbortSignal;
}

export interface WatchOptions {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly resourceVersion?: string;
  readonly signal: AbortSignal;
}

export type WatchEvent<T extends ApiObject> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: T }
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string };

/** One collection. Every call has a deadline; every failure is an `ApiError` of @skiff/api. `namespace` is '' for cluster-scoped kinds. */
export interface ResourceClient<T extends ApiObject> {
  readonly resource: ResourceOf<T>;
  get(namespace: string, name: string): Promise<T>;
  list(
    options?: ListOptions,
  ): Promise<{ readonly items: readonly T[]; readonly resourceVersion: string; readonly continue: string }>;
  create(object: Draft<T>, options?: WriteOptions): Promise<T>;
  /** Conditional on `metadata.resourceVersion` when the object has one. */
  update(object: T, options?: WriteOptions & { readonly subresource?: string }): Promise<T>;
  updateStatus(object: T, options?: WriteOptions): Promise<T>;
  patch(
    namespace: string,
    name: string,
    type: PatchType,
    patch: unknown,
    options?: WriteOptions & { readonly subresource?: string },
  ): Promise<T>;
  delete(namespace: string, name: string, options?: DeleteOptions): Promise<void>;
  deleteCollection(options: ListOptions & DeleteOptions): Promise<void>;
  /** POST to a subresource (`binding`, `eviction`, `token`); answers the document that came back. */
  createSubresource(namespace: string, name: string, subresource: string, body: object): Promise<unknown>;
  /** Ends with ApiError Expired when the version is compacted, ServiceUnavailable when the connection broke. */
  watch(options: WatchOptions): AsyncIterable<readonly WatchEvent<T>[]>;
}

export interface Client {
  resource<T extends ApiObject>(resource: ResourceOf<T>): ResourceClient<T>;
  close(): void;
}

/** A change as an informer's cache went through it; `old` is absent for an object seen first, `object` is the last state for a removed one. */
export type Change<T extends ApiObject> =
  | { readonly type: 'added'; readonly object: T; readonly old?: undefined }
  | { readonly type: 'updated'; readonly object: T; readonly old: T }
  | { readonly type: 'removed'; readonly object: T; readonly old?: undefined };

/** Read side of an informer. */
export interface Lister<T extends ApiObject> {
  get(namespace: string, name: string): T | undefined;
  /** All, or one namespace's. */
  list(namespace?: string): readonly T[];
  /** Objects that the named index files under `value`. */
  byIndex(index: string, value: string): readonly T[];
}

/** A collection kept in memory by list and watch; goes on for ever through faults, never goes back in time, tells every change once. */
export interface Informer<T extends ApiObject> extends Lister<T> {
  /** Resolves when the first list is in the cache (and handlers have been told). */
  synced(signal?: AbortSignal): Promise<void>;
  readonly hasSynced: boolean;
  /** Returns the unsubscribe. Handlers added late are told of what exists as `added`. */
  onChange(handler: (change: Change<T>) => void): () => void;
}

export interface InformerOptions<T extends ApiObject> {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Index name -> the values an object is filed under. */
  readonly indexes?: Readonly<Record<string, (object: T) => readonly string[]>>;
  /** What of each object is kept, for a process that holds many and needs little of each. Names, uid and version must stay. */
  readonly transform?: (object: T) => T;
  /** What of this collection an earlier life of the process has seen. */
  readonly versions?: VersionMemory;
}

/** The highest resourceVersion seen of one collection, for a process that must not go back in time across its own restart. */
export interface VersionMemory {
  /** Lists below this are refused. */
  readonly lowest: bigint;
  /** Told of each higher version once it is in the cache. */
  readonly onSeen: (version: bigint) => void;
}

/** Makes informers over one client, one for each distinct (resource, options); starts each on first use and stops all together. */
export interface InformerFactory {
  informer<T extends ApiObject>(resource: ResourceOf<T>, options?: InformerOptions<T>): Informer<T>;
  /** Waits for every informer made so far. */
  synced(signal?: AbortSignal): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Keys to work on. One key is never handed to two workers at once; adding a key that waits changes nothing; adding one that is
 * being worked on brings it back afterwards.
 */
export interface WorkQueue {
  add(key: string): void;
  addAfter(key: string, delayMs: number): void;
  /** Adds after a delay that grows with each call until `forget` (exponential, jittered, capped). */
  addRateLimited(key: string): void;
  forget(key: string): void;
  /** How often `addRateLimited` was called since the last `forget`. */
  retries(key: string): number;
  /** The next key, when there is one; undefined once shut down. */
  next(): Promise<string | undefined>;
  done(key: string): void;
  readonly length: number;
  shutDown(): void;
}

/** Records Kubernetes Events about objects, folding repeats into a count; never throws, never blocks. */
export interface EventRecorder {
  /** `fieldPath`: the part of the object it is about, as in `spec.containers{web}`. */
  event(about: ApiObject, type: 'Normal' | 'Warning', reason: string, message: string, fieldPath?: string): void;
}

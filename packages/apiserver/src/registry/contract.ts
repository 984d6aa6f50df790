/**
 * The registry: every verb for every kind. Both doors call this and nothing below it. A request arrives here
 * authenticated and authorised; what comes out is text to copy.
 */
import type { Definition, FieldError, JsonObject } from '@skiff/api';
import type { Decodable } from './decode.ts';

export interface UserInfo {
  readonly name: string;
  readonly uid: string;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

/** What a request carries through every stage. */
export interface RequestContext {
  readonly user: UserInfo;
  readonly userAgent: string;
  /** Aborts when the client went away or the deadline passed. */
  readonly signal: AbortSignal;
  /** Adds a text for the user (HTTP Warning header, gRPC `warnings`). */
  warn(text: string): void;
}

/** What a request is about. Empty strings where a part is absent. */
export interface Target {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
  readonly subresource: string;
}

/** A body as the door decoded it; the registry checks it against the schema. */
export interface Incoming {
  readonly document: JsonObject;
  /** What a strict reader said of keys that stood twice, for fieldValidation. */
  readonly duplicates: readonly string[];
  /** Paths of numbers written like `1.0`, which no integer field takes (parseJson's `fractions`). */
  readonly fractions?: readonly string[];
  /** Its length as it came, for `isLarge`. */
  readonly size?: number;
}

export interface WriteOptions {
  readonly dryRun: boolean;
  readonly fieldManager: string;
  /** '' is Warn, for who did not ask (as since Kubernetes 1.27). */
  readonly fieldValidation: '' | 'Ignore' | 'Warn' | 'Strict';
}

export type PatchType = 'json' | 'merge' | 'strategic' | 'apply';

export interface PatchBody {
  readonly type: PatchType;
  /** The parsed patch; for `apply` an object. */
  readonly patch: unknown;
  /** Its length as it came, for `isLarge`. */
  readonly size?: number;
  readonly duplicates: readonly string[];
  /** `apply` only. */
  readonly force: boolean;
}

export interface DeleteOptions {
  readonly dryRun: boolean;
  readonly gracePeriodSeconds: number | undefined;
  readonly propagationPolicy: 'Orphan' | 'Background' | 'Foreground' | undefined;
  /** The client said it in this older form, which others are shown too; `propagationPolicy` is what it means. */
  readonly orphanDependents?: boolean;
  readonly preconditions: { readonly uid: string | undefined; readonly resourceVersion: string | undefined };
}

export interface GetOptions {
  readonly resourceVersion: string;
}

export interface ListOptions {
  readonly labelSelector: string;
  readonly fieldSelector: string;
  readonly limit: number;
  readonly continue: string;
  readonly resourceVersion: string;
  readonly resourceVersionMatch: string;
}

export interface WatchOptions {
  readonly labelSelector: string;
  readonly fieldSelector: string;
  readonly resourceVersion: string;
  readonly resourceVersionMatch: string;
  readonly allowBookmarks: boolean;
  readonly sendInitialEvents: boolean | undefined;
  readonly timeoutSeconds: number | undefined;
}

/** One object's JSON text at the version asked for. */
export interface Answer {
  readonly text: string;
  /** A create that made something (HTTP 201). */
  readonly created: boolean;
}

/** A text, or its bytes in UTF-8. */
export type Part = string | Uint8Array;

/** Texts of many objects. Those that the watch cache holds are made one by one as they are read: nobody should hold all at once. */
export interface Texts extends Iterable<string> {
  readonly length: number;
  /** The same one by one, in UTF-8 where they lie so. What it tells is to be read at once. */
  parts?(): Iterable<Part>;
  map<T>(as: (text: string) => T): T[];
}

export interface ListAnswer {
  /** The list's own apiVersion and kind. */
  readonly apiVersion: string;
  readonly kind: string;
  readonly resourceVersion: string;
  readonly continue: string;
  readonly remainingItemCount: number | undefined;
  readonly items: Texts;
  /** Go has no type for it: an empty `continue` is shown. */
  readonly custom?: boolean;
}

export interface RegistryEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  /** The object's text; for BOOKMARK an object of the kind with nothing but `metadata.resourceVersion`. */
  readonly text: string;
  /** Of an event that other watchers see too: its bytes by the form that a door gave them, made by the first who sends it. */
  readonly encodings?: Map<string, Buffer>;
}

/** One column of a server-side table (meta.k8s.io/v1 Table). */
export interface Column {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'date';
  readonly format?: string;
  readonly description: string;
  /** 0 is always shown, 1 with `-o wide`. */
  readonly priority: number;
  /** The cell of one object. `nowMs` for ages. */
  readonly cell: (object: JsonObject, nowMs: number) => string | number | boolean | null;
}

export interface Registry {
  /** Every served kind, built-in and custom, in a stable order. */
  definitions(): readonly Definition[];
  definition(group: string, version: string, resource: string): Definition | undefined;
  /** Calls back after the set of definitions changed. Returns the unsubscribe. */
  onDefinitionsChanged(run: () => void): () => void;
  /** `subresource`: of what is shown; '' for the object itself. */
  columns(definition: Definition, subresource: string): readonly Column[];
  /** How many objects a target's collection holds, in all namespaces; 0 when there is no such kind. */
  size(target: Target): number;

  get(context: RequestContext, target: Target, options: GetOptions): Promise<Answer>;
  list(context: RequestContext, target: Target, options: ListOptions): Promise<ListAnswer>;
  /** Rejects at once on bad options; a later fault (410) is thrown by the iteration as ApiError. Ends quietly at the timeout or abort. */
  watch(
    context: RequestContext,
    target: Target,
    options: WatchOptions,
  ): Promise<AsyncIterable<readonly RegistryEvent[]>>;
  create(context: RequestContext, target: Target, body: Incoming, options: WriteOptions): Promise<Answer>;
  update(context: RequestContext, target: Target, body: Incoming, options: WriteOptions): Promise<Answer>;
  patch(context: RequestContext, target: Target, body: PatchBody, options: WriteOptions): Promise<Answer>;
  /** The object after the request, or a Status document when it is gone at once. */
  delete(context: RequestContext, target: Target, options: DeleteOptions): Promise<Answer>;
  deleteCollection(
    context: RequestContext,
    target: Target,
    list: ListOptions,
    options: DeleteOptions,
  ): Promise<ListAnswer>;
  /**
   * Asks admission about a stream to an object (exec, attach, portforward, proxy), whose `options` are a PodExecOptions or its
   * like without its type. Answers what the stream is to be opened with. Throws ApiError.
   */
  connect(context: RequestContext, target: Target, options: JsonObject): Promise<JsonObject>;
}

/** A step that may change or refuse a write before it is stored (after defaulting, before validation, then once more to validate). */
export interface AdmissionStep {
  readonly name: string;
  /** Both answer at once when there is nothing to wait for: most steps have nothing to do with most writes. */
  mutate?(request: AdmissionRequest, rounds: Rounds): Promise<void> | undefined;
  validate?(request: AdmissionRequest): Promise<void> | undefined;
}

/**
 * A step that changes objects by what the other steps know nothing of (webhooks) has all of them look at the object once more:
 * with `run` in its own place. In the second round, which is the last, nothing more can be asked for.
 */
export interface Rounds {
  again(run: () => Promise<void>): void;
}

export interface AdmissionRequest {
  readonly context: RequestContext;
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';
  readonly target: Target;
  readonly definition: Definition;
  /** What the objects are when they are not of the definition: what a subresource takes (Scale, Binding, PodExecOptions). */
  readonly part?: Decodable;
  /** Only `mutate` may change it: what `validate` is shown is what will be stored. */
  readonly object: JsonObject | undefined;
  readonly oldObject: JsonObject | undefined;
  /** As the caller gave them; undefined for CONNECT, whose options are its object. */
  readonly options: WriteOptions | DeleteOptions | undefined;
  readonly dryRun: boolean;
}

/** Faults, or faults that take a while to find. */
type Checked = readonly FieldError[] | Promise<readonly FieldError[]>;

/** What makes a kind special beyond its schema. Every member is pure; each kind with something to say has one small file. */
export interface Strategy {
  /** Turns other ways to write something into the one that is kept (Secret.stringData), after defaulting. Runs on whatever arrives. */
  normalise?(object: JsonObject): void;
  /** Clears what a creator may not set (status), sets generation and other server-owned fields. */
  prepareForCreate?(object: JsonObject, nowMs: number, user: UserInfo): void;
  prepareForUpdate?(object: JsonObject, old: JsonObject, nowMs: number): void;
  /** For the `status` subresource: everything but status comes from `old`. */
  prepareForStatusUpdate?(object: JsonObject, old: JsonObject, nowMs: number): void;
  validate?(object: JsonObject): readonly FieldError[];
  validateNew?(object: JsonObject): Checked;
  validateUpdate?(object: JsonObject, old: JsonObject, subresource: string): Checked;
  warnings?(object: JsonObject): readonly string[];
  /** Selectable fields beyond metadata.name and metadata.namespace. */
  selectableFields?(object: Readonly<Record<string, unknown>>): Readonly<Record<string, string>>;
  /** All that `selectableFields` looks at, so that a cache need not make the rest of a document. Absent: it may look anywhere. */
  readonly selectablePaths?: readonly (readonly string[])[];
  columns?: readonly Column[];
  /** Seconds a deletion waits, given what the request asked for (pods: else spec.terminationGracePeriodSeconds); absent: deleted at once. */
  gracePeriodSeconds?(object: JsonObject, requested: number | undefined): number;
  /** Something beyond metadata.finalizers that keeps a deleted object (namespaces: spec.finalizers). */
  holdsDeletion?(object: JsonObject): boolean;
  /** Changes an object that is marked as being deleted (namespaces: status.phase). */
  markDeleting?(object: JsonObject, nowMs: number): void;
  /** A deletion answers with the object, not with a Status document. */
  returnsDeletedObject?: boolean;
  /** An update must name the resourceVersion it was made from. */
  requiresResourceVersion?: boolean;
  /** PUT of an absent object creates it (as Kubernetes does for some kinds, such as Lease and Event). */
  allowCreateOnUpdate?: boolean;
  /** Default when a delete names no policy; absent: Background. `Unsupported`: the garbage collector's finalizers are never set (events). */
  defaultPropagation?: 'Orphan' | 'Background' | 'Unsupported';
}

/** What every verb works with. One per API server. */
import { ApiError, type Clock, type JsonObject, type Logger, type Random } from '@skiff/api';
import type { Store } from '../storage/contract.ts';
import type { CollectionCache, WatchCache } from '../watch/contract.ts';
import type { AdmissionStep, RequestContext, Target, WriteOptions } from './contract.ts';
import type { DefinitionTable, Kind } from './definition-table.ts';
import { storageKeyOf } from './keys.ts';
import { describe, fieldPathsOf } from './selectors.ts';

/** Mints the tokens of `serviceaccounts/token`; what it answers is a TokenRequest with its status. */
export interface TokenIssuer {
  issue(context: RequestContext, serviceAccount: JsonObject, request: JsonObject): Promise<JsonObject>;
}

/** A kind that is answered and never stored: SubjectAccessReview, metrics, ComponentStatus. A missing verb answers 405. */
export interface VirtualKind {
  readonly group: string;
  readonly resource: string;
  create?(context: RequestContext, target: Target, object: JsonObject, options: WriteOptions): Promise<JsonObject>;
  get?(context: RequestContext, target: Target): Promise<JsonObject | undefined>;
  list?(context: RequestContext, target: Target): Promise<readonly JsonObject[]>;
}

/** Takes what a write needs outside its own document, such as a ClusterIP, and gives it back. */
export interface WriteHook {
  /** Fills `object` and takes what it names; returns how to give it all back should the write fail. */
  take(object: JsonObject, old: JsonObject | undefined, dryRun: boolean): Promise<GiveBack>;
  /** Gives back what only `old` held, after the write. `object` is undefined for a deletion. */
  settle(object: JsonObject | undefined, old: JsonObject): Promise<void>;
}
export type GiveBack = () => Promise<void>;

export interface Env {
  readonly store: Store;
  readonly cache: WatchCache;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly table: DefinitionTable;
  readonly admission: readonly AdmissionStep[];
  /** What `collectionOf` has found. */
  readonly collections: WeakMap<Kind, CollectionCache>;
  /** By `<group>/<resource>`. */
  readonly hooks: ReadonlyMap<string, WriteHook>;
  /** By `<group>/<resource>`. */
  readonly virtual: ReadonlyMap<string, VirtualKind>;
  readonly tokens: TokenIssuer | undefined;
}

/** The kind a request is about. Throws NotFound when nothing like it is served. */
export function kindOf(env: Env, target: Target, context: RequestContext): Kind {
  const kind = env.table.find(target);
  if (kind === undefined) throw new ApiError('NotFound', 'the server could not find the requested resource');
  if (kind.deprecation !== undefined) context.warn(kind.deprecation);
  return kind;
}

/** The kind's collection in the watch cache. */
export function collectionOf(env: Env, kind: Kind): CollectionCache {
  const known = env.collections.get(kind);
  if (known !== undefined) return known;
  const { stored } = kind;
  const described = (document: Readonly<Record<string, unknown>>) => describe(env.table.storedAs(stored), document);
  const paths = () => fieldPathsOf(env.table.storedAs(stored));
  const collection = env.cache.collection(storageKeyOf(stored), Object.assign(described, { paths }));
  env.collections.set(kind, collection);
  return collection;
}

/** What looks at other kinds than the one it is about waits until all of them are there. */
export async function wholeCache({ cache }: Pick<Env, 'cache'>, signal: AbortSignal): Promise<void> {
  if (!cache.isSynced) await cache.synced(signal);
}

/** 405 in Kubernetes' words. */
export function methodNotSupported(of: { group: string; resource: string }, verb: string): ApiError {
  const qualified = of.group === '' ? of.resource : `${of.resource}.${of.group}`;
  return new ApiError('MethodNotAllowed', `${verb} is not supported on resources of kind "${qualified}"`, {
    ...(of.group === '' ? {} : { group: of.group }),
    kind: of.resource,
  });
}

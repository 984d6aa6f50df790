/** The registry of one API server: verbs over a table of kinds, a store and a watch cache. */
import type { Clock, Definition, GroupVersionResource, JsonObject, Logger, Random } from '@skiff/api';
import { builtinDefinitions } from '@skiff/api/kinds';
import type { Store } from '../storage/contract.ts';
import type { CollectionCache, WatchCache } from '../watch/contract.ts';
import { standardAdmission } from './admission/index.ts';
import { resourceQuota } from './admission/resource-quota.ts';
import { componentStatusKind } from './component-statuses.ts';
import { connect } from './connect.ts';
import type { AdmissionStep, Registry, RequestContext } from './contract.ts';
import { create } from './create.ts';
import { decodableOf, decodeTrusted } from './decode.ts';
import { createDefinitionTable, type Kind, type StoredAs } from './definition-table.ts';
import { deleteOne, hookKey } from './delete.ts';
import { deleteCollection } from './delete-collection.ts';
import { collectionOf, type Env, type TokenIssuer, type VirtualKind, type WriteHook } from './env.ts';
import { get } from './get.ts';
import { storageKeyOf } from './keys.ts';
import { builtinKind } from './kinds.ts';
import { list } from './list.ts';
import { patch } from './patch.ts';
import { createServiceHook, defaultNodePorts, type NodePortRange } from './services/hook.ts';
import { bindingsKind } from './subresources/bindings.ts';
import { defaultColumns } from './tables/index.ts';
import { scaleColumns } from './tables/workloads.ts';
import { update } from './update.ts';
import { metricsKinds } from './usage/kinds.ts';
import type { UsageReader } from './usage/summary.ts';
import { fromStored, toStored } from './versions.ts';
import { watch } from './watch.ts';

export interface RegistryOptions {
  readonly store: Store;
  readonly cache: WatchCache;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Steps that run after those every server has: webhooks, policies, quotas. */
  readonly admission: readonly AdmissionStep[];
  /** The kinds to serve at first; absent: all built-in ones. */
  readonly definitions?: readonly Definition[];
  /** Kinds that are answered and never stored. */
  readonly virtual?: readonly VirtualKind[];
  /** What nodes and pods use; absent: nothing was measured. */
  readonly usage?: UsageReader;
  /** Mints service account tokens; absent: pods get no token volume and `token` answers 503. */
  readonly tokens?: TokenIssuer;
  /** ClusterIPs are taken from here; absent: 10.96.0.0/16. */
  readonly serviceCIDR?: string;
  /** Absent: 30000 to 32767. */
  readonly nodePorts?: NodePortRange;
}

/** A registry whose kinds may change while it runs. */
export interface ExtensibleRegistry extends Registry {
  /** Serves more kinds, or serves them differently. */
  addDefinitions(kinds: readonly Kind[]): void;
  removeDefinitions(names: readonly GroupVersionResource[]): void;
  /** The other versions (and groups) that the same objects are served at. */
  equivalents(of: Definition): readonly Definition[];
  /** An object of one version as another of the same resource shows it. */
  convert(object: JsonObject, from: Definition, to: Definition): Promise<JsonObject>;
  /** An object as it is after decoding and defaulting; used up. Throws ApiError BadRequest. */
  normalise(of: Definition, object: JsonObject): JsonObject;
}

export const defaultServiceCIDR = '10.96.0.0/16';

/** Makes the registry. It reads and writes nothing by itself; the cache must be fed by the same store. */
export function createRegistry(options: RegistryOptions): ExtensibleRegistry {
  const env = createEnv(options);
  const { table } = env;
  return {
    definitions: () => table.all().map((kind) => kind.definition),
    definition: (group, version, resource) => table.find({ group, version, resource })?.definition,
    onDefinitionsChanged: (run) => table.onChanged(run),
    columns: (definition, subresource) =>
      subresource === 'scale' ? scaleColumns : (table.find(definition)?.columns ?? defaultColumns),
    size(target) {
      const kind = table.find(target);
      const stored = kind !== undefined && !env.virtual.has(`${target.group}/${target.resource}`);
      return stored ? collectionOf(env, kind).size : 0;
    },
    addDefinitions(kinds) {
      table.add(kinds);
      claimCollections(env, kinds);
      const selectable = kinds.filter(
        ({ storedFields, strategy }) => (storedFields ?? strategy.selectableFields) !== undefined,
      );
      for (const key of new Set(selectable.map((kind) => storageKeyOf(kind.stored)))) env.cache.redescribe(key);
    },
    removeDefinitions: (names) => table.remove(names),
    equivalents(of) {
      const stored = table.find(of)?.stored;
      return table
        .all()
        .filter((kind) => kind.definition !== of && isSameResource(kind.stored, stored))
        .map((kind) => kind.definition);
    },
    async convert(object, from, to) {
      const [source, wanted] = [table.find(from), table.find(to)];
      if (from === to || source === undefined || wanted === undefined) return object;
      return fromStored(wanted, await toStored(source, object));
    },
    normalise(of, object) {
      const kind = table.find(of);
      return kind === undefined ? object : decodeTrusted(decodableOf(kind), object);
    },
    get: (context, target, rest) => get(env, context, target, rest),
    list: (context, target, rest) => list(env, context, target, rest),
    watch: (context, target, rest) => watch(env, context, target, rest),
    create: (context, target, body, rest) => afterLoad(env, context, () => create(env, context, target, body, rest)),
    update: (context, target, body, rest) => afterLoad(env, context, () => update(env, context, target, body, rest)),
    patch: (context, target, body, rest) => afterLoad(env, context, () => patch(env, context, target, body, rest)),
    delete: (context, target, rest) => afterLoad(env, context, () => deleteOne(env, context, target, rest)),
    deleteCollection: (context, target, listing, rest) =>
      afterLoad(env, context, () => deleteCollection(env, context, target, listing, rest)),
    connect: (context, target, streamOptions) =>
      afterLoad(env, context, () => connect(env, context, target, streamOptions)),
  };
}

/** Admission looks at objects of any kind in the cache. */
const afterLoad = <T>(env: Env, { signal }: RequestContext, run: () => Promise<T>): Promise<T> =>
  env.cache.isSynced ? run() : env.cache.synced(signal).then(run);

const isSameResource = (a: StoredAs, b: StoredAs | undefined): boolean =>
  a.group === b?.group && a.resource === b.resource;

/** A collection keeps history from its first use on: used now, a watch may go back to before the first list. */
function claimCollections(env: Env, kinds: readonly Kind[]): void {
  for (const kind of kinds) if (!env.virtual.has(hookKey(kind))) collectionOf(env, kind);
}

function createEnv(options: RegistryOptions): Env {
  const { store, cache, clock, random, logger, tokens } = options;
  const table = createDefinitionTable((options.definitions ?? builtinDefinitions()).map(builtinKind));
  const hooks = new Map<string, WriteHook>();
  const virtual = new Map<string, VirtualKind>();
  const admission: AdmissionStep[] = [];
  const collections = new WeakMap<Kind, CollectionCache>();
  const env: Env = { store, cache, clock, random, logger, table, admission, collections, hooks, virtual, tokens };
  hooks.set(
    '/services',
    createServiceHook({
      store,
      clock,
      random,
      serviceCIDR: options.serviceCIDR ?? defaultServiceCIDR,
      nodePorts: options.nodePorts ?? defaultNodePorts,
    }),
  );
  const usage = options.usage ?? { nodes: new Map() };
  for (const kind of [
    bindingsKind(env),
    componentStatusKind(env),
    ...metricsKinds(env, usage),
    ...(options.virtual ?? []),
  ])
    virtual.set(`${kind.group}/${kind.resource}`, kind);
  // Quotas come last: what another step refuses is not charged.
  admission.push(...standardAdmission(env), ...options.admission, resourceQuota(env));
  claimCollections(env, table.all());
  return env;
}

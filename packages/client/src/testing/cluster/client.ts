/** A `ResourceClient` on the store. Answers come in a later turn, as they do from a server. */
import {
  ApiError,
  type ApiObject,
  type Draft,
  type JsonObject,
  notFound,
  type Pod,
  type PodDisruptionBudget,
  resources,
} from '@skiff/api';
import type {
  DeleteOptions,
  ListOptions,
  PatchType,
  ResourceClient,
  ResourceOf,
  WriteOptions,
} from '../../contract.ts';
import { type Document, toJson } from './document.ts';
import { list } from './list.ts';
import { applyPatch } from './patches.ts';
import { bound, spent } from './subresources.ts';
import type { Watches } from './watches.ts';
import { type Collection, type Core, collectionOf, create, keyIn, read, remove, update } from './writes.ts';

const success = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 };

export interface Served extends Core {
  readonly watches: Watches;
  /** The version lists are answered at: the newest, unless this replica lags. */
  readonly listVersion: () => number;
}

export function resourceClient<T extends ApiObject>(served: Served, resource: ResourceOf<T>): ResourceClient<T> {
  const collection = collectionOf(resource);
  const { definition } = collection.kind;
  const answer = (document: Document): T => document as unknown as T;
  const json = (object: T | Draft<T>): JsonObject => object as unknown as JsonObject;

  function patch(
    namespace: string,
    name: string,
    type: PatchType,
    change: unknown,
    { subresource = '', ...options }: WriteOptions & { readonly subresource?: string },
  ): Document {
    const before = toJson(read(served, collection, namespace, name));
    return update(served, collection, applyPatch(before, type, change, definition?.schema()), subresource, options);
  }

  function removeAll(options: ListOptions & DeleteOptions): void {
    for (const { metadata } of list(served.store, collection.id, options, served.store.version).items)
      remove(served, collection, metadata.namespace ?? '', metadata.name, options);
  }

  return {
    resource,
    get: (namespace, name) => later(undefined, () => answer(read(served, collection, namespace, name))),
    list: (options = {}) =>
      later(options.signal, () => {
        const page = list(served.store, collection.id, options, served.listVersion());
        return { ...page, items: page.items.map(answer) };
      }),
    create: (object, options) =>
      later(options?.signal, () => answer(create(served, collection, json(object), options))),
    update: (object, options) =>
      later(options?.signal, () =>
        answer(update(served, collection, json(object), options?.subresource ?? '', options)),
      ),
    updateStatus: (object, options) =>
      later(options?.signal, () => answer(update(served, collection, json(object), 'status', options))),
    patch: (namespace, name, type, change, options = {}) =>
      later(options.signal, () => answer(patch(namespace, name, type, change, options))),
    delete: (namespace, name, options) =>
      later(options?.signal, () => remove(served, collection, namespace, name, options)),
    deleteCollection: (options) => later(options.signal, () => removeAll(options)),
    createSubresource: (namespace, name, subresource, body) =>
      later(undefined, () => act(served, collection, namespace, name, subresource, body as JsonObject)),
    watch: (options) => served.watches.start(collection.id, options) as ReturnType<ResourceClient<T>['watch']>,
  };
}

async function later<R>(signal: AbortSignal | undefined, run: () => R): Promise<R> {
  await Promise.resolve();
  if (signal?.aborted) throw new ApiError('Timeout', 'the call was given up by its caller');
  return run();
}

function act(
  core: Core,
  collection: Collection,
  namespace: string,
  name: string,
  subresource: string,
  body: JsonObject,
): unknown {
  const nowMs = core.clock.now();
  const isPods = collection.id === '/pods';
  if (isPods && subresource === 'binding') {
    const pod = bound(read(core, collection, namespace, name) as unknown as Pod, body, nowMs);
    core.store.put(collection.id, keyIn(collection, namespace, name), pod as unknown as Document);
    return success;
  }
  if (isPods && subresource === 'eviction') {
    const budgets = collectionOf(resources.poddisruptionbudgets);
    const held = core.store
      .listAt(budgets.id, core.store.version)
      .map(([, one]) => one as unknown as PodDisruptionBudget);
    const budget = spent(read(core, collection, namespace, name) as unknown as Pod, held, nowMs);
    if (budget !== undefined)
      core.store.put(budgets.id, keyIn(budgets, namespace, budget.metadata.name), budget as unknown as Document);
    remove(core, collection, namespace, name, (body.deleteOptions ?? {}) as DeleteOptions);
    return success;
  }
  throw notFound(
    { group: collection.resource.group, resource: `${collection.resource.resource}/${subresource}` },
    name,
  );
}

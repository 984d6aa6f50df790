/** Create, update and delete over the store, by the API server's rules. */
import {
  type ApiObject,
  alreadyExists,
  type Clock,
  conflict,
  deepEqual,
  forbidden,
  type JsonObject,
  notFound,
  type Random,
  type ResourceOf,
} from '@skiff/api';
import { findBuiltin } from '@skiff/api/kinds';
import type { DeleteOptions, WriteOptions } from '../../contract.ts';
import { checkChanged, checkNew, decodeObject } from './admit.ts';
import { isGone, markDeleted } from './deletion.ts';
import { type Document, metaOf, toDocument, toJson } from './document.ts';
import type { Store } from './store.ts';
import { type Kind, prepareChanged, prepareNew } from './strategy.ts';

export interface Core {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
}

/** One collection of the cluster. */
export interface Collection {
  readonly resource: ResourceOf<ApiObject>;
  readonly kind: Kind;
  readonly id: string;
}

export function collectionOf(resource: ResourceOf<ApiObject>): Collection {
  return {
    resource,
    kind: { resource: resource.resource, definition: findBuiltin(resource) },
    id: `${resource.group}/${resource.resource}`,
  };
}

export function keyIn({ resource }: Collection, namespace: string | undefined, name: string): string {
  return resource.namespaced ? `${namespace ?? ''}/${name}` : `/${name}`;
}

/** Throws NotFound. */
export function read({ store }: Core, collection: Collection, namespace: string, name: string): Document {
  const found = store.get(collection.id, keyIn(collection, namespace, name));
  if (found === undefined) throw notFound(collection.resource, name);
  return found;
}

export function create(core: Core, collection: Collection, draft: JsonObject, options: WriteOptions = {}): Document {
  const { resource, kind } = collection;
  const object = kind.definition === undefined ? structuredClone(draft) : decodeObject(kind.definition, draft);
  prepareNew(kind, object, { nowMs: core.clock.now(), random: core.random });
  if (kind.definition !== undefined) checkNew(kind.definition, object);
  const { namespace, name } = metaOf(object);
  const key = keyIn(collection, namespace, name);
  const home = resource.namespaced ? core.store.get('/namespaces', `/${namespace}`) : undefined;
  if (home?.metadata.deletionTimestamp !== undefined)
    throw forbidden(
      resource,
      name,
      `unable to create new content in namespace ${namespace} because it is being terminated`,
    );
  if (core.store.get(collection.id, key) !== undefined) throw alreadyExists(resource, name);
  return options.dryRun === true ? toDocument(object) : core.store.put(collection.id, key, toDocument(object));
}

/** The next state of an object that exists; the same state again is no write. Throws NotFound, Conflict, Invalid. */
export function update(
  core: Core,
  collection: Collection,
  changed: JsonObject,
  subresource: string,
  options: WriteOptions = {},
): Document {
  const { resource, kind, id } = collection;
  const { namespace, name, uid, resourceVersion } = metaOf(changed);
  const key = keyIn(collection, namespace, name);
  const before = read(core, collection, namespace ?? '', name);
  const refused = (why: string) => conflict(resource, name, why);
  if (uid && uid !== before.metadata.uid)
    throw refused(`Precondition failed: UID in precondition: ${uid}, UID in object meta: ${before.metadata.uid}`);
  if (resourceVersion && resourceVersion !== before.metadata.resourceVersion)
    throw refused('the object has been modified; please apply your changes to the latest version and try again');
  const object = kind.definition === undefined ? structuredClone(changed) : decodeObject(kind.definition, changed);
  const old = toJson(before);
  prepareChanged(kind, object, old, subresource);
  metaOf(object).uid = before.metadata.uid;
  metaOf(object).resourceVersion = before.metadata.resourceVersion;
  if (kind.definition !== undefined) checkChanged(kind.definition, object, old, subresource);
  if (options.dryRun === true) return toDocument(object);
  if (isGone(object, kind.resource)) return core.store.remove(id, key, toDocument(object));
  return deepEqual(object, old) ? before : core.store.put(id, key, toDocument(object));
}

/** Throws NotFound, or Conflict when a precondition fails. */
export function remove(
  core: Core,
  collection: Collection,
  namespace: string,
  name: string,
  options: DeleteOptions = {},
): void {
  const before = read(core, collection, namespace, name);
  const { uid, resourceVersion } = before.metadata;
  const refused = (what: string, wanted: string, found: string) =>
    conflict(
      collection.resource,
      name,
      `Precondition failed: ${what} in precondition: ${wanted}, ${what} in object meta: ${found}`,
    );
  if (options.uid && options.uid !== uid) throw refused('UID', options.uid, uid);
  if (options.resourceVersion && options.resourceVersion !== resourceVersion)
    throw refused('ResourceVersion', options.resourceVersion, resourceVersion);
  const { object, gone } = markDeleted(toJson(before), collection.kind.resource, options, core.clock.now());
  const key = keyIn(collection, namespace, name);
  if (gone) core.store.remove(collection.id, key, toDocument(object));
  else if (!deepEqual(object, toJson(before))) core.store.put(collection.id, key, toDocument(object));
}

/** Which kinds the controllers over all kinds work on. Pure. */
import {
  type ApiObject,
  apiVersionOf,
  type CustomResourceDefinition,
  type Definition,
  isConditionTrue,
} from '@skiff/api';
import type { ResourceOf } from '@skiff/client';

export type AnyKind = ResourceOf<ApiObject> & { readonly apiVersion: string };

/** Each stored resource once, at the version it is stored at; only those that can be listed, watched and deleted. */
export function storedKinds(definitions: readonly Definition[]): AnyKind[] {
  return definitions
    .filter((definition) => {
      const { storage, verbs } = definition;
      const ownStorage =
        storage !== undefined &&
        storage.group === definition.group &&
        storage.version === definition.version &&
        storage.resource === definition.resource;
      return ownStorage && verbs.includes('list') && verbs.includes('watch') && verbs.includes('delete');
    })
    .map((definition) => toKind(definition));
}

const toKind = ({ group, version, resource, kind, namespaced }: Omit<AnyKind, 'apiVersion'>): AnyKind => ({
  group,
  version,
  resource,
  kind,
  namespaced,
  apiVersion: apiVersionOf({ group, version }),
});

/** The kind a definition gives the cluster; undefined while it is not established. Any served version shows the same objects. */
export function customKind({ spec, status }: CustomResourceDefinition): AnyKind | undefined {
  if (!isConditionTrue(status?.conditions, 'Established')) return undefined;
  const version = spec.versions.find((one) => one.served && one.storage) ?? spec.versions.find((one) => one.served);
  if (version === undefined) return undefined;
  const { plural, kind } = status?.acceptedNames ?? spec.names;
  return toKind({
    group: spec.group,
    version: version.name,
    resource: plural,
    kind,
    namespaced: spec.scope === 'Namespaced',
  });
}

/** Events own nothing, are owned by nothing, and come all the time: watching them for ownership would be waste. */
export const isWatchedForOwners = ({ group, resource }: AnyKind): boolean =>
  resource !== 'events' || (group !== '' && group !== 'events.k8s.io');

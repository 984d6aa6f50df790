/** Which kinds the controllers over all kinds work on. Pure. */
import { type ApiObject, apiVersionOf, type Definition } from '@skiff/api';
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
    .map((definition) => ({
      group: definition.group,
      version: definition.version,
      resource: definition.resource,
      kind: definition.kind,
      namespaced: definition.namespaced,
      apiVersion: apiVersionOf(definition),
    }));
}

/** Kinds that own nothing and are owned by nothing, and change all the time: watching them for ownership would be waste. */
export const neverOwned: ReadonlySet<string> = new Set(['events', 'leases']);

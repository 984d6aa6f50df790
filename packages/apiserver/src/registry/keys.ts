/** Store keys: `/registry/<group or core>/<resource>/<namespace>/<name>`; cluster-scoped ones without the namespace. */
import type { Kind, StoredAs } from './definition-table.ts';

export const registryPrefix = '/registry/';

/** `core/pods`: names a collection in the store and in the watch cache. */
export function storageKeyOf(stored: Pick<StoredAs, 'group' | 'resource'>): string {
  return `${stored.group === '' ? 'core' : stored.group}/${stored.resource}`;
}

/** What all keys of the collection start with; of one namespace, when one is given. */
export function prefixOf(kind: Kind, namespace: string): string {
  const prefix = `${registryPrefix}${storageKeyOf(kind.stored)}/`;
  return kind.definition.namespaced && namespace !== '' ? `${prefix}${namespace}/` : prefix;
}

export function keyOf(kind: Kind, namespace: string, name: string): string {
  return `${prefixOf(kind, namespace)}${name}`;
}

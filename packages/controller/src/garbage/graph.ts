/** Who depends on whom, over every kind: kept from informers, asked by the collector. No I/O. */
import { type ApiObject, canonicalJson, type OwnerReference } from '@skiff/api';
import type { ResourceOf } from '@skiff/client';

/** One object as the collector knows it. */
export interface Known {
  readonly resource: ResourceOf<ApiObject>;
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly owners: readonly OwnerReference[];
  readonly finalizers: readonly string[];
  readonly deleting: boolean;
}

export class OwnerGraph {
  readonly #objects = new Map<string, Known>();
  readonly #dependents = new Map<string, Set<string>>();

  get(uid: string): Known | undefined {
    return this.#objects.get(uid);
  }

  /** Objects that name `uid` as an owner. */
  dependentsOf(uid: string): Known[] {
    return [...(this.#dependents.get(uid) ?? [])]
      .map((one) => this.#objects.get(one))
      .filter((one) => one !== undefined);
  }

  put(object: Known): void {
    this.remove(object.uid);
    this.#objects.set(object.uid, object);
    for (const owner of object.owners) {
      const dependents = this.#dependents.get(owner.uid) ?? new Set();
      dependents.add(object.uid);
      this.#dependents.set(owner.uid, dependents);
    }
  }

  remove(uid: string): void {
    const object = this.#objects.get(uid);
    if (object === undefined) return;
    this.#objects.delete(uid);
    for (const owner of object.owners) {
      const dependents = this.#dependents.get(owner.uid);
      dependents?.delete(uid);
      if (dependents?.size === 0) this.#dependents.delete(owner.uid);
    }
  }
}

export function toKnown(resource: ResourceOf<ApiObject>, object: ApiObject): Known {
  const { metadata } = object;
  return {
    resource,
    uid: metadata.uid,
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    owners: metadata.ownerReferences ?? [],
    finalizers: metadata.finalizers ?? [],
    deleting: metadata.deletionTimestamp !== undefined,
  };
}

/** Nothing that the collector goes by differs. */
export const sameRelations = (a: Known, b: Known): boolean =>
  a.deleting === b.deleting &&
  a.finalizers.join() === b.finalizers.join() &&
  canonicalJson(a.owners) === canonicalJson(b.owners);

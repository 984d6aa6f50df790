/** Carries out what `claim` says: an owner takes the orphans it selects, and lets go of children it no longer does. */
import type { ApiObject } from '@skiff/api';
import type { Lister, ResourceClient } from '@skiff/client';
import { ignoreGone } from './errors.ts';
import { adoptPatch, claim, orphansOf, releasePatch } from './owners.ts';

export interface Claiming<O extends ApiObject, T extends ApiObject> {
  readonly owners: ResourceClient<O>;
  readonly clients: ResourceClient<T>;
  /** Has `ownerIndex`. */
  readonly children: Lister<T>;
  readonly selects: (owner: O, child: T) => boolean;
  /** Children that are claimed at all; absent: every one. */
  readonly counts?: (child: T) => boolean;
  /** Strategic merge patch, in place of `adoptPatch`. */
  readonly adoption?: (owner: O, child: T) => object;
  /** Done to a child before it is let go. */
  readonly beforeRelease?: (child: T) => Promise<unknown>;
}

/** The children that the owner has after this. */
export async function claimChildren<O extends ApiObject, T extends ApiObject>(
  owner: O,
  claiming: Claiming<O, T>,
): Promise<T[]> {
  const { owners, clients, children, selects, counts = () => true, adoption = adoptPatch, beforeRelease } = claiming;
  const { namespace = '', name, uid } = owner.metadata;
  const candidates = [...children.byIndex('owner', uid), ...children.byIndex('owner', orphansOf(namespace))];
  const { mine, adopt, release } = claim(owner, candidates.filter(counts), (child) => selects(owner, child));
  if (adopt.length > 0) {
    // The cache may lag behind a deletion: adopting for an owner that is going would keep its children alive.
    const fresh = await owners.get(namespace, name);
    if (fresh.metadata.uid !== uid || fresh.metadata.deletionTimestamp !== undefined) return [...mine];
  }
  const adopted: T[] = [];
  for (const child of adopt) {
    const patch = adoption(owner, child);
    const taken = await clients.patch(namespace, child.metadata.name, 'strategic', patch).catch(ignoreGone);
    if (taken !== undefined) adopted.push(taken);
  }
  for (const child of release) {
    await beforeRelease?.(child);
    await clients.patch(namespace, child.metadata.name, 'strategic', releasePatch(owner, child)).catch(ignoreGone);
  }
  return [...mine, ...adopted];
}

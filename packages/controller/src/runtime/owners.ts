/** Who owns whom: the rules of controller references (ControllerRefManager). */
import type { ApiObject, OwnerReference } from '@skiff/api';

/** The reference of the object's controller, when it has one. */
export function controllerOf(object: ApiObject): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find((reference) => reference.controller === true);
}

/** A reference that makes `owner` the controller, and holds the owner's foreground deletion until the child is gone. */
export function controllerReference(owner: ApiObject): OwnerReference {
  return {
    apiVersion: owner.apiVersion,
    kind: owner.kind,
    name: owner.metadata.name,
    uid: owner.metadata.uid,
    controller: true,
    blockOwnerDeletion: true,
  };
}

/** Informer index: objects by their controller's uid, orphans under `''` + namespace. */
export const ownerIndex = {
  owner: (object: ApiObject): string[] => [controllerOf(object)?.uid ?? orphansOf(object.metadata.namespace ?? '')],
};

export const orphansOf = (namespace: string): string => `orphans/${namespace}`;

export interface Claims<T extends ApiObject> {
  /** Controlled by the owner and selected. */
  readonly mine: readonly T[];
  /** Selected orphans to take. */
  readonly adopt: readonly T[];
  /** Controlled by the owner, no longer selected: to let go. */
  readonly release: readonly T[];
}

/**
 * Sorts candidates (children and orphans of the namespace) by what the owner has to do about each. An owner that is being
 * deleted, and a child that is, change nothing.
 */
export function claim<T extends ApiObject>(
  owner: ApiObject,
  candidates: readonly T[],
  selected: (object: T) => boolean,
): Claims<T> {
  const mine: T[] = [];
  const adopt: T[] = [];
  const release: T[] = [];
  const ownerLives = owner.metadata.deletionTimestamp === undefined;
  for (const object of candidates) {
    const reference = controllerOf(object);
    const lives = object.metadata.deletionTimestamp === undefined;
    if (reference !== undefined && reference.uid !== owner.metadata.uid) continue;
    if (reference !== undefined && selected(object)) mine.push(object);
    else if (reference !== undefined && ownerLives) release.push(object);
    else if (reference === undefined && ownerLives && lives && selected(object)) adopt.push(object);
  }
  return { mine, adopt, release };
}

/** The strategic merge patch that takes an orphan; guarded by uid, so that a namesake is left alone. */
export const adoptPatch = (owner: ApiObject, child: ApiObject): { readonly metadata: object } => ({
  metadata: { uid: child.metadata.uid, ownerReferences: [controllerReference(owner)] },
});

/** The strategic merge patch that lets a child go. */
export const releasePatch = (owner: ApiObject, child: ApiObject): object => ({
  metadata: { uid: child.metadata.uid, ownerReferences: [{ $patch: 'delete', uid: owner.metadata.uid }] },
});

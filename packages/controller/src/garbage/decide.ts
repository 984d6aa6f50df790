/** What the collector does about one object. Pure. Rules: Kubernetes' garbage collector. */
import type { OwnerReference } from '@skiff/api';
import type { Known } from './graph.ts';

export const orphanFinalizer = 'orphan';
export const foregroundFinalizer = 'foregroundDeletion';

/** How an owner stands: there, there but only waiting for its dependents to go, or gone. */
export type OwnerState = 'solid' | 'waiting' | 'absent';

export type Verdict =
  | { readonly do: 'nothing' }
  /** The owner was deleted with the policy Orphan: its dependents forget it. */
  | { readonly do: 'orphan-dependents' }
  /** The owner was deleted with the policy Foreground: its dependents look after themselves, those that block first. */
  | { readonly do: 'wait-for-dependents'; readonly blocking: readonly Known[] }
  /** Some owners are gone, some not: the references to the gone ones go. */
  | { readonly do: 'drop-references'; readonly uids: readonly string[] }
  /** `unblock`: a circle of owners that wait for each other: first the references stop blocking. */
  | {
      readonly do: 'delete';
      readonly policy: 'Background' | 'Foreground' | 'Orphan';
      readonly unblock: boolean;
    };

/** `owners`: each reference with its state. `dependents`: objects that name this one. */
export function judge(
  object: Known,
  owners: readonly { reference: OwnerReference; state: OwnerState }[],
  dependents: readonly Known[],
): Verdict {
  if (object.deleting && object.finalizers.includes(orphanFinalizer)) return { do: 'orphan-dependents' };
  if (object.deleting && object.finalizers.includes(foregroundFinalizer)) {
    const blocking = dependents.filter((one) =>
      one.owners.some((owner) => owner.uid === object.uid && owner.blockOwnerDeletion === true),
    );
    return { do: 'wait-for-dependents', blocking };
  }
  if (object.deleting || owners.length === 0) return { do: 'nothing' };
  const gone = owners.filter(({ state }) => state !== 'solid');
  if (gone.length === 0) return { do: 'nothing' };
  if (gone.length < owners.length) return { do: 'drop-references', uids: gone.map(({ reference }) => reference.uid) };
  const waitedFor = owners.some(({ state }) => state === 'waiting');
  if (waitedFor && dependents.length > 0)
    return { do: 'delete', policy: 'Foreground', unblock: dependents.some(isWaiting) };
  const policy = object.finalizers.includes(orphanFinalizer)
    ? 'Orphan'
    : object.finalizers.includes(foregroundFinalizer)
      ? 'Foreground'
      : 'Background';
  return { do: 'delete', policy, unblock: false };
}

/** Being deleted, and there only until its dependents are gone. */
export const isWaiting = (object: Known): boolean => object.deleting && object.finalizers.includes(foregroundFinalizer);

/** The reference names this object, and may: owners are in the dependent's namespace or in none. */
export const isNamedBy = (owner: Known, reference: OwnerReference, dependent: Known): boolean =>
  owner.name === reference.name &&
  owner.resource.kind === reference.kind &&
  (owner.namespace === '' || owner.namespace === dependent.namespace);

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
  /** The owner was deleted with the policy Foreground: its dependents go first. */
  | { readonly do: 'delete-dependents'; readonly blocked: boolean }
  /** Some owners are gone, some not: the references to the gone ones go. */
  | { readonly do: 'drop-references'; readonly uids: readonly string[] }
  | { readonly do: 'delete'; readonly policy: 'Background' | 'Foreground' | 'Orphan' };

/** `owners`: each reference with its state. `dependents`: objects that name this one. */
export function judge(
  object: Known,
  owners: readonly { reference: OwnerReference; state: OwnerState }[],
  dependents: readonly Known[],
): Verdict {
  if (object.deleting && object.finalizers.includes(orphanFinalizer)) return { do: 'orphan-dependents' };
  if (object.deleting && object.finalizers.includes(foregroundFinalizer)) {
    const blocked = dependents.some((one) =>
      one.owners.some((owner) => owner.uid === object.uid && owner.blockOwnerDeletion === true),
    );
    return { do: 'delete-dependents', blocked };
  }
  if (object.deleting || owners.length === 0) return { do: 'nothing' };
  const gone = owners.filter(({ state }) => state !== 'solid');
  if (gone.length === 0) return { do: 'nothing' };
  if (gone.length < owners.length) return { do: 'drop-references', uids: gone.map(({ reference }) => reference.uid) };
  const waitedFor = owners.some(({ state }) => state === 'waiting');
  if (waitedFor && dependents.length > 0) return { do: 'delete', policy: 'Foreground' };
  if (object.finalizers.includes(orphanFinalizer)) return { do: 'delete', policy: 'Orphan' };
  if (object.finalizers.includes(foregroundFinalizer)) return { do: 'delete', policy: 'Foreground' };
  return { do: 'delete', policy: 'Background' };
}

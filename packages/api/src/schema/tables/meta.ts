/** What the types of meta/v1 in Kubernetes v1.32 mean beyond their shape: see `rule.ts` for each fact. */
import { keyed, mergingSet, type TypeRules } from './rule.ts';

export const meta: TypeRules = {
  DeleteOptions: {
    keepZero: [
      'gracePeriodSeconds',
      'ignoreStoreReadErrorWithClusterBreakingPotential',
      'orphanDependents',
      'propagationPolicy',
    ],
  },
  LabelSelector: { atomic: true },
  ListMeta: { keepZero: ['remainingItemCount'] },
  ObjectMeta: {
    lists: { finalizers: mergingSet, ownerReferences: keyed('uid') },
    keepZero: ['deletionGracePeriodSeconds'],
  },
  OwnerReference: { atomic: true, keepZero: ['blockOwnerDeletion', 'controller'] },
  Preconditions: { keepZero: ['resourceVersion', 'uid'] },
};

/** What default spreading spreads: pods of the same Services and of the same controller. */
import {
  matchesLabels,
  type Pod,
  type ReplicaSet,
  type ReplicationController,
  type Selector,
  type Service,
  type StatefulSet,
  toSelector,
} from '@skiff/api';
import type { Lister } from '@skiff/client';

export interface SpreadListers {
  readonly services: Lister<Service>;
  readonly replicaSets: Lister<ReplicaSet>;
  readonly statefulSets: Lister<StatefulSet>;
  readonly replicationControllers: Lister<ReplicationController>;
}

/** Tests of labels, one for each Service that selects the pod, and one for the controller that owns it. */
export function spreadSelectors(
  listers: SpreadListers,
  pod: Pod,
): ((labels: Readonly<Record<string, string>>) => boolean)[] {
  const services = listers.services
    .list(pod.metadata.namespace ?? '')
    .map(({ spec }) => spec.selector ?? {})
    .filter((selector) => Object.keys(selector).length > 0)
    .map((matchLabels) => toSelector({ matchLabels }))
    .filter((selector) => matchesLabels(selector, pod.metadata.labels));
  const owner = ownerSelector(listers, pod);
  return [...services, ...(owner === undefined ? [] : [owner])].map(
    (selector) => (labels) => matchesLabels(selector, labels),
  );
}

function ownerSelector(listers: SpreadListers, pod: Pod): Selector | undefined {
  const namespace = pod.metadata.namespace ?? '';
  const owner = pod.metadata.ownerReferences?.find(({ controller }) => controller === true);
  const { replicaSets, statefulSets, replicationControllers } = listers;
  switch (owner?.kind) {
    case 'ReplicaSet':
      return selectorOf(replicaSets.get(namespace, owner.name)?.spec.selector);
    case 'StatefulSet':
      return selectorOf(statefulSets.get(namespace, owner.name)?.spec.selector);
    case 'ReplicationController': {
      const matchLabels = replicationControllers.get(namespace, owner.name)?.spec.selector;
      return selectorOf(matchLabels === undefined ? undefined : { matchLabels });
    }
    default:
      return undefined;
  }
}

const selectorOf = (selector: Parameters<typeof toSelector>[0]): Selector | undefined =>
  selector === undefined ? undefined : toSelector(selector);

/** Which pods no agent will ever finish, and which have been finished for too long. Pure. Rules: Kubernetes' PodGC. */
import { isConditionTrue, type Node, type Pod } from '@skiff/api';
import { isPodFinished } from '../runtime/pods.ts';

/** --terminated-pod-gc-threshold. */
const terminatedThreshold = 12_500;
const outOfService = 'node.kubernetes.io/out-of-service';

export type Fate =
  | { readonly do: 'nothing' }
  /** Its node is not there: looked at again before it goes, for a node that registers anew gets its pods back. */
  | { readonly do: 'orphaned' }
  /** `message`: of its DisruptionTarget condition; undefined: none. */
  | { readonly do: 'force'; readonly message: string | undefined };

/** `node`: the pod's, when the cache has it. */
export function fateOf(pod: Pod, node: Node | undefined): Fate {
  const going = pod.metadata.deletionTimestamp !== undefined;
  if ((pod.spec.nodeName ?? '') === '') return going ? { do: 'force', message: undefined } : { do: 'nothing' };
  if (node === undefined) return { do: 'orphaned' };
  const isOut =
    !isConditionTrue(node.status?.conditions, 'Ready') &&
    (node.spec?.taints ?? []).some(({ key }) => key === outOfService);
  return going && isOut ? { do: 'force', message: undefined } : { do: 'nothing' };
}

/** Finished pods beyond the threshold: evicted ones first, then the oldest. */
export function surplus(pods: readonly Pod[], threshold = terminatedThreshold): Pod[] {
  const finished = pods.filter((pod) => isPodFinished(pod) && pod.metadata.deletionTimestamp === undefined);
  const evicted = (pod: Pod): number => (pod.status?.reason === 'Evicted' ? 0 : 1);
  const created = (pod: Pod): number => Date.parse(pod.metadata.creationTimestamp);
  return finished
    .sort((a, b) => evicted(a) - evicted(b) || created(a) - created(b) || (a.metadata.name < b.metadata.name ? -1 : 1))
    .slice(0, Math.max(0, finished.length - threshold));
}

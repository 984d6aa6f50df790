/** What a ReplicaSet needs next. Pure. Rules: Kubernetes' ReplicaSet controller and its order of deletion (ActivePodsWithRanks). */
import type { Pod, ReplicaSet } from '@skiff/api';
import { isPodActive, isPodReady, podReadySince } from '../runtime/pods.ts';

/** At most this many creations or deletions in one pass. */
const burst = 500;

export interface ReplicaPlan {
  readonly create: number;
  readonly remove: readonly Pod[];
}

/**
 * `owned`: pods the set controls. `related`: active pods of all sets with the same owner, which tell how crowded a node
 * is; may be just `owned`.
 */
export function planReplicas(
  set: ReplicaSet,
  owned: readonly Pod[],
  related: readonly Pod[],
  nowMs: number,
): ReplicaPlan {
  if (set.metadata.deletionTimestamp !== undefined) return { create: 0, remove: [] };
  const active = owned.filter(isPodActive);
  const missing = (set.spec?.replicas ?? 1) - active.length;
  if (missing >= 0) return { create: Math.min(missing, burst), remove: [] };
  return { create: 0, remove: inDeletionOrder(active, related, nowMs).slice(0, Math.min(-missing, burst)) };
}

/** Pods in the order they should go: what is least useful first. */
export function inDeletionOrder(pods: readonly Pod[], related: readonly Pod[], nowMs: number): Pod[] {
  const perNode = new Map<string, number>();
  for (const pod of related) {
    const node = pod.spec?.nodeName;
    if (node !== undefined && isPodActive(pod)) perNode.set(node, (perNode.get(node) ?? 0) + 1);
  }
  const rank = (pod: Pod): number => perNode.get(pod.spec?.nodeName ?? '') ?? 0;
  return [...pods].sort((a, b) => compareForDeletion(a, b, rank, nowMs));
}

const phaseOrder: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 };

/** Smaller comes first and goes first; the criteria in Kubernetes' order. */
function compareForDeletion(a: Pod, b: Pod, rank: (pod: Pod) => number, nowMs: number): number {
  return (
    assigned(a) - assigned(b) ||
    (phaseOrder[a.status?.phase ?? 'Pending'] ?? 0) - (phaseOrder[b.status?.phase ?? 'Pending'] ?? 0) ||
    Number(isPodReady(a)) - Number(isPodReady(b)) ||
    deletionCost(a) - deletionCost(b) ||
    rank(b) - rank(a) ||
    ageBucket(readySinceMs(a), nowMs) - ageBucket(readySinceMs(b), nowMs) ||
    restarts(b) - restarts(a) ||
    ageBucket(Date.parse(a.metadata.creationTimestamp), nowMs) -
      ageBucket(Date.parse(b.metadata.creationTimestamp), nowMs) ||
    a.metadata.uid.localeCompare(b.metadata.uid)
  );
}

const assigned = (pod: Pod): number => ((pod.spec?.nodeName ?? '') === '' ? 0 : 1);

const readySinceMs = (pod: Pod): number => podReadySince(pod) ?? Number.NaN;

/** Ages are compared by their logarithm, so that the newest of many equals is not always the victim (KEP-2185). */
function ageBucket(sinceMs: number, nowMs: number): number {
  if (Number.isNaN(sinceMs)) return -1;
  return Math.floor(Math.log2(Math.max(nowMs - sinceMs, 1)));
}

/** KEP-2255: an annotation may name a cost; anything that is no whole number counts as 0. */
function deletionCost(pod: Pod): number {
  const text = pod.metadata.annotations?.['controller.kubernetes.io/pod-deletion-cost'] ?? '0';
  return /^-?\d{1,10}$/.test(text) ? Number(text) : 0;
}

function restarts(pod: Pod): number {
  return Math.max(0, ...(pod.status?.containerStatuses ?? []).map((status) => status.restartCount));
}

/** What a ReplicaSet needs next. Pure. Rules: Kubernetes' ReplicaSet controller and its order of deletion (ActivePodsWithRanks). */
import { type ContainerStatus, type Pod, parseTime, type ReplicaSet, type ReplicationController } from '@skiff/api';
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
  set: ReplicaSet | ReplicationController,
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

/** Smaller comes first and goes first; the criteria in Kubernetes' order (ActivePodsWithRanks). */
function compareForDeletion(a: Pod, b: Pod, rank: (pod: Pod) => number, nowMs: number): number {
  return (
    assigned(a) - assigned(b) ||
    (phaseOrder[a.status?.phase ?? 'Pending'] ?? 0) - (phaseOrder[b.status?.phase ?? 'Pending'] ?? 0) ||
    Number(isPodReady(a)) - Number(isPodReady(b)) ||
    deletionCost(a) - deletionCost(b) ||
    rank(b) - rank(a) ||
    compareAges(a, b, podReadySince(a), podReadySince(b), nowMs) ||
    restarts(b.status?.containerStatuses) - restarts(a.status?.containerStatuses) ||
    restarts(b.status?.initContainerStatuses) - restarts(a.status?.initContainerStatuses) ||
    compareAges(a, b, createdMs(a), createdMs(b), nowMs)
  );
}

const assigned = (pod: Pod): number => ((pod.spec?.nodeName ?? '') === '' ? 0 : 1);

const createdMs = (pod: Pod): number | undefined => parseTime(pod.metadata.creationTimestamp);

/** The younger goes first. Ages of one order of magnitude count as equal, and then the uid decides, so that the newest is not always the victim. */
function compareAges(a: Pod, b: Pod, aMs: number | undefined, bMs: number | undefined, nowMs: number): number {
  if (aMs === bMs) return 0;
  if (aMs === undefined || bMs === undefined) return aMs === undefined ? -1 : 1;
  return magnitude(nowMs - aMs) - magnitude(nowMs - bMs) || (a.metadata.uid < b.metadata.uid ? -1 : 1);
}

/** The binary logarithm of an age in nanoseconds, as KEP-2185 rounds it; -1 for none. */
const magnitude = (ageMs: number): number => (ageMs > 0 ? Math.floor(Math.log2(ageMs * 1e6)) : -1);

/** KEP-2255: an annotation may name a cost, a signed 32-bit number; anything else counts as 0. */
function deletionCost(pod: Pod): number {
  const text = pod.metadata.annotations?.['controller.kubernetes.io/pod-deletion-cost'] ?? '0';
  const cost = /^(0|-?\d{1,10})$/.test(text) && !/^0\d/.test(text) ? Number(text) : 0;
  return cost >= -(2 ** 31) && cost < 2 ** 31 ? cost : 0;
}

const restarts = (statuses: readonly ContainerStatus[] | undefined): number =>
  Math.max(0, ...(statuses ?? []).map((status) => status.restartCount));

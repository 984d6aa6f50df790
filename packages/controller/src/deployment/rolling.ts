/** How many pods each ReplicaSet of a Deployment should have next. Pure. Rules: Kubernetes' deployment controller. */
import type { Deployment, ReplicaSet } from '@skiff/api';
import { scaledValue } from '../runtime/int-or-percent.ts';
import { desiredReplicasAnnotation, maxReplicasAnnotation, oldestFirst } from './revisions.ts';

/** A set and the replicas it should be given. */
export interface Scale {
  readonly set: ReplicaSet;
  readonly replicas: number;
}

const replicasOf = (set: ReplicaSet): number => set.spec?.replicas ?? 0;
const availableOf = (set: ReplicaSet): number => set.status?.availableReplicas ?? 0;
const sum = (sets: readonly ReplicaSet[], of: (set: ReplicaSet) => number): number =>
  sets.reduce((total, set) => total + of(set), 0);

export const totalReplicas = (sets: readonly ReplicaSet[]): number => sum(sets, replicasOf);
export const totalAvailable = (sets: readonly ReplicaSet[]): number => sum(sets, availableOf);
export const totalActual = (sets: readonly ReplicaSet[]): number => sum(sets, (set) => set.status?.replicas ?? 0);

/** How far a rollout may go over and under the wanted count, as whole pods; surge rounds up, unavailable down, never both 0. */
export function rollingLimits(deployment: Deployment): { maxSurge: number; maxUnavailable: number } {
  const wanted = deployment.spec?.replicas ?? 1;
  if (deployment.spec?.strategy?.type === 'Recreate') return { maxSurge: 0, maxUnavailable: 0 };
  const rolling = deployment.spec?.strategy?.rollingUpdate;
  const maxSurge = scaledValue(rolling?.maxSurge ?? '25%', wanted, 'up');
  const maxUnavailable = scaledValue(rolling?.maxUnavailable ?? '25%', wanted, 'down');
  return {
    maxSurge,
    maxUnavailable: Math.min(maxSurge === 0 && maxUnavailable === 0 ? 1 : maxUnavailable, wanted),
  };
}

/** The new set grows as far as wanted plus surge allows. */
export function newSetReplicas(deployment: Deployment, newSet: ReplicaSet, all: readonly ReplicaSet[]): number {
  const wanted = deployment.spec?.replicas ?? 1;
  if (replicasOf(newSet) > wanted) return wanted;
  if (deployment.spec?.strategy?.type === 'Recreate') return wanted;
  const room = wanted + rollingLimits(deployment).maxSurge - totalReplicas(all);
  return room <= 0 ? replicasOf(newSet) : replicasOf(newSet) + Math.min(room, wanted - replicasOf(newSet));
}

/**
 * Old sets shrink as far as availability allows: first pods that serve nobody anyway, then available ones. A new set whose
 * pods do not come up stops the second, so that a bad image does not take the service down.
 */
export function shrinkOldSets(deployment: Deployment, newSet: ReplicaSet, oldSets: readonly ReplicaSet[]): Scale[] {
  const oldPods = totalReplicas(oldSets);
  if (oldPods === 0) return [];
  const wanted = deployment.spec?.replicas ?? 1;
  const minAvailable = wanted - rollingLimits(deployment).maxUnavailable;
  const newUnavailable = replicasOf(newSet) - availableOf(newSet);
  const mayGo = oldPods + replicasOf(newSet) - minAvailable - newUnavailable;
  if (mayGo <= 0) return [];

  const next = new Map(oldestFirst(oldSets).map((set) => [set, replicasOf(set)]));
  let unhealthyLeft = mayGo;
  for (const [set, replicas] of next) {
    const unhealthy = Math.min(Math.max(replicas - availableOf(set), 0), unhealthyLeft);
    next.set(set, replicas - unhealthy);
    unhealthyLeft -= unhealthy;
  }
  let availableLeft = totalAvailable([...oldSets, newSet]) - minAvailable;
  for (const [set, replicas] of next) {
    const gone = Math.min(replicas, Math.max(availableLeft, 0));
    next.set(set, replicas - gone);
    availableLeft -= gone;
  }
  return changed(next);
}

/** Recreate: every old pod goes before the first new one comes. */
export function scaleDownAll(oldSets: readonly ReplicaSet[]): Scale[] {
  return oldSets.filter((set) => replicasOf(set) > 0).map((set) => ({ set, replicas: 0 }));
}

/**
 * The Deployment was resized in the middle of a rollout (or while paused): the change is spread over its sets in proportion
 * to their size, the leftover going to the largest, newest first. What rounding leaves to be taken away may be more than the
 * largest has: Kubernetes then stays above the surge until the rollout goes on, here the next in size gives the rest.
 */
export function scaleProportionally(
  deployment: Deployment,
  newSet: ReplicaSet | undefined,
  oldSets: readonly ReplicaSet[],
): Scale[] {
  const wanted = deployment.spec?.replicas ?? 1;
  const all = newSet === undefined ? [...oldSets] : [...oldSets, newSet];
  const active = all.filter((set) => replicasOf(set) > 0);
  const newest = newSet ?? oldestFirst(oldSets).at(-1);
  if (active.length === 0) return newest === undefined ? [] : changed(new Map([[newest, wanted]]));
  if (active.length === 1) return changed(new Map(active.map((set) => [set, wanted])));
  if (isSaturated(newSet, wanted)) return scaleDownAll(oldSets);
  if (deployment.spec?.strategy?.type === 'Recreate') return [];

  const allowed = wanted > 0 ? wanted + rollingLimits(deployment).maxSurge : 0;
  const toAdd = allowed - totalReplicas(active);
  const order = [...active].sort((a, b) => replicasOf(b) - replicasOf(a) || newestFirst(a, b, toAdd));
  const next = new Map(order.map((set) => [set, replicasOf(set)]));
  let added = 0;
  for (const set of order) {
    const share = proportion(set, allowed, wanted, toAdd, added);
    next.set(set, replicasOf(set) + share);
    added += share;
  }
  let left = toAdd - added;
  for (const [set, replicas] of next) {
    const taken = Math.max(left, -replicas);
    next.set(set, replicas + taken);
    left -= taken;
  }
  return changed(next);
}

/** The new set was last scaled for this size, has it, and all of it is available. */
const isSaturated = (newSet: ReplicaSet | undefined, wanted: number): boolean =>
  newSet !== undefined &&
  replicasOf(newSet) === wanted &&
  Number(newSet.metadata.annotations?.[desiredReplicasAnnotation]) === wanted &&
  availableOf(newSet) === wanted;

/** Growing goes to the newest of equals, shrinking to the oldest. */
function newestFirst(a: ReplicaSet, b: ReplicaSet, toAdd: number): number {
  const newest = Date.parse(b.metadata.creationTimestamp) - Date.parse(a.metadata.creationTimestamp);
  return toAdd > 0 ? newest : -newest;
}

/** One set's part of the change: what keeps its share of the total it was last scaled for. */
function proportion(set: ReplicaSet, allowed: number, wanted: number, toAdd: number, added: number): number {
  const left = toAdd - added;
  if (replicasOf(set) === 0 || left === 0) return 0;
  if (wanted === 0) return -replicasOf(set);
  const scaledFor = Number(set.metadata.annotations?.[maxReplicasAnnotation] ?? Number.NaN);
  const size = Number.isInteger(scaledFor) && scaledFor > 0 ? scaledFor : allowed - toAdd;
  const share = Math.round((replicasOf(set) * allowed) / Math.max(size, 1)) - replicasOf(set);
  return toAdd > 0 ? Math.min(Math.max(share, 0), left) : Math.max(Math.min(share, 0), left);
}

/** True when some active set was last scaled for another size of the Deployment. */
export function isScalingEvent(deployment: Deployment, sets: readonly ReplicaSet[]): boolean {
  const wanted = deployment.spec?.replicas ?? 1;
  return sets
    .filter((set) => replicasOf(set) > 0)
    .some((set) => {
      const desired = set.metadata.annotations?.[desiredReplicasAnnotation];
      return desired !== undefined && Number(desired) !== wanted;
    });
}

/** The annotations every scaled set carries, read by the next `scaleProportionally`. */
export function sizeAnnotations(deployment: Deployment): Record<string, string> {
  const wanted = deployment.spec?.replicas ?? 1;
  return {
    [desiredReplicasAnnotation]: String(wanted),
    [maxReplicasAnnotation]: String(wanted + rollingLimits(deployment).maxSurge),
  };
}

function changed(next: ReadonlyMap<ReplicaSet, number>): Scale[] {
  return [...next]
    .filter(([set, replicas]) => replicas !== replicasOf(set))
    .map(([set, replicas]) => ({ set, replicas }));
}

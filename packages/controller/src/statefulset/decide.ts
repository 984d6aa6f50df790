/** What a StatefulSet needs next. Pure. Rules: Kubernetes' StatefulSetControl, v1.32. */
import type { Pod, StatefulSet, StatefulSetStatus } from '@skiff/api';
import { scaledValue } from '../runtime/int-or-percent.ts';
import { isPodAvailable, isPodFinished, isPodReady } from '../runtime/pods.ts';
import { withoutEmpty } from '../runtime/status.ts';
import { ordinalOf, revisionOf, startOf } from './identity.ts';

/** Names of the revision that was rolled out last, and of the present template's. */
export interface Revisions {
  readonly current: string;
  readonly update: string;
}

export interface StatefulPlan {
  readonly create: readonly { readonly ordinal: number; readonly revision: string }[];
  readonly remove: readonly Pod[];
  readonly status: StatefulSetStatus;
}

export function planStatefulSet(
  set: StatefulSet,
  pods: readonly Pod[],
  revisions: Revisions,
  nowMs: number,
): StatefulPlan {
  const start = startOf(set);
  const wanted = set.spec.replicas ?? 1;
  const byOrdinal = new Map(pods.map((pod) => [ordinalOf(set, pod.metadata.name), pod]));
  const replicas = Array.from({ length: wanted }, (_, index) => byOrdinal.get(start + index));
  const condemned = pods
    .map((pod) => ({ pod, ordinal: ordinalOf(set, pod.metadata.name) ?? -1 }))
    .filter(({ ordinal }) => ordinal < start || ordinal >= start + wanted)
    .sort((a, b) => b.ordinal - a.ordinal)
    .map(({ pod }) => pod);
  const status = statefulSetStatus(set, pods, revisions, nowMs);
  const idle = { create: [], remove: [], status };
  if (set.metadata.deletionTimestamp !== undefined) return idle;
  const steps = { ...idle, ...nextSteps(set, replicas, condemned, revisions, nowMs) };
  if (steps.create.length > 0 || steps.remove.length > 0 || steps.waits) return { ...steps, status };
  return { create: [], remove: nextUpdates(set, replicas, revisions, nowMs), status };
}

const isGoing = (pod: Pod): boolean => pod.metadata.deletionTimestamp !== undefined;
const isRunningAndReady = (pod: Pod): boolean => pod.status?.phase === 'Running' && isPodReady(pod);
const isHealthy = (set: StatefulSet, pod: Pod, nowMs: number): boolean =>
  !isGoing(pod) && isRunningAndReady(pod) && isPodAvailable(pod, set.spec.minReadySeconds ?? 0, nowMs);

/** Replicas come up in order and go in reverse, one at a time; all at once with podManagementPolicy Parallel. */
function nextSteps(
  set: StatefulSet,
  replicas: readonly (Pod | undefined)[],
  condemned: readonly Pod[],
  revisions: Revisions,
  nowMs: number,
): { create: StatefulPlan['create']; remove: readonly Pod[]; waits: boolean } {
  const ordered = set.spec.podManagementPolicy !== 'Parallel';
  const create: { ordinal: number; revision: string }[] = [];
  const remove: Pod[] = [];
  const done = () => ({ create, remove, waits: true });
  for (const [index, pod] of replicas.entries()) {
    if (pod === undefined) create.push({ ordinal: startOf(set) + index, revision: revisionFor(set, index, revisions) });
    else if (isPodFinished(pod) && !isGoing(pod)) remove.push(pod);
    else if (isHealthy(set, pod, nowMs)) continue;
    if (ordered) return done();
  }
  const unhealthy = [...replicas, ...[...condemned].reverse()].find(
    (pod) => pod !== undefined && !isHealthy(set, pod, nowMs),
  );
  for (const pod of condemned) {
    if (isGoing(pod)) {
      if (ordered) return done();
      continue;
    }
    // Only the unhealthy one itself may go while something is unhealthy.
    if (ordered && !isHealthy(set, pod, nowMs) && pod !== unhealthy) return done();
    remove.push(pod);
    if (ordered) return done();
  }
  return { create, remove, waits: false };
}

/** Replicas below the partition are made as they were, those above as they should be. */
function revisionFor(set: StatefulSet, index: number, { current, update }: Revisions): string {
  const { type = 'RollingUpdate', rollingUpdate } = set.spec.updateStrategy ?? {};
  return type === 'RollingUpdate' && index < (rollingUpdate?.partition ?? 0) ? current : update;
}

/** The next replicas to be made anew: from the highest down to the partition, each while fewer than `maxUnavailable` above it are not healthy. */
function nextUpdates(
  set: StatefulSet,
  replicas: readonly (Pod | undefined)[],
  { update }: Revisions,
  nowMs: number,
): readonly Pod[] {
  if (set.spec.updateStrategy?.type === 'OnDelete') return [];
  const { partition = 0, maxUnavailable = 1 } = set.spec.updateStrategy?.rollingUpdate ?? {};
  let room = Math.max(1, scaledValue(maxUnavailable, replicas.length, 'down'));
  const stale: Pod[] = [];
  for (const pod of replicas.slice(partition).reverse()) {
    if (room <= 0) break;
    const isStale = pod !== undefined && revisionOf(pod) !== update && !isGoing(pod);
    if (isStale) stale.push(pod);
    if (isStale || pod === undefined || !isHealthy(set, pod, nowMs)) room -= 1;
  }
  return stale;
}

function statefulSetStatus(
  set: StatefulSet,
  pods: readonly Pod[],
  revisions: Revisions,
  nowMs: number,
): StatefulSetStatus {
  const count = (test: (pod: Pod) => boolean): number => pods.filter(test).length;
  const ready = pods.filter(isRunningAndReady);
  const { current, update } = revisions;
  const collisionCount = set.status?.collisionCount;
  const updated = count((pod) => !isGoing(pod) && revisionOf(pod) === update);
  const wanted = set.spec.replicas ?? 1;
  const isRolled =
    set.spec.updateStrategy?.type !== 'OnDelete' &&
    updated === pods.length &&
    ready.length === pods.length &&
    pods.length === wanted;
  return withoutEmpty<StatefulSetStatus>(
    {
      observedGeneration: set.metadata.generation ?? 0,
      replicas: pods.length,
      readyReplicas: ready.length,
      availableReplicas: ready.filter((pod) => isPodAvailable(pod, set.spec.minReadySeconds ?? 0, nowMs)).length,
      currentReplicas: isRolled ? updated : count((pod) => !isGoing(pod) && revisionOf(pod) === current),
      updatedReplicas: updated,
      currentRevision: isRolled ? update : current,
      updateRevision: update,
      ...(set.status?.conditions === undefined ? {} : { conditions: set.status.conditions }),
      ...(collisionCount === undefined ? {} : { collisionCount }),
    },
    ['replicas', 'availableReplicas', 'collisionCount'],
  );
}

/** Statuses that controllers write: counts that are no less than nothing and no more than all (pkg/apis/<group>/validation). */
import { field } from '../errors.ts';
import type {
  DaemonSet,
  Deployment,
  HorizontalPodAutoscaler,
  Ingress,
  PodDisruptionBudget,
  ReplicaSet,
  StatefulSet,
} from '../kinds/types.ts';
import { addConditions } from './conditions.ts';
import { addServedAt } from './load-balancers.ts';
import { addNegative, type Faults, type Loose } from './support.ts';

type Counts<Name extends string> = { [Key in Name]?: number };

function addCounts<Name extends string>(faults: Faults, status: Counts<Name>, names: readonly Name[]): void {
  for (const name of names) addNegative(faults, `status.${name}`, status[name]);
}

/** A fault for each count that is above another. */
function addAbove<Name extends string>(
  faults: Faults,
  status: Counts<Name>,
  names: readonly Name[],
  [most, shown]: readonly [Name, string],
): void {
  for (const name of names) {
    const value = status[name] ?? 0;
    if (value > (status[most] ?? 0))
      faults.push(field.invalid(`status.${name}`, value, `cannot be greater than ${shown}`));
  }
}

interface Collisions {
  status?: { collisionCount?: number };
}

/** Collisions are only ever added to. */
function addCollisions(faults: Faults, next: Collisions, previous: Collisions): void {
  const before = previous.status?.collisionCount;
  const count = next.status?.collisionCount ?? 0;
  if (before === undefined || count >= before) return;
  faults.push(field.invalid('status.collisionCount', count, 'cannot be decremented'));
}

export function addDeploymentStatus(faults: Faults, next: Loose<Deployment>, previous: Loose<Deployment>): void {
  const { status = {} } = next;
  addCounts(faults, status, [
    ...(['observedGeneration', 'replicas', 'updatedReplicas', 'readyReplicas'] as const),
    ...(['availableReplicas', 'unavailableReplicas', 'collisionCount'] as const),
  ]);
  const parts = ['updatedReplicas', 'readyReplicas', 'availableReplicas'] as const;
  addAbove(faults, status, parts, ['replicas', 'status.replicas']);
  addAbove(faults, status, ['availableReplicas'], ['readyReplicas', 'readyReplicas']);
  addCollisions(faults, next, previous);
}

export function addReplicaSetStatus(faults: Faults, { status = {} }: Loose<ReplicaSet>): void {
  const parts = ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas'] as const;
  addCounts(faults, status, ['replicas', ...parts, 'observedGeneration']);
  addAbove(faults, status, parts, ['replicas', 'status.replicas']);
  addAbove(faults, status, ['availableReplicas'], ['readyReplicas', 'readyReplicas']);
}

export function addStatefulSetStatus(faults: Faults, next: Loose<StatefulSet>, previous: Loose<StatefulSet>): void {
  const { status = {} } = next;
  const parts = ['readyReplicas', 'currentReplicas', 'updatedReplicas', 'availableReplicas'] as const;
  addCounts(faults, status, ['replicas', ...parts, 'observedGeneration', 'collisionCount']);
  addAbove(faults, status, parts, ['replicas', 'status.replicas']);
  addAbove(faults, status, ['availableReplicas'], ['readyReplicas', 'status.readyReplicas']);
  addCollisions(faults, next, previous);
}

export function addDaemonSetStatus(faults: Faults, next: Loose<DaemonSet>, previous: Loose<DaemonSet>): void {
  addCounts(faults, next.status ?? {}, [
    ...(['currentNumberScheduled', 'numberMisscheduled', 'desiredNumberScheduled', 'numberReady'] as const),
    ...(['observedGeneration', 'updatedNumberScheduled', 'numberAvailable', 'numberUnavailable'] as const),
    'collisionCount',
  ]);
  addCollisions(faults, next, previous);
}

/** Of v1 and v2 alike. */
export function addAutoscalerStatus(faults: Faults, { status = {} }: Loose<HorizontalPodAutoscaler>): void {
  addCounts(faults, status, ['currentReplicas', 'desiredReplicas']);
}

export function addDisruptionBudgetStatus(faults: Faults, { status = {} }: Loose<PodDisruptionBudget>): void {
  addConditions(faults, status.conditions, 'status.conditions');
  addCounts(faults, status, ['disruptionsAllowed', 'currentHealthy', 'desiredHealthy', 'expectedPods']);
}

export function addIngressStatus(faults: Faults, { status = {} }: Loose<Ingress>): void {
  for (const [index, one] of (status.loadBalancer?.ingress ?? []).entries())
    addServedAt(faults, one, `status.loadBalancer.ingress[${index}]`);
}

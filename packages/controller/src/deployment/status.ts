/** The status a Deployment should show. Pure. */
import {
  type Deployment,
  type DeploymentCondition,
  type DeploymentStatus,
  findCondition,
  type ReplicaSet,
  removeCondition,
} from '@skiff/api';
import { withoutEmpty } from '../runtime/status.ts';
import { withCondition, withRollout } from './conditions.ts';
import { rollingLimits, totalActual, totalAvailable, totalReplicas } from './rolling.ts';

/** What the pass knows: all sets of the Deployment, the one of its present template among them. */
export interface RolloutState {
  readonly deployment: Deployment;
  readonly newSet: ReplicaSet | undefined;
  readonly sets: readonly ReplicaSet[];
  /** The conditions as the pass has brought them so far. */
  readonly conditions: readonly DeploymentCondition[];
}

/** `judge`: whether progress is looked at: it is not while the deployment is paused, resized or deleted. */
export function deploymentStatus(state: RolloutState, judge: boolean, nowMs: number): DeploymentStatus {
  const { deployment, newSet, sets } = state;
  const availableReplicas = totalAvailable(sets);
  const collisionCount = deployment.status?.collisionCount;
  const counts: DeploymentStatus = {
    observedGeneration: deployment.metadata.generation ?? 0,
    replicas: totalActual(sets),
    updatedReplicas: newSet?.status?.replicas ?? 0,
    readyReplicas: sets.reduce((total, set) => total + (set.status?.readyReplicas ?? 0), 0),
    availableReplicas,
    unavailableReplicas: Math.max(totalReplicas(sets) - availableReplicas, 0),
    ...(collisionCount === undefined ? {} : { collisionCount }),
  };
  const available = withAvailable(deployment, availableReplicas, state.conditions, nowMs);
  const conditions = judge ? withFailure(state, withRollout(deployment, counts, newSet, available, nowMs)) : available;
  return withoutEmpty<DeploymentStatus>({ ...counts, conditions }, ['collisionCount']);
}

function withAvailable(
  deployment: Deployment,
  available: number,
  conditions: readonly DeploymentCondition[],
  nowMs: number,
): DeploymentCondition[] {
  const enough = available >= (deployment.spec.replicas ?? 1) - rollingLimits(deployment).maxUnavailable;
  const type = 'Available';
  return withCondition(
    conditions,
    enough
      ? { type, status: 'True', reason: 'MinimumReplicasAvailable', message: 'Deployment has minimum availability.' }
      : {
          type,
          status: 'False',
          reason: 'MinimumReplicasUnavailable',
          message: 'Deployment does not have minimum availability.',
        },
    nowMs,
  );
}

/** A set's own trouble, shown on the Deployment; the new set's before any old one's. */
function withFailure({ newSet, sets }: RolloutState, conditions: DeploymentCondition[]): DeploymentCondition[] {
  const failing = [...(newSet === undefined ? [] : [newSet]), ...sets]
    .map((set) => findCondition(set.status?.conditions, 'ReplicaFailure'))
    .find((condition) => condition !== undefined);
  const current = findCondition(conditions, 'ReplicaFailure');
  if (failing === undefined) return removeCondition(conditions, 'ReplicaFailure');
  if (current?.status === failing.status && current.reason === failing.reason) return conditions;
  const since = failing.lastTransitionTime;
  return [
    ...removeCondition(conditions, 'ReplicaFailure'),
    {
      type: 'ReplicaFailure',
      status: failing.status,
      ...(since === undefined ? {} : { lastUpdateTime: since, lastTransitionTime: since }),
      reason: failing.reason ?? '',
      message: failing.message ?? '',
    },
  ];
}

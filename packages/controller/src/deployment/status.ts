/** The status a Deployment should show, and whether its rollout makes progress. Pure. */
import {
  type Deployment,
  type DeploymentCondition,
  type DeploymentStatus,
  findCondition,
  type ReplicaSet,
  setCondition,
} from '@skiff/api';
import { rollingLimits, totalActual, totalAvailable, totalReplicas } from './rolling.ts';

type Progress = Omit<DeploymentCondition, 'lastTransitionTime'>;

/** What the pass knows: all sets of the Deployment, the one of its present template among them. */
export interface RolloutState {
  readonly deployment: Deployment;
  readonly newSet: ReplicaSet | undefined;
  readonly sets: readonly ReplicaSet[];
  /** Why the new set could not be created; undefined when nothing failed. */
  readonly createFailure?: string;
}

export function deploymentStatus(state: RolloutState, nowMs: number): DeploymentStatus {
  const counts = deploymentCounts(state);
  const conditions = deploymentConditions(state, counts, nowMs);
  const collisionCount = state.deployment.status?.collisionCount;
  return {
    observedGeneration: state.deployment.metadata.generation ?? 0,
    ...counts,
    conditions,
    ...(collisionCount === undefined ? {} : { collisionCount }),
  };
}

type Counts = Required<
  Pick<DeploymentStatus, 'replicas' | 'updatedReplicas' | 'readyReplicas' | 'availableReplicas' | 'unavailableReplicas'>
>;

function deploymentCounts({ newSet, sets }: RolloutState): Counts {
  const availableReplicas = totalAvailable(sets);
  return {
    replicas: totalActual(sets),
    updatedReplicas: newSet?.status?.replicas ?? 0,
    readyReplicas: sets.reduce((total, set) => total + (set.status?.readyReplicas ?? 0), 0),
    availableReplicas,
    unavailableReplicas: Math.max(totalReplicas(sets) - availableReplicas, 0),
  };
}

function deploymentConditions(state: RolloutState, counts: Counts, nowMs: number): DeploymentCondition[] {
  const { deployment } = state;
  const wanted = deployment.spec?.replicas ?? 1;
  const enough = counts.availableReplicas >= wanted - rollingLimits(deployment).maxUnavailable;
  let conditions: DeploymentCondition[] = setCondition(
    deployment.status?.conditions ?? [],
    enough
      ? {
          type: 'Available',
          status: 'True',
          reason: 'MinimumReplicasAvailable',
          message: 'Deployment has minimum availability.',
        }
      : {
          type: 'Available',
          status: 'False',
          reason: 'MinimumReplicasUnavailable',
          message: 'Deployment does not have minimum availability.',
        },
    nowMs,
  );
  conditions = withFailure(conditions, state, nowMs);
  const progress = progressing(state, counts, nowMs);
  return progress === undefined ? conditions : setCondition(conditions, progress, nowMs);
}

/** The new set's own trouble, shown on the Deployment. */
function withFailure(conditions: DeploymentCondition[], state: RolloutState, nowMs: number): DeploymentCondition[] {
  const failing = state.sets
    .map((set) => findCondition(set.status?.conditions ?? [], 'ReplicaFailure'))
    .find((condition) => condition?.status === 'True');
  if (failing !== undefined) {
    return setCondition(
      conditions,
      { type: 'ReplicaFailure', status: 'True', reason: failing.reason ?? '', message: failing.message ?? '' },
      nowMs,
    );
  }
  return conditions.filter((condition) => condition.type !== 'ReplicaFailure');
}

/** Every pod is of the new template and available, and no old one is left. */
export function isComplete(
  deployment: Deployment,
  counts: Pick<Counts, 'replicas' | 'updatedReplicas' | 'availableReplicas'>,
): boolean {
  const wanted = deployment.spec?.replicas ?? 1;
  return counts.updatedReplicas === wanted && counts.replicas === wanted && counts.availableReplicas === wanted;
}

function progressing(state: RolloutState, counts: Counts, nowMs: number): Progress | undefined {
  const { deployment, newSet } = state;
  if (deployment.spec?.progressDeadlineSeconds === undefined) return undefined;
  const update = (reason: string, message: string, status: 'True' | 'False' | 'Unknown' = 'True'): Progress => ({
    type: 'Progressing',
    status,
    reason,
    message,
    lastUpdateTime: new Date(nowMs).toISOString().replace(/\.\d{3}Z$/, 'Z'),
  });
  const current = findCondition(deployment.status?.conditions ?? [], 'Progressing');
  if (state.createFailure !== undefined) return update('ReplicaSetCreateError', state.createFailure, 'False');
  const subject =
    newSet === undefined ? `Deployment "${deployment.metadata.name}"` : `ReplicaSet "${newSet.metadata.name}"`;
  if (deployment.spec.paused === true) {
    return current?.reason === 'DeploymentPaused'
      ? undefined
      : update('DeploymentPaused', 'Deployment is paused', 'Unknown');
  }
  if (current?.reason === 'DeploymentPaused') return update('DeploymentResumed', 'Deployment is resumed', 'Unknown');
  if (isComplete(deployment, counts)) {
    return current?.reason === 'NewReplicaSetAvailable' && current.message?.startsWith(subject)
      ? undefined
      : update('NewReplicaSetAvailable', `${subject} has successfully progressed.`);
  }
  if (current === undefined || madeProgress(deployment, counts) || isNewRollout(state, current)) {
    return update(
      current === undefined ? 'NewReplicaSetCreated' : 'ReplicaSetUpdated',
      current === undefined
        ? `Created new replica set ${JSON.stringify(newSet?.metadata.name ?? '')}`
        : `${subject} is progressing.`,
    );
  }
  const deadline = progressDeadlineMs(deployment);
  if (current.reason !== 'ProgressDeadlineExceeded' && deadline !== undefined && deadline <= nowMs) {
    return update('ProgressDeadlineExceeded', `${subject} has timed out progressing.`, 'False');
  }
  return undefined;
}

/** More updated, ready or available pods, or fewer old ones, than the last status said. */
function madeProgress(deployment: Deployment, counts: Counts): boolean {
  const before = deployment.status ?? {};
  const old = (of: { replicas?: number; updatedReplicas?: number }): number =>
    (of.replicas ?? 0) - (of.updatedReplicas ?? 0);
  return (
    counts.updatedReplicas > (before.updatedReplicas ?? 0) ||
    old(counts) < old(before) ||
    counts.readyReplicas > (before.readyReplicas ?? 0) ||
    counts.availableReplicas > (before.availableReplicas ?? 0)
  );
}

/** The spec moved on since the condition was written: a finished rollout's condition does not speak about the next one. */
function isNewRollout({ deployment }: RolloutState, current: DeploymentCondition): boolean {
  const moved = (deployment.metadata.generation ?? 0) > (deployment.status?.observedGeneration ?? 0);
  return current.reason === 'NewReplicaSetAvailable' && moved;
}

/** When the rollout counts as stuck, in ms since the epoch; undefined when nothing is being waited for. */
export function progressDeadlineMs(deployment: Deployment): number | undefined {
  const seconds = deployment.spec?.progressDeadlineSeconds;
  const current = findCondition(deployment.status?.conditions ?? [], 'Progressing');
  if (seconds === undefined || current === undefined || deployment.spec?.paused === true) return undefined;
  if (current.reason === 'NewReplicaSetAvailable' || current.reason === 'ProgressDeadlineExceeded') return undefined;
  const since = current.lastUpdateTime;
  return since === undefined ? undefined : Date.parse(since) + seconds * 1000;
}

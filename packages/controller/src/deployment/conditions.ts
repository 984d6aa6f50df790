/** What a Deployment's Progressing condition says, step by step as a pass goes on. Pure; reasons and wording of Kubernetes' deployment controller. */
import {
  type Deployment,
  type DeploymentCondition,
  type DeploymentStatus,
  findCondition,
  formatTime,
  parseTime,
  type ReplicaSet,
  removeCondition,
} from '@skiff/api';
import { unlimited } from './revisions.ts';

type Conditions = readonly DeploymentCondition[];
type Wanted = Pick<DeploymentCondition, 'type' | 'status' | 'reason' | 'message'>;

/** Sets a condition; one of the same status and reason stays untouched. Only a changed status moves the transition time. */
export function withCondition(conditions: Conditions, wanted: Wanted, nowMs: number): DeploymentCondition[] {
  const current = findCondition(conditions, wanted.type);
  if (current?.status === wanted.status && current.reason === wanted.reason) return [...conditions];
  return replaced(conditions, current, wanted, nowMs);
}

function replaced(
  conditions: Conditions,
  current: DeploymentCondition | undefined,
  wanted: Wanted,
  nowMs: number,
): DeploymentCondition[] {
  const now = formatTime(nowMs);
  const since = current?.status === wanted.status ? (current.lastTransitionTime ?? now) : now;
  return [...removeCondition(conditions, wanted.type), { ...wanted, lastUpdateTime: now, lastTransitionTime: since }];
}

const progressing = (status: 'True' | 'False' | 'Unknown', reason: string, message: string): Wanted => ({
  type: 'Progressing',
  status,
  reason,
  message,
});

export const hasDeadline = ({ spec }: Deployment): boolean =>
  spec.progressDeadlineSeconds !== undefined && spec.progressDeadlineSeconds !== unlimited;

/** Pausing stops the clock of the deadline, resuming starts it anew; a deadline that was missed before stays missed. */
export function withPause(deployment: Deployment, conditions: Conditions, nowMs: number): DeploymentCondition[] {
  const reason = findCondition(conditions, 'Progressing')?.reason;
  if (!hasDeadline(deployment) || reason === 'ProgressDeadlineExceeded') return [...conditions];
  const paused = deployment.spec.paused === true;
  if (paused === (reason === 'DeploymentPaused')) return [...conditions];
  const wanted = paused
    ? progressing('Unknown', 'DeploymentPaused', 'Deployment is paused')
    : progressing('Unknown', 'DeploymentResumed', 'Deployment is resumed');
  return withCondition(conditions, wanted, nowMs);
}

/** The new set was made in this pass, or is found although nothing was said about progress yet. */
export function withNewSet(
  deployment: Deployment,
  conditions: Conditions,
  newSet: ReplicaSet,
  how: 'created' | 'found',
  nowMs: number,
): DeploymentCondition[] {
  const unsaid = findCondition(conditions, 'Progressing') === undefined;
  if (!hasDeadline(deployment) || (how === 'found' && !unsaid)) return [...conditions];
  const wanted =
    how === 'created'
      ? progressing('True', 'NewReplicaSetCreated', `Created new replica set "${newSet.metadata.name}"`)
      : progressing('True', 'FoundNewReplicaSet', `Found new replica set "${newSet.metadata.name}"`);
  return withCondition(conditions, wanted, nowMs);
}

/** The new set could not be made. */
export const withCreateError = (
  deployment: Deployment,
  conditions: Conditions,
  message: string,
  nowMs: number,
): DeploymentCondition[] =>
  hasDeadline(deployment)
    ? withCondition(conditions, progressing('False', 'ReplicaSetCreateError', message), nowMs)
    : [...conditions];

/** What the rollout has come to: complete, going on, or stuck. `status` has the counts of now, the deployment those before. */
export function withRollout(
  deployment: Deployment,
  status: DeploymentStatus,
  newSet: ReplicaSet | undefined,
  conditions: Conditions,
  nowMs: number,
): DeploymentCondition[] {
  if (!hasDeadline(deployment)) return removeCondition(conditions, 'Progressing');
  const current = findCondition(conditions, 'Progressing');
  const allUpdated = (status.replicas ?? 0) === (status.updatedReplicas ?? 0);
  if (allUpdated && current?.reason === 'NewReplicaSetAvailable') return [...conditions];
  const subject =
    newSet === undefined ? `Deployment "${deployment.metadata.name}"` : `ReplicaSet "${newSet.metadata.name}"`;
  if (isComplete(deployment, status)) {
    const wanted = progressing('True', 'NewReplicaSetAvailable', `${subject} has successfully progressed.`);
    return withCondition(conditions, wanted, nowMs);
  }
  if (madeProgress(deployment.status ?? {}, status)) {
    // Every step forward is a new time, though reason and status stay: the deadline counts from it.
    const wanted = progressing('True', 'ReplicaSetUpdated', `${subject} is progressing.`);
    return replaced(conditions, current, wanted, nowMs);
  }
  const deadline = deadlineMs(deployment, conditions);
  if (deadline === undefined || deadline >= nowMs) return [...conditions];
  const wanted = progressing('False', 'ProgressDeadlineExceeded', `${subject} has timed out progressing.`);
  return withCondition(conditions, wanted, nowMs);
}

/** Every pod is of the new template and available, no old one is left, and the spec that was asked for is the one seen. */
export function isComplete(deployment: Deployment, status: DeploymentStatus): boolean {
  const wanted = deployment.spec.replicas ?? 1;
  return (
    (status.updatedReplicas ?? 0) === wanted &&
    (status.replicas ?? 0) === wanted &&
    (status.availableReplicas ?? 0) === wanted &&
    (status.observedGeneration ?? 0) >= (deployment.metadata.generation ?? 0)
  );
}

/** More updated, ready or available pods, or fewer old ones, than before. */
function madeProgress(before: DeploymentStatus, now: DeploymentStatus): boolean {
  const old = (of: DeploymentStatus): number => (of.replicas ?? 0) - (of.updatedReplicas ?? 0);
  return (
    (now.updatedReplicas ?? 0) > (before.updatedReplicas ?? 0) ||
    old(now) < old(before) ||
    (now.readyReplicas ?? 0) > (before.readyReplicas ?? 0) ||
    (now.availableReplicas ?? 0) > (before.availableReplicas ?? 0)
  );
}

/** When the rollout counts as stuck, in ms since the epoch; undefined when nothing is being waited for. */
export function deadlineMs(deployment: Deployment, conditions: Conditions): number | undefined {
  const current = findCondition(conditions, 'Progressing');
  if (!hasDeadline(deployment) || current === undefined || deployment.spec.paused === true) return undefined;
  if (current.reason === 'NewReplicaSetAvailable' || current.reason === 'ProgressDeadlineExceeded') return undefined;
  const since = parseTime(current.lastUpdateTime ?? '');
  return since === undefined ? undefined : since + (deployment.spec.progressDeadlineSeconds ?? 0) * 1000;
}

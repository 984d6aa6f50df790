/** The status a ReplicaSet (or ReplicationController) should show. Pure. */
import {
  type Condition,
  findCondition,
  matchesLabels,
  type Pod,
  type ReplicaSet,
  type ReplicaSetStatus,
  type ReplicationController,
  removeCondition,
  selectorOfLabels,
  setCondition,
} from '@skiff/api';
import { isPodActive, isPodAvailable, isPodReady } from '../runtime/pods.ts';
import { withoutEmpty } from '../runtime/status.ts';

/** `failure`: why the last pass could not create or delete pods; undefined clears the ReplicaFailure condition. */
export interface ReplicaFailure {
  readonly reason: 'FailedCreate' | 'FailedDelete';
  readonly message: string;
}

export function replicaSetStatus(
  set: ReplicaSet | ReplicationController,
  owned: readonly Pod[],
  failure: ReplicaFailure | undefined,
  nowMs: number,
): ReplicaSetStatus {
  const active = owned.filter(isPodActive);
  const template = selectorOfLabels(set.spec.template?.metadata?.labels);
  const minReadySeconds = set.spec.minReadySeconds ?? 0;
  return withoutEmpty<ReplicaSetStatus>(
    {
      replicas: active.length,
      fullyLabeledReplicas: active.filter((pod) => matchesLabels(template, pod.metadata.labels)).length,
      readyReplicas: active.filter(isPodReady).length,
      availableReplicas: active.filter((pod) => isPodAvailable(pod, minReadySeconds, nowMs)).length,
      observedGeneration: set.metadata.generation ?? 0,
      conditions: conditionsOf(set, failure, nowMs),
    },
    ['replicas'],
  );
}

/** A failure that is shown already stays as it is: messages name the pod that was tried, and would change with every try. */
function conditionsOf(
  set: ReplicaSet | ReplicationController,
  failure: ReplicaFailure | undefined,
  nowMs: number,
): Condition[] {
  const current = (set.status?.conditions ?? []) as Condition[];
  if (failure === undefined) return removeCondition(current, 'ReplicaFailure');
  if (findCondition(current, 'ReplicaFailure') !== undefined) return current;
  const { reason, message } = failure;
  return setCondition<Condition>(current, { type: 'ReplicaFailure', status: 'True', reason, message }, nowMs);
}

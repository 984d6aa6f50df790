/** The status a ReplicaSet should show. Pure. */
import {
  type Condition,
  matchesLabels,
  type Pod,
  type ReplicaSet,
  type ReplicaSetStatus,
  setCondition,
  toSelector,
} from '@skiff/api';
import { isPodActive, isPodAvailable, isPodReady } from '../runtime/pods.ts';

/** `failure`: why the last pass could not create or delete pods; undefined clears the ReplicaFailure condition. */
export interface ReplicaFailure {
  readonly reason: 'FailedCreate' | 'FailedDelete';
  readonly message: string;
}

export function replicaSetStatus(
  set: ReplicaSet,
  owned: readonly Pod[],
  failure: ReplicaFailure | undefined,
  nowMs: number,
): ReplicaSetStatus {
  const active = owned.filter(isPodActive);
  const template = toSelector({ matchLabels: set.spec?.template?.metadata?.labels ?? {} });
  const minReadySeconds = set.spec?.minReadySeconds ?? 0;
  const rest = (set.status?.conditions ?? []).filter((condition) => condition.type !== 'ReplicaFailure');
  const conditions =
    failure === undefined ? rest : setCondition(set.status?.conditions ?? [], toCondition(failure), nowMs);
  return {
    replicas: active.length,
    fullyLabeledReplicas: active.filter((pod) => matchesLabels(template, pod.metadata.labels ?? {})).length,
    readyReplicas: active.filter(isPodReady).length,
    availableReplicas: active.filter((pod) => isPodAvailable(pod, minReadySeconds, nowMs)).length,
    observedGeneration: set.metadata.generation ?? 0,
    ...(conditions.length === 0 ? {} : { conditions }),
  };
}

const toCondition = (failure: ReplicaFailure): Omit<Condition, 'lastTransitionTime'> => ({
  type: 'ReplicaFailure',
  status: 'True',
  reason: failure.reason,
  message: failure.message,
});

/** The status of a PodDisruptionBudget. Pure. Rules: Kubernetes' disruption controller, v1.32. */
import {
  type Condition,
  findCondition,
  type Pod,
  type PodDisruptionBudget,
  type PodDisruptionBudgetStatus,
  parseTime,
  setCondition,
} from '@skiff/api';
import { scaledValue } from '../runtime/int-or-percent.ts';
import { isPodReady } from '../runtime/pods.ts';

/** An evicted pod that is not deleted after so long will not be. */
const deletionTimeoutMs = 2 * 60_000;

export interface BudgetPlan {
  readonly status: PodDisruptionBudgetStatus;
  /** Pods that were to be evicted and were not. */
  readonly notDeleted: readonly Pod[];
  /** When an eviction that is under way is given up, in ms since the epoch. */
  readonly againMs: number | undefined;
}

/** True when the budget is a share of what the pods' controllers want. */
export const countsControllers = ({ spec }: PodDisruptionBudget): boolean =>
  spec.maxUnavailable !== undefined || typeof spec.minAvailable === 'string';

/** `pods`: those the budget selects. `scale`: how many their controllers want; looked at only when `countsControllers`. */
export function planBudget(
  budget: PodDisruptionBudget,
  pods: readonly Pod[],
  scale: number,
  nowMs: number,
): BudgetPlan {
  const { minAvailable, maxUnavailable } = budget.spec;
  const expectedPods = countsControllers(budget) ? scale : pods.length;
  const desiredHealthy =
    maxUnavailable !== undefined
      ? Math.max(0, expectedPods - scaledValue(maxUnavailable, expectedPods, 'up'))
      : scaledValue(minAvailable ?? 0, expectedPods, 'up');
  const disruptedPods: Record<string, string> = {};
  const notDeleted: Pod[] = [];
  let againMs: number | undefined;
  for (const pod of pods) {
    const since = budget.status?.disruptedPods?.[pod.metadata.name];
    if (since === undefined || pod.metadata.deletionTimestamp !== undefined) continue;
    const until = (parseTime(since) ?? 0) + deletionTimeoutMs;
    if (until <= nowMs) notDeleted.push(pod);
    else {
      disruptedPods[pod.metadata.name] = since;
      againMs = Math.min(againMs ?? until, until);
    }
  }
  const currentHealthy = pods.filter(
    (pod) =>
      pod.metadata.deletionTimestamp === undefined && disruptedPods[pod.metadata.name] === undefined && isPodReady(pod),
  ).length;
  // A budget over no pods allows nothing, so that its first pods are safe before it is looked at again.
  const disruptionsAllowed = expectedPods <= 0 ? 0 : Math.max(0, currentHealthy - desiredHealthy);
  const observedGeneration = budget.metadata.generation ?? 0;
  const status: PodDisruptionBudgetStatus = {
    currentHealthy,
    desiredHealthy,
    expectedPods,
    disruptionsAllowed,
    ...(Object.keys(disruptedPods).length === 0 ? {} : { disruptedPods }),
    observedGeneration,
    conditions: conditionsOf(budget, disruptionsAllowed, observedGeneration, nowMs),
  };
  return { status, notDeleted, againMs };
}

function conditionsOf(
  budget: PodDisruptionBudget,
  allowed: number,
  observedGeneration: number,
  nowMs: number,
): Condition[] {
  const status = allowed > 0 ? 'True' : 'False';
  const reason = allowed > 0 ? 'SufficientPods' : 'InsufficientPods';
  return withAllowed(budget, { status, reason, message: '', observedGeneration }, nowMs);
}

/** What a budget says that could not be worked out: nothing may be disrupted. */
export function failedStatus(budget: PodDisruptionBudget, message: string, nowMs: number): PodDisruptionBudgetStatus {
  const observedGeneration = budget.status?.observedGeneration ?? 0;
  const condition = { status: 'False' as const, reason: 'SyncFailed', message, observedGeneration };
  return {
    currentHealthy: 0,
    desiredHealthy: 0,
    expectedPods: 0,
    ...budget.status,
    disruptionsAllowed: 0,
    conditions: withAllowed(budget, condition, nowMs),
  };
}

function withAllowed(
  budget: PodDisruptionBudget,
  wanted: Pick<Condition, 'status' | 'reason' | 'message' | 'observedGeneration'>,
  nowMs: number,
): Condition[] {
  const current = budget.status?.conditions ?? [];
  const before = findCondition(current, 'DisruptionAllowed');
  const same = before?.status === wanted.status && before.reason === wanted.reason && before.message === wanted.message;
  if (same && before.observedGeneration === wanted.observedGeneration) return [...current];
  return setCondition<Condition>(current, { type: 'DisruptionAllowed', ...wanted }, nowMs);
}

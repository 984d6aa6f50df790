/** `pods/binding` and `pods/eviction`: what they make of a pod and of its budget. Pure. */
import {
  ApiError,
  conflict,
  formatTime,
  type JsonObject,
  matchesLabels,
  type Pod,
  type PodDisruptionBudget,
  setCondition,
  toSelector,
} from '@skiff/api';

/** The pod on the node that the Binding names. Throws Conflict when it has one, is another one, is gated or being deleted. */
export function bound(pod: Pod, binding: JsonObject, nowMs: number): Pod {
  const { name, uid } = pod.metadata;
  const refused = (why: string): ApiError => conflict({ group: '', resource: 'pods/binding' }, name, why);
  const { metadata = {}, target } = binding as {
    metadata?: { uid?: string };
    target?: { name?: string };
  };
  if (metadata.uid !== undefined && metadata.uid !== uid)
    throw refused(`Precondition failed: UID in precondition: ${metadata.uid}, UID in object meta: ${uid}`);
  if (pod.metadata.deletionTimestamp !== undefined)
    throw refused(`pod ${name} is being deleted, cannot be assigned to a host`);
  if (pod.spec.nodeName) throw refused(`pod ${name} is already assigned to node "${pod.spec.nodeName}"`);
  if ((pod.spec.schedulingGates ?? []).length > 0) throw refused(`pod ${name} has non-empty .spec.schedulingGates`);
  const conditions = setCondition(
    pod.status?.conditions ?? [],
    { type: 'PodScheduled', status: 'True' },
    nowMs,
  ) as NonNullable<Pod['status']>['conditions'];
  return {
    ...pod,
    spec: { ...pod.spec, nodeName: target?.name ?? '' },
    status: { ...pod.status, ...(conditions === undefined ? {} : { conditions }) },
  };
}

/** The budget after the pod is evicted, when one guards it. Throws TooManyRequests when it allows no disruption now. */
export function spent(
  pod: Pod,
  budgets: readonly PodDisruptionBudget[],
  nowMs: number,
): PodDisruptionBudget | undefined {
  const phase = pod.status?.phase;
  if (phase !== 'Running' || pod.metadata.deletionTimestamp !== undefined) return undefined;
  const [budget] = budgets.filter(
    ({ metadata, spec }) =>
      metadata.namespace === pod.metadata.namespace && matchesLabels(toSelector(spec.selector), pod.metadata.labels),
  );
  if (budget === undefined) return undefined;
  const { name } = budget.metadata;
  const { disruptionsAllowed = 0, desiredHealthy = 0, currentHealthy = 0, disruptedPods } = budget.status ?? {};
  if (disruptionsAllowed <= 0) {
    const message = `The disruption budget ${name} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`;
    throw new ApiError('TooManyRequests', "Cannot evict pod as it would violate the pod's disruption budget.", {
      causes: [{ reason: 'DisruptionBudget', message }],
    });
  }
  const status = {
    ...budget.status,
    disruptionsAllowed: disruptionsAllowed - 1,
    disruptedPods: { ...disruptedPods, [pod.metadata.name]: formatTime(nowMs) },
  };
  return { ...budget, status: status as NonNullable<PodDisruptionBudget['status']> };
}

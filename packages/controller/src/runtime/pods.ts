/** What controllers ask about a pod. Pure. */
import type { Pod } from '@skiff/api';

/** Its containers have ended and will not be started again. */
export const isPodFinished = (pod: Pod): boolean => pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';

/** Neither finished nor being deleted. */
export const isPodActive = (pod: Pod): boolean => !isPodFinished(pod) && pod.metadata.deletionTimestamp === undefined;

const readyCondition = (pod: Pod) => pod.status?.conditions?.find((condition) => condition.type === 'Ready');

export function isPodReady(pod: Pod): boolean {
  return readyCondition(pod)?.status === 'True';
}

/** Milliseconds since the epoch when the pod last became Ready; undefined when it is not. */
export function podReadySince(pod: Pod): number | undefined {
  const condition = readyCondition(pod);
  if (condition?.status !== 'True' || typeof condition.lastTransitionTime !== 'string') return undefined;
  return Date.parse(condition.lastTransitionTime);
}

/** Ready for at least `minReadySeconds`. */
export function isPodAvailable(pod: Pod, minReadySeconds: number, nowMs: number): boolean {
  const since = podReadySince(pod);
  return since !== undefined && (minReadySeconds === 0 || since + minReadySeconds * 1000 <= nowMs);
}

/** Milliseconds until a ready pod becomes available; undefined when it is already, or is not ready. */
export function untilAvailable(pod: Pod, minReadySeconds: number, nowMs: number): number | undefined {
  const since = podReadySince(pod);
  if (since === undefined) return undefined;
  const left = since + minReadySeconds * 1000 - nowMs;
  return left > 0 ? left : undefined;
}

/** Informer index: pods by the node they are bound to. */
export const nodeIndex = { node: (pod: Pod): string[] => (pod.spec.nodeName === undefined ? [] : [pod.spec.nodeName]) };

/** Whether the API wants a pod here, and by when its containers must be dead if not. Pure. */
import type { Pod } from '@skiff/api';
import type { Presence } from './facts.ts';
import { terminationGraceMs } from './spec.ts';

export interface Standing {
  readonly presence: Presence;
  /** Set unless `wanted`. */
  readonly stopBy: number | undefined;
}

export const wanted: Standing = { presence: 'wanted', stopBy: undefined };

/** After a newer document of the same pod; its deletion can only come nearer. */
export function afterUpdate(standing: Standing, pod: Pod, now: number): Standing {
  if (pod.metadata.deletionTimestamp === undefined) return standing;
  const presence = standing.presence === 'wanted' ? 'deleting' : standing.presence;
  return { presence, stopBy: sooner(standing, now, (pod.metadata.deletionGracePeriodSeconds ?? 0) * 1000) };
}

/** Once the API no longer has the pod. */
export function afterRemoval(standing: Standing, pod: Pod, now: number): Standing {
  const forced = pod.metadata.deletionGracePeriodSeconds === 0;
  return { presence: 'gone', stopBy: sooner(standing, now, forced ? 0 : terminationGraceMs(pod)) };
}

/** kubelet never gives less than a second. */
const sooner = ({ stopBy }: Standing, now: number, graceMs: number): number =>
  Math.min(stopBy ?? Number.POSITIVE_INFINITY, now + Math.max(1000, graceMs));

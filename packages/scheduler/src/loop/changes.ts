/** What a change of a pod or a node means for pods that wait. Pure. */
import { deepEqual, type Node, type Pod } from '@skiff/api';
import { isFinished } from '../snapshot/cluster.ts';

export const schedulerName = 'default-scheduler';

export const isBound = (pod: Pod): boolean => (pod.spec.nodeName ?? '') !== '';

/** Wants a node from this scheduler, and is not held back by a gate (KEP-3521). */
export const isWaiting = (pod: Pod): boolean =>
  (pod.spec.schedulerName ?? schedulerName) === schedulerName &&
  pod.metadata.deletionTimestamp === undefined &&
  (pod.spec.schedulingGates ?? []).length === 0 &&
  pod.status?.phase !== 'Failed' &&
  pod.status?.phase !== 'Succeeded';

/** A pod that came may be company for those. */
export const wantsCompany = ({ spec }: Pod): boolean =>
  spec.affinity?.podAffinity !== undefined || (spec.topologySpreadConstraints ?? []).length > 0;

/** A pod that runs takes less, keeps fewer away, or is counted elsewhere. */
export const makesRoom = (old: Pod, pod: Pod): boolean =>
  isFinished(old) !== isFinished(pod) ||
  old.metadata.deletionTimestamp !== pod.metadata.deletionTimestamp ||
  !deepEqual([old.metadata.labels, old.spec], [pod.metadata.labels, pod.spec]);

/** A waiting pod asks for something else than before. */
export const mayFitNow = (old: Pod, pod: Pod): boolean =>
  !deepEqual([old.metadata.labels, old.spec], [pod.metadata.labels, pod.spec]);

/** A heartbeat alone lets nobody in. */
export function nodeMatters(old: Node, node: Node): boolean {
  const view = ({ spec, metadata, status }: Node): string =>
    JSON.stringify([spec, metadata.labels, status?.allocatable ?? status?.capacity]);
  return view(old) !== view(node);
}

/** Whether it fits may hang on the labels of namespaces. */
export const asksForNeighbours = ({ spec }: Pod): boolean =>
  spec.affinity?.podAffinity !== undefined || spec.affinity?.podAntiAffinity !== undefined;

/** How important a pod is, and among equals which the more. Pure. */
import type { Pod } from '@skiff/api';

export const priorityOf = (pod: Pod): number => pod.spec.priority ?? 0;

/** When it began to run, in milliseconds. */
export const startOf = (pod: Pod): number => Date.parse(pod.status?.startTime ?? pod.metadata.creationTimestamp);

/** The one that has run longer is the more important of equals. */
export const moreImportantFirst = (a: Pod, b: Pod): number => priorityOf(b) - priorityOf(a) || startOf(a) - startOf(b);

import type { Definition } from '../../definition.ts';
import { groupVersion } from '../define.ts';

const scheduling = groupVersion('scheduling.k8s.io', 'v1', 'io.k8s.api.scheduling.v1');

/** scheduling.k8s.io/v1. */
export const schedulingKinds: readonly Definition[] = [
  scheduling('PriorityClass', 'priorityclasses', { clusterScoped: true, shortNames: ['pc'] }),
];

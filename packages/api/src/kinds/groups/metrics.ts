import type { Definition } from '../../definition.ts';
import { groupVersion } from '../define.ts';

const metrics = groupVersion('metrics.k8s.io', 'v1beta1', 'io.k8s.metrics.pkg.apis.metrics.v1beta1');

const measured = { verbs: ['get', 'list'], singular: '', virtual: true } as const;

/** metrics.k8s.io/v1beta1: measured when asked for. */
export const metricsKinds: readonly Definition[] = [
  metrics('NodeMetrics', 'nodes', { ...measured, clusterScoped: true }),
  metrics('PodMetrics', 'pods', measured),
];

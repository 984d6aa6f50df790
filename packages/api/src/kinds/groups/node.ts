import type { Definition } from '../../definition.ts';
import { groupVersion } from '../define.ts';

/** node.k8s.io/v1. */
export const nodeKinds: readonly Definition[] = [
  groupVersion('node.k8s.io', 'v1', 'io.k8s.api.node.v1')('RuntimeClass', 'runtimeclasses', { clusterScoped: true }),
];

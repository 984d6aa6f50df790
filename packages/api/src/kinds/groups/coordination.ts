import type { Definition } from '../../definition.ts';
import { groupVersion } from '../define.ts';

/** coordination.k8s.io/v1. */
export const coordinationKinds: readonly Definition[] = [
  groupVersion('coordination.k8s.io', 'v1', 'io.k8s.api.coordination.v1')('Lease', 'leases'),
];

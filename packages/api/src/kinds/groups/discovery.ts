import type { Definition } from '../../definition.ts';
import { groupVersion } from '../define.ts';

/** discovery.k8s.io/v1. */
export const discoveryKinds: readonly Definition[] = [
  groupVersion('discovery.k8s.io', 'v1', 'io.k8s.api.discovery.v1')('EndpointSlice', 'endpointslices'),
];

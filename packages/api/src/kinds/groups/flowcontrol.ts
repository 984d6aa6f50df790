import type { Definition } from '../../definition.ts';
import { groupVersion, status } from '../define.ts';

const flowcontrol = groupVersion('flowcontrol.apiserver.k8s.io', 'v1', 'io.k8s.api.flowcontrol.v1');

/** flowcontrol.apiserver.k8s.io/v1. */
export const flowcontrolKinds: readonly Definition[] = [
  flowcontrol('FlowSchema', 'flowschemas', { clusterScoped: true, subresources: [status] }),
  flowcontrol('PriorityLevelConfiguration', 'prioritylevelconfigurations', {
    clusterScoped: true,
    subresources: [status],
  }),
];

import type { Definition } from '../../definition.ts';
import { groupVersion, scale, status } from '../define.ts';

const apps = groupVersion('apps', 'v1', 'io.k8s.api.apps.v1');

/** apps/v1. */
export const appsKinds: readonly Definition[] = [
  apps('ControllerRevision', 'controllerrevisions'),
  apps('DaemonSet', 'daemonsets', { shortNames: ['ds'], categories: ['all'], subresources: [status] }),
  apps('Deployment', 'deployments', { shortNames: ['deploy'], categories: ['all'], subresources: [scale, status] }),
  apps('ReplicaSet', 'replicasets', { shortNames: ['rs'], categories: ['all'], subresources: [scale, status] }),
  apps('StatefulSet', 'statefulsets', { shortNames: ['sts'], categories: ['all'], subresources: [scale, status] }),
];

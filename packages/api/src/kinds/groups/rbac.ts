import type { Definition } from '../../definition.ts';
import { groupVersion } from '../define.ts';

const rbac = groupVersion('rbac.authorization.k8s.io', 'v1', 'io.k8s.api.rbac.v1');

/** rbac.authorization.k8s.io/v1. */
export const rbacKinds: readonly Definition[] = [
  rbac('ClusterRoleBinding', 'clusterrolebindings', { clusterScoped: true }),
  rbac('ClusterRole', 'clusterroles', { clusterScoped: true }),
  rbac('RoleBinding', 'rolebindings'),
  rbac('Role', 'roles'),
];

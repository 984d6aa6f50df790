/** How the default roles and bindings are written down. */
import type { JsonObject } from '@skiff/api';

export const read = ['get', 'list', 'watch'];
export const readWrite = [...read, 'create', 'update', 'patch', 'delete', 'deletecollection'];
export const write = ['create', 'update', 'patch', 'delete', 'deletecollection'];

/** A PolicyRule in short. */
export interface ShortRule {
  readonly verbs: readonly string[];
  readonly groups?: readonly string[];
  readonly resources?: readonly string[];
  readonly names?: readonly string[];
  readonly urls?: readonly string[];
}

const ruleJson = ({ verbs, groups, resources, names, urls }: ShortRule): JsonObject => ({
  verbs: [...verbs],
  ...(groups === undefined ? {} : { apiGroups: [...groups] }),
  ...(resources === undefined ? {} : { resources: [...resources] }),
  ...(names === undefined ? {} : { resourceNames: [...names] }),
  ...(urls === undefined ? {} : { nonResourceURLs: [...urls] }),
});

const metadata = (name: string, labels: Readonly<Record<string, string>> = {}): JsonObject => ({
  name,
  labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults', ...labels },
  annotations: { 'rbac.authorization.kubernetes.io/autoupdate': 'true' },
});

const apiVersion = 'rbac.authorization.k8s.io/v1';

export const role = (
  name: string,
  rules: readonly ShortRule[],
  labels?: Readonly<Record<string, string>>,
): JsonObject => ({
  apiVersion,
  kind: 'ClusterRole',
  metadata: metadata(name, labels),
  rules: rules.map(ruleJson),
});

/** Its rules are the sum of the roles that carry the label. */
export const aggregate = (name: string, label: string, labels?: Readonly<Record<string, string>>): JsonObject => ({
  apiVersion,
  kind: 'ClusterRole',
  metadata: metadata(name, labels),
  aggregationRule: { clusterRoleSelectors: [{ matchLabels: { [label]: 'true' } }] },
  rules: [],
});

export const binding = (name: string, roleName: string, subjects: readonly JsonObject[]): JsonObject => ({
  apiVersion,
  kind: 'ClusterRoleBinding',
  metadata: metadata(name),
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: roleName },
  subjects: [...subjects],
});

export const group = (name: string): JsonObject => ({ kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name });
export const user = (name: string): JsonObject => ({ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name });

/** A service account of kube-system. */
export const account = (name: string): JsonObject => ({ kind: 'ServiceAccount', name, namespace: 'kube-system' });

/** A Role of one namespace, and a binding of it. */
export const namespaced = (
  namespace: string,
  name: string,
  rules: readonly ShortRule[],
  bound: { readonly name: string; readonly subjects: readonly JsonObject[] },
): readonly [role: JsonObject, binding: JsonObject] => [
  { apiVersion, kind: 'Role', metadata: { ...metadata(name), namespace }, rules: rules.map(ruleJson) },
  {
    apiVersion,
    kind: 'RoleBinding',
    metadata: { ...metadata(bound.name), namespace },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
    subjects: [...bound.subjects],
  },
];

export const events: ShortRule = {
  verbs: ['create', 'patch', 'update'],
  groups: ['', 'events.k8s.io'],
  resources: ['events'],
};
export const accessReviews: readonly ShortRule[] = [
  { verbs: ['create'], groups: ['authentication.k8s.io'], resources: ['tokenreviews'] },
  { verbs: ['create'], groups: ['authorization.k8s.io'], resources: ['subjectaccessreviews'] },
];

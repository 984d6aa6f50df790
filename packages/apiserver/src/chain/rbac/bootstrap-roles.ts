/** The roles and bindings that every cluster begins with, named and cut as Kubernetes' (plugin/pkg/auth/authorizer/rbac/bootstrappolicy). */
import type { JsonObject } from '@skiff/api';
import type { BootstrapObject } from '../../registry/bootstrap.ts';

const read = ['get', 'list', 'watch'];
const readWrite = [...read, 'create', 'update', 'patch', 'delete', 'deletecollection'];
const write = ['create', 'update', 'patch', 'delete', 'deletecollection'];
const own = ['get', 'create', 'update'];

interface Rule {
  readonly verbs: readonly string[];
  readonly groups?: readonly string[];
  readonly resources?: readonly string[];
  readonly names?: readonly string[];
  readonly urls?: readonly string[];
}

const ruleJson = ({ verbs, groups, resources, names, urls }: Rule): JsonObject => ({
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

const role = (name: string, rules: readonly Rule[], labels?: Readonly<Record<string, string>>): JsonObject => ({
  apiVersion,
  kind: 'ClusterRole',
  metadata: metadata(name, labels),
  rules: rules.map(ruleJson),
});

/** Its rules are the sum of the roles that carry the label. */
const aggregate = (name: string, label: string, labels?: Readonly<Record<string, string>>): JsonObject => ({
  apiVersion,
  kind: 'ClusterRole',
  metadata: metadata(name, labels),
  aggregationRule: { clusterRoleSelectors: [{ matchLabels: { [label]: 'true' } }] },
  rules: [],
});

const binding = (name: string, roleName: string, subjects: readonly JsonObject[]): JsonObject => ({
  apiVersion,
  kind: 'ClusterRoleBinding',
  metadata: metadata(name),
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: roleName },
  subjects: [...subjects],
});

const group = (name: string): JsonObject => ({ kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name });
const user = (name: string): JsonObject => ({ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name });

const toAdmin = 'rbac.authorization.k8s.io/aggregate-to-admin';
const toEdit = 'rbac.authorization.k8s.io/aggregate-to-edit';
const toView = 'rbac.authorization.k8s.io/aggregate-to-view';

const workloads = [
  'daemonsets',
  'deployments',
  'deployments/rollback',
  'deployments/scale',
  'replicasets',
  'replicasets/scale',
  'statefulsets',
  'statefulsets/scale',
];
const coreObjects = [
  'configmaps',
  'endpoints',
  'persistentvolumeclaims',
  'replicationcontrollers',
  'replicationcontrollers/scale',
  'services',
];

const adminRules: readonly Rule[] = [
  { verbs: ['create'], groups: ['authorization.k8s.io'], resources: ['localsubjectaccessreviews'] },
  { verbs: readWrite, groups: ['rbac.authorization.k8s.io'], resources: ['roles', 'rolebindings'] },
];

const editRules: readonly Rule[] = [
  {
    verbs: read,
    groups: [''],
    resources: ['pods/attach', 'pods/exec', 'pods/portforward', 'pods/proxy', 'secrets', 'services/proxy'],
  },
  { verbs: ['impersonate'], groups: [''], resources: ['serviceaccounts'] },
  { verbs: write, groups: [''], resources: ['pods', 'pods/attach', 'pods/exec', 'pods/portforward', 'pods/proxy'] },
  { verbs: ['create'], groups: [''], resources: ['pods/eviction', 'serviceaccounts/token'] },
  { verbs: write, groups: [''], resources: [...coreObjects, 'events', 'secrets', 'serviceaccounts', 'services/proxy'] },
  { verbs: write, groups: ['apps'], resources: workloads },
  { verbs: write, groups: ['autoscaling'], resources: ['horizontalpodautoscalers'] },
  { verbs: write, groups: ['batch'], resources: ['cronjobs', 'jobs'] },
  { verbs: write, groups: ['policy'], resources: ['poddisruptionbudgets'] },
  { verbs: write, groups: ['networking.k8s.io'], resources: ['ingresses', 'networkpolicies'] },
  { verbs: readWrite, groups: ['coordination.k8s.io'], resources: ['leases'] },
];

const status = (names: readonly string[]): string[] => names.map((name) => `${name}/status`);

const viewRules: readonly Rule[] = [
  {
    verbs: read,
    groups: [''],
    resources: [
      ...coreObjects,
      'pods',
      'serviceaccounts',
      ...status(['persistentvolumeclaims', 'replicationcontrollers', 'services', 'pods']),
      'bindings',
      'events',
      'limitranges',
      'namespaces/status',
      'pods/log',
      'resourcequotas',
      'resourcequotas/status',
      'namespaces',
    ],
  },
  { verbs: read, groups: ['discovery.k8s.io'], resources: ['endpointslices'] },
  {
    verbs: read,
    groups: ['apps'],
    resources: [
      ...workloads,
      'controllerrevisions',
      ...status(['daemonsets', 'deployments', 'replicasets', 'statefulsets']),
    ],
  },
  { verbs: read, groups: ['autoscaling'], resources: ['horizontalpodautoscalers', 'horizontalpodautoscalers/status'] },
  { verbs: read, groups: ['batch'], resources: ['cronjobs', 'jobs', 'cronjobs/status', 'jobs/status'] },
  { verbs: read, groups: ['policy'], resources: ['poddisruptionbudgets', 'poddisruptionbudgets/status'] },
  { verbs: read, groups: ['networking.k8s.io'], resources: ['ingresses', 'ingresses/status', 'networkpolicies'] },
];

const events: Rule = { verbs: ['create', 'patch', 'update'], groups: ['', 'events.k8s.io'], resources: ['events'] };
const accessReviews: readonly Rule[] = [
  { verbs: ['create'], groups: ['authentication.k8s.io'], resources: ['tokenreviews'] },
  { verbs: ['create'], groups: ['authorization.k8s.io'], resources: ['subjectaccessreviews'] },
];

const schedulerRules: readonly Rule[] = [
  events,
  ...accessReviews,
  { verbs: [...own, 'list', 'watch', 'patch'], groups: ['coordination.k8s.io'], resources: ['leases'] },
  {
    verbs: read,
    groups: [''],
    resources: [
      'nodes',
      'namespaces',
      'replicationcontrollers',
      'services',
      'persistentvolumeclaims',
      'persistentvolumes',
    ],
  },
  { verbs: ['delete', ...read], groups: [''], resources: ['pods'] },
  { verbs: ['create'], groups: [''], resources: ['bindings', 'pods/binding'] },
  { verbs: ['patch', 'update'], groups: [''], resources: ['pods/status'] },
  { verbs: ['patch', 'update'], groups: [''], resources: ['persistentvolumeclaims', 'persistentvolumes'] },
  { verbs: read, groups: ['apps'], resources: ['replicasets', 'statefulsets'] },
  { verbs: read, groups: ['policy'], resources: ['poddisruptionbudgets'] },
  { verbs: read, groups: ['scheduling.k8s.io'], resources: ['priorityclasses'] },
  {
    verbs: read,
    groups: ['storage.k8s.io'],
    resources: ['csinodes', 'csidrivers', 'csistoragecapacities', 'storageclasses'],
  },
];

/**
 * Kubernetes gives each controller a service account of its own; Skiff's run as one identity, which therefore holds what all of
 * them need: everything may be read, and deleted or patched (namespaces and owners take anything with them); making things is listed.
 */
const controllerRules: readonly Rule[] = [
  events,
  ...accessReviews,
  { verbs: [...read, 'patch', 'update', 'delete', 'deletecollection'], groups: ['*'], resources: ['*'] },
  {
    verbs: ['create'],
    groups: ['', 'apps', 'batch', 'discovery.k8s.io', 'coordination.k8s.io', 'policy', 'certificates.k8s.io'],
    resources: [
      ...coreObjects,
      ...workloads,
      'pods',
      'pods/binding',
      'pods/eviction',
      'secrets',
      'serviceaccounts',
      'serviceaccounts/token',
      'persistentvolumes',
      'controllerrevisions',
      'jobs',
      'cronjobs',
      'endpointslices',
      'leases',
    ],
  },
  // The sum of roles may be more than the summing controller holds.
  { verbs: ['escalate'], groups: ['rbac.authorization.k8s.io'], resources: ['clusterroles'] },
  { verbs: read, urls: ['*'] },
];

/** ClusterRoles, in the order they are made. */
const roles: readonly JsonObject[] = [
  role('cluster-admin', [
    { verbs: ['*'], groups: ['*'], resources: ['*'] },
    { verbs: ['*'], urls: ['*'] },
  ]),
  role('system:discovery', [
    {
      verbs: ['get'],
      urls: [
        '/livez',
        '/readyz',
        '/healthz',
        '/version',
        '/version/',
        '/openapi',
        '/openapi/*',
        '/api',
        '/api/*',
        '/apis',
        '/apis/*',
      ],
    },
  ]),
  role('system:monitoring', [
    {
      verbs: ['get'],
      urls: ['/metrics', '/metrics/slis', '/livez', '/readyz', '/healthz', '/livez/*', '/readyz/*', '/healthz/*'],
    },
  ]),
  role('system:basic-user', [
    {
      verbs: ['create'],
      groups: ['authorization.k8s.io'],
      resources: ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'],
    },
    { verbs: ['create'], groups: ['authentication.k8s.io'], resources: ['selfsubjectreviews'] },
  ]),
  role('system:service-account-issuer-discovery', [
    {
      verbs: ['get'],
      urls: [
        '/.well-known/openid-configuration',
        '/.well-known/openid-configuration/',
        '/openid/v1/jwks',
        '/openid/v1/jwks/',
      ],
    },
  ]),
  role('system:public-info-viewer', [
    { verbs: ['get'], urls: ['/livez', '/readyz', '/healthz', '/version', '/version/'] },
  ]),
  aggregate('admin', toAdmin),
  aggregate('edit', toEdit, { [toAdmin]: 'true' }),
  aggregate('view', toView, { [toEdit]: 'true' }),
  role('system:aggregate-to-admin', adminRules, { [toAdmin]: 'true' }),
  role('system:aggregate-to-edit', editRules, { [toEdit]: 'true' }),
  role('system:aggregate-to-view', viewRules, { [toView]: 'true' }),
  role('system:auth-delegator', accessReviews),
  role('system:node-bootstrapper', [
    { verbs: ['create', ...read], groups: ['certificates.k8s.io'], resources: ['certificatesigningrequests'] },
  ]),
  // What a node may do depends on the node: the node authoriser says it, this role only names it.
  role('system:node', [{ verbs: read, groups: [''], resources: ['nodes', 'services'] }]),
  role('system:node-proxier', [
    { verbs: ['list', 'watch'], groups: [''], resources: ['services', 'endpoints'] },
    { verbs: read, groups: [''], resources: ['nodes'] },
    events,
    { verbs: ['list', 'watch'], groups: ['discovery.k8s.io'], resources: ['endpointslices'] },
  ]),
  role('system:kube-scheduler', schedulerRules),
  role('system:kube-controller-manager', controllerRules),
];

/** ClusterRoleBindings. */
const bindings: readonly JsonObject[] = [
  binding('cluster-admin', 'cluster-admin', [group('system:masters')]),
  binding('system:discovery', 'system:discovery', [group('system:authenticated')]),
  binding('system:basic-user', 'system:basic-user', [group('system:authenticated')]),
  binding('system:public-info-viewer', 'system:public-info-viewer', [
    group('system:authenticated'),
    group('system:unauthenticated'),
  ]),
  binding('system:service-account-issuer-discovery', 'system:service-account-issuer-discovery', [
    group('system:serviceaccounts'),
  ]),
  binding('system:monitoring', 'system:monitoring', [group('system:monitoring')]),
  binding('system:node-bootstrapper', 'system:node-bootstrapper', [group('system:bootstrappers')]),
  binding('system:kube-scheduler', 'system:kube-scheduler', [user('system:kube-scheduler')]),
  binding('system:kube-controller-manager', 'system:kube-controller-manager', [user('system:kube-controller-manager')]),
  // Without subjects, as in Kubernetes: nodes are let in by the node authoriser.
  binding('system:node', 'system:node', []),
];

/** In the order they can be made. */
export const bootstrapRoles: readonly BootstrapObject[] = [
  ...roles.map((object) => ({ group: 'rbac.authorization.k8s.io', resource: 'clusterroles', object })),
  ...bindings.map((object) => ({ group: 'rbac.authorization.k8s.io', resource: 'clusterrolebindings', object })),
];

/** The roles that are given to people: admin, edit and view are sums, which other roles join by a label. */
import type { JsonObject } from '@skiff/api';
import { aggregate, read, readWrite, role, type ShortRule, write } from './role-text.ts';

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
/** Not endpoints: who writes those gets around network policies (CVE-2021-25740). */
const writable = [
  ...['configmaps', 'events', 'persistentvolumeclaims', 'replicationcontrollers', 'replicationcontrollers/scale'],
  ...['secrets', 'serviceaccounts', 'services', 'services/proxy'],
];

const adminRules: readonly ShortRule[] = [
  { verbs: ['create'], groups: ['authorization.k8s.io'], resources: ['localsubjectaccessreviews'] },
  { verbs: readWrite, groups: ['rbac.authorization.k8s.io'], resources: ['roles', 'rolebindings'] },
];

const editRules: readonly ShortRule[] = [
  {
    verbs: read,
    groups: [''],
    resources: ['pods/attach', 'pods/exec', 'pods/portforward', 'pods/proxy', 'secrets', 'services/proxy'],
  },
  { verbs: ['impersonate'], groups: [''], resources: ['serviceaccounts'] },
  { verbs: write, groups: [''], resources: ['pods', 'pods/attach', 'pods/exec', 'pods/portforward', 'pods/proxy'] },
  { verbs: ['create'], groups: [''], resources: ['pods/eviction', 'serviceaccounts/token'] },
  { verbs: write, groups: [''], resources: writable },
  { verbs: write, groups: ['apps'], resources: workloads },
  { verbs: write, groups: ['autoscaling'], resources: ['horizontalpodautoscalers'] },
  { verbs: write, groups: ['batch'], resources: ['cronjobs', 'jobs'] },
  { verbs: write, groups: ['policy'], resources: ['poddisruptionbudgets'] },
  { verbs: write, groups: ['networking.k8s.io'], resources: ['ingresses', 'networkpolicies'] },
  { verbs: readWrite, groups: ['coordination.k8s.io'], resources: ['leases'] },
];

const status = (names: readonly string[]): string[] => names.map((name) => `${name}/status`);

const viewRules: readonly ShortRule[] = [
  {
    verbs: read,
    groups: [''],
    resources: [
      ...['configmaps', 'endpoints', 'persistentvolumeclaims', 'pods', 'replicationcontrollers'],
      ...['replicationcontrollers/scale', 'serviceaccounts', 'services'],
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
      ...workloads.filter((name) => name !== 'deployments/rollback'),
      'controllerrevisions',
      ...status(['daemonsets', 'deployments', 'replicasets', 'statefulsets']),
    ],
  },
  { verbs: read, groups: ['autoscaling'], resources: ['horizontalpodautoscalers', 'horizontalpodautoscalers/status'] },
  { verbs: read, groups: ['batch'], resources: ['cronjobs', 'jobs', 'cronjobs/status', 'jobs/status'] },
  { verbs: read, groups: ['policy'], resources: ['poddisruptionbudgets', 'poddisruptionbudgets/status'] },
  { verbs: read, groups: ['networking.k8s.io'], resources: ['ingresses', 'ingresses/status', 'networkpolicies'] },
];

export const userRoles: readonly JsonObject[] = [
  aggregate('admin', toAdmin),
  aggregate('edit', toEdit, { [toAdmin]: 'true' }),
  aggregate('view', toView, { [toEdit]: 'true' }),
  role('system:aggregate-to-admin', adminRules, { [toAdmin]: 'true' }),
  role('system:aggregate-to-edit', editRules, { [toEdit]: 'true' }),
  role('system:aggregate-to-view', viewRules, { [toView]: 'true' }),
];

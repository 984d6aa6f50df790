/** The roles of the cluster's own parts. */
import type { JsonObject } from '@skiff/api';
import { accessReviews, events, read, role, type ShortRule } from './role-text.ts';

const schedulerRules: readonly ShortRule[] = [
  events,
  ...accessReviews,
  {
    verbs: ['get', 'create', 'update', 'list', 'watch', 'patch'],
    groups: ['coordination.k8s.io'],
    resources: ['leases'],
  },
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
const controllerRules: readonly ShortRule[] = [
  events,
  ...accessReviews,
  { verbs: [...read, 'patch', 'update', 'delete', 'deletecollection'], groups: ['*'], resources: ['*'] },
  {
    verbs: ['create'],
    groups: ['', 'apps', 'batch', 'discovery.k8s.io', 'coordination.k8s.io', 'policy', 'certificates.k8s.io'],
    resources: [
      ...['configmaps', 'endpoints', 'persistentvolumeclaims', 'persistentvolumes', 'pods', 'pods/binding'],
      ...['pods/eviction', 'replicationcontrollers', 'replicationcontrollers/scale', 'secrets', 'serviceaccounts'],
      ...['serviceaccounts/token', 'services', 'daemonsets', 'deployments', 'deployments/rollback'],
      ...['deployments/scale', 'replicasets', 'replicasets/scale', 'statefulsets', 'statefulsets/scale'],
      ...['controllerrevisions', 'jobs', 'cronjobs', 'endpointslices', 'leases'],
    ],
  },
  // The sum of roles may be more than the summing controller holds.
  { verbs: ['escalate'], groups: ['rbac.authorization.k8s.io'], resources: ['clusterroles'] },
  { verbs: ['sign', 'approve'], groups: ['certificates.k8s.io'], resources: ['signers'] },
  { verbs: read, urls: ['*'] },
];

const certificates = 'certificates.k8s.io';
const requests: ShortRule = {
  verbs: ['create', ...read],
  groups: [certificates],
  resources: ['certificatesigningrequests'],
};

/** What any node may do. What more it may do depends on the node: the node authoriser says it. */
const nodeRules: readonly ShortRule[] = [
  ...accessReviews,
  { verbs: ['create'], groups: ['authorization.k8s.io'], resources: ['localsubjectaccessreviews'] },
  { verbs: read, groups: [''], resources: ['services'] },
  { verbs: ['create', ...read], groups: [''], resources: ['nodes'] },
  { verbs: ['patch', 'update'], groups: [''], resources: ['nodes/status'] },
  { verbs: ['patch', 'update'], groups: [''], resources: ['nodes'] },
  { verbs: ['create', 'patch', 'update'], groups: [''], resources: ['events'] },
  { verbs: read, groups: [''], resources: ['pods'] },
  { verbs: ['create', 'delete'], groups: [''], resources: ['pods'] },
  { verbs: ['patch', 'update'], groups: [''], resources: ['pods/status'] },
  { verbs: ['create'], groups: [''], resources: ['pods/eviction'] },
  { verbs: read, groups: [''], resources: ['configmaps', 'secrets'] },
  { verbs: ['get'], groups: [''], resources: ['persistentvolumeclaims', 'persistentvolumes'] },
  { verbs: ['get'], groups: [''], resources: ['endpoints'] },
  requests,
  { verbs: ['create', 'delete', 'get', 'patch', 'update'], groups: ['coordination.k8s.io'], resources: ['leases'] },
  { verbs: ['get'], groups: ['storage.k8s.io'], resources: ['volumeattachments'] },
  { verbs: ['create'], groups: [''], resources: ['serviceaccounts/token'] },
  { verbs: ['get', 'patch', 'update'], groups: [''], resources: ['persistentvolumeclaims/status'] },
  { verbs: read, groups: ['storage.k8s.io'], resources: ['csidrivers'] },
  { verbs: ['create', 'delete', 'get', 'patch', 'update'], groups: ['storage.k8s.io'], resources: ['csinodes'] },
  { verbs: read, groups: ['node.k8s.io'], resources: ['runtimeclasses'] },
];

const approver = (signer: string): JsonObject =>
  role(`system:${certificates}:${signer}-approver`, [
    { verbs: ['approve'], groups: [certificates], resources: ['signers'], names: [`kubernetes.io/${signer}`] },
  ]);

const nodeClient = (kind: string): JsonObject =>
  role(`system:${certificates}:certificatesigningrequests:${kind}`, [
    { verbs: ['create'], groups: [certificates], resources: [`certificatesigningrequests/${kind}`] },
  ]);

const provisionerRules: readonly ShortRule[] = [
  { verbs: ['create', 'delete', ...read], groups: [''], resources: ['persistentvolumes'] },
  { verbs: [...read, 'update'], groups: [''], resources: ['persistentvolumeclaims'] },
  { verbs: read, groups: ['storage.k8s.io'], resources: ['storageclasses'] },
  { verbs: ['watch'], groups: [''], resources: ['events'] },
  events,
];

export const componentRoles: readonly JsonObject[] = [
  role('system:auth-delegator', accessReviews),
  role('system:heapster', [
    { verbs: read, groups: [''], resources: ['events', 'namespaces', 'nodes', 'pods'] },
    { verbs: read, groups: ['extensions'], resources: ['deployments'] },
  ]),
  role('system:kube-aggregator', [{ verbs: read, groups: [''], resources: ['endpoints', 'services'] }]),
  role('system:kube-dns', [{ verbs: ['list', 'watch'], groups: [''], resources: ['endpoints', 'services'] }]),
  role('system:kubelet-api-admin', [
    { verbs: read, groups: [''], resources: ['nodes'] },
    { verbs: ['proxy'], groups: [''], resources: ['nodes'] },
    { verbs: ['*'], groups: [''], resources: ['nodes/log', 'nodes/metrics', 'nodes/proxy', 'nodes/stats'] },
  ]),
  role('system:node', nodeRules),
  role('system:node-bootstrapper', [requests]),
  role('system:node-problem-detector', [
    { verbs: ['get'], groups: [''], resources: ['nodes'] },
    { verbs: ['patch'], groups: [''], resources: ['nodes/status'] },
    events,
  ]),
  role('system:node-proxier', [
    { verbs: ['list', 'watch'], groups: [''], resources: ['services', 'endpoints'] },
    { verbs: read, groups: [''], resources: ['nodes'] },
    events,
    { verbs: ['list', 'watch'], groups: ['discovery.k8s.io'], resources: ['endpointslices'] },
  ]),
  role('system:persistent-volume-provisioner', provisionerRules),
  role('system:volume-scheduler', [
    { verbs: [...read, 'patch', 'update'], groups: [''], resources: ['persistentvolumes'] },
    { verbs: read, groups: ['storage.k8s.io'], resources: ['storageclasses'] },
    { verbs: [...read, 'patch', 'update'], groups: [''], resources: ['persistentvolumeclaims'] },
  ]),
  role('system:kube-scheduler', schedulerRules),
  role('system:kube-controller-manager', controllerRules),
  ...['kube-apiserver-client', 'kube-apiserver-client-kubelet', 'kubelet-serving', 'legacy-unknown'].map(approver),
  ...['nodeclient', 'selfnodeclient'].map(nodeClient),
];

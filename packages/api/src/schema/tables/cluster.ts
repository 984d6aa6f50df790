/** What the types of networking, discovery, storage, coordination, scheduling, node, rbac, certificates, flowcontrol and authentication in Kubernetes v1.32 mean beyond their shape: see `rule.ts` for each fact. */
import { keyed, keyedForApply, set, type TypeRules } from './rule.ts';

export const networking: TypeRules = {
  IngressClassParametersReference: { defaults: { scope: 'Cluster' }, keepZero: ['apiGroup', 'namespace', 'scope'] },
  IngressPortStatus: { keepZero: ['error'] },
  IngressSpec: { keepZero: ['ingressClassName'] },
  NetworkPolicyPort: { defaults: { protocol: 'TCP' }, keepZero: ['endPort', 'protocol'] },
  ServiceBackendPort: { atomic: true },
  NetworkPolicySpec: { required: ['podSelector'] },
};

export const discovery: TypeRules = {
  Endpoint: { lists: { addresses: set }, keepZero: ['hostname', 'nodeName', 'zone'] },
  EndpointConditions: { keepZero: ['ready', 'serving', 'terminating'] },
  EndpointPort: {
    atomic: true,
    defaults: { name: '', protocol: 'TCP' },
    keepZero: ['appProtocol', 'name', 'port', 'protocol'],
  },
  EndpointSlice: { required: ['addressType', 'endpoints'], keepZero: ['endpoints', 'ports'] },
};

export const storage: TypeRules = {
  CSIDriverSpec: {
    lists: { volumeLifecycleModes: set },
    defaults: {
      attachRequired: true,
      fsGroupPolicy: 'ReadWriteOnceWithFSType',
      podInfoOnMount: false,
      requiresRepublish: false,
      seLinuxMount: false,
      storageCapacity: false,
      volumeLifecycleModes: ['Persistent'],
    },
    keepZero: [
      'attachRequired',
      'fsGroupPolicy',
      'podInfoOnMount',
      'requiresRepublish',
      'seLinuxMount',
      'storageCapacity',
    ],
  },
  CSINodeDriver: { keepZero: ['topologyKeys'] },
  CSINodeSpec: { lists: { drivers: keyed('name') } },
  StorageClass: {
    defaults: { reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate' },
    keepZero: ['allowVolumeExpansion', 'reclaimPolicy', 'volumeBindingMode'],
  },
  TokenRequest: { keepZero: ['expirationSeconds'] },
  VolumeAttachmentSource: { keepZero: ['persistentVolumeName'] },
  VolumeNodeResources: { keepZero: ['count'] },
};

export const coordination: TypeRules = {
  LeaseSpec: {
    keepZero: ['holderIdentity', 'leaseDurationSeconds', 'leaseTransitions', 'preferredHolder', 'strategy'],
  },
};

export const scheduling: TypeRules = {
  PriorityClass: {
    required: ['value'],
    defaults: { preemptionPolicy: 'PreemptLowerPriority' },
    keepZero: ['preemptionPolicy', 'value'],
  },
};

export const node: TypeRules = {
  Scheduling: { atomicFields: ['nodeSelector'] },
};

export const rbac: TypeRules = {
  ClusterRole: { keepZero: ['rules'] },
  Role: { keepZero: ['rules'] },
  RoleRef: {
    required: ['apiGroup', 'kind', 'name'],
    atomic: true,
    defaults: { apiGroup: 'rbac.authorization.k8s.io' },
    keepZero: ['apiGroup'],
  },
  Subject: { atomic: true },
};

export const certificates: TypeRules = {
  CertificateSigningRequestSpec: { keepZero: ['expirationSeconds'] },
  CertificateSigningRequestStatus: { lists: { conditions: keyedForApply('type') } },
};

export const flowcontrol: TypeRules = {
  ExemptPriorityLevelConfiguration: {
    defaults: { lendablePercent: 0, nominalConcurrencyShares: 0 },
    keepZero: ['lendablePercent', 'nominalConcurrencyShares'],
  },
  FlowSchemaSpec: { defaults: { matchingPrecedence: 1000 } },
  FlowSchemaStatus: { lists: { conditions: keyed('type') } },
  LimitedPriorityLevelConfiguration: {
    defaults: { lendablePercent: 0, nominalConcurrencyShares: 30 },
    keepZero: ['borrowingLimitPercent', 'lendablePercent', 'nominalConcurrencyShares'],
  },
  NonResourcePolicyRule: { lists: { nonResourceURLs: set, verbs: set } },
  PriorityLevelConfigurationStatus: { lists: { conditions: keyed('type') } },
  QueuingConfiguration: { defaults: { handSize: 8, queueLengthLimit: 50, queues: 64 } },
  ResourcePolicyRule: {
    lists: { apiGroups: set, namespaces: set, resources: set, verbs: set },
    keepZero: ['namespaces'],
  },
};

export const authentication: TypeRules = {
  TokenRequestSpec: {
    required: ['audiences'],
    defaults: { expirationSeconds: 3600 },
    keepZero: ['audiences', 'expirationSeconds'],
  },
  TokenRequestStatus: { required: ['expirationTimestamp', 'token'], keepZero: ['token'] },
  TokenRequest: { required: ['spec'] },
  TokenReviewSpec: { required: [] },
};

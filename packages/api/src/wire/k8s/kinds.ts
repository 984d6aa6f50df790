/** Which kinds have messages, under which package: every registered kind of Kubernetes v1.32's stable groups. */

interface GroupMessages {
  readonly package: string;
  /** Kinds that also have a list kind, `<kind>List`. */
  readonly listed: string;
  /** Kinds without one. */
  readonly single: string;
}

const api = 'k8s.io.api';

const groups: Readonly<Record<string, GroupMessages>> = {
  v1: {
    package: `${api}.core.v1`,
    listed:
      'ComponentStatus ConfigMap Endpoints Event LimitRange Namespace Node PersistentVolume PersistentVolumeClaim Pod ' +
      'PodTemplate ReplicationController ResourceQuota Secret Service ServiceAccount',
    single:
      'Binding List NodeProxyOptions PodAttachOptions PodExecOptions PodLogOptions PodPortForwardOptions PodProxyOptions ' +
      'PodStatusResult RangeAllocation SerializedReference ServiceProxyOptions',
  },
  'apps/v1': {
    package: `${api}.apps.v1`,
    listed: 'ControllerRevision DaemonSet Deployment ReplicaSet StatefulSet',
    single: '',
  },
  'batch/v1': { package: `${api}.batch.v1`, listed: 'CronJob Job', single: '' },
  'autoscaling/v1': { package: `${api}.autoscaling.v1`, listed: 'HorizontalPodAutoscaler', single: 'Scale' },
  'autoscaling/v2': { package: `${api}.autoscaling.v2`, listed: 'HorizontalPodAutoscaler', single: '' },
  'networking.k8s.io/v1': {
    package: `${api}.networking.v1`,
    listed: 'Ingress IngressClass NetworkPolicy',
    single: '',
  },
  'policy/v1': { package: `${api}.policy.v1`, listed: 'PodDisruptionBudget', single: 'Eviction' },
  'rbac.authorization.k8s.io/v1': {
    package: `${api}.rbac.v1`,
    listed: 'ClusterRole ClusterRoleBinding Role RoleBinding',
    single: '',
  },
  'storage.k8s.io/v1': {
    package: `${api}.storage.v1`,
    listed: 'CSIDriver CSINode CSIStorageCapacity StorageClass VolumeAttachment',
    single: '',
  },
  'coordination.k8s.io/v1': { package: `${api}.coordination.v1`, listed: 'Lease', single: '' },
  'discovery.k8s.io/v1': { package: `${api}.discovery.v1`, listed: 'EndpointSlice', single: '' },
  'events.k8s.io/v1': { package: `${api}.events.v1`, listed: 'Event', single: '' },
  'scheduling.k8s.io/v1': { package: `${api}.scheduling.v1`, listed: 'PriorityClass', single: '' },
  'node.k8s.io/v1': { package: `${api}.node.v1`, listed: 'RuntimeClass', single: '' },
  'certificates.k8s.io/v1': { package: `${api}.certificates.v1`, listed: 'CertificateSigningRequest', single: '' },
  'admissionregistration.k8s.io/v1': {
    package: `${api}.admissionregistration.v1`,
    listed:
      'MutatingWebhookConfiguration ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding ' +
      'ValidatingWebhookConfiguration',
    single: '',
  },
  'flowcontrol.apiserver.k8s.io/v1': {
    package: `${api}.flowcontrol.v1`,
    listed: 'FlowSchema PriorityLevelConfiguration',
    single: '',
  },
  'authentication.k8s.io/v1': {
    package: `${api}.authentication.v1`,
    listed: '',
    single: 'SelfSubjectReview TokenRequest TokenReview',
  },
  'authorization.k8s.io/v1': {
    package: `${api}.authorization.v1`,
    listed: '',
    single: 'LocalSubjectAccessReview SelfSubjectAccessReview SelfSubjectRulesReview SubjectAccessReview',
  },
  'apiextensions.k8s.io/v1': {
    package: 'k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1',
    listed: 'CustomResourceDefinition',
    single: 'ConversionReview',
  },
  'apiregistration.k8s.io/v1': {
    package: 'k8s.io.kube_aggregator.pkg.apis.apiregistration.v1',
    listed: 'APIService',
    single: '',
  },
  'metrics.k8s.io/v1beta1': {
    package: 'k8s.io.metrics.pkg.apis.metrics.v1beta1',
    listed: 'NodeMetrics PodMetrics',
    single: '',
  },
};

const meta = 'k8s.io.apimachinery.pkg.apis.meta.v1';

/** Kinds that exist in the core version only, though their messages are meta's. */
const metaInCore = 'APIGroup APIGroupList APIResourceList APIVersions Status';

/** Options are kinds of every group version: a client sends them under the version of what it acts on. */
const options: ReadonlySet<string> = new Set([
  'CreateOptions',
  'DeleteOptions',
  'GetOptions',
  'ListOptions',
  'PatchOptions',
  'UpdateOptions',
]);

const words = (text: string): string[] => (text === '' ? [] : text.split(' '));

const messages = new Map<string, string>();
const kinds = new Map<string, TypeMeta>();

function add(apiVersion: string, kind: string, packageName: string): void {
  messages.set(`${apiVersion} ${kind}`, `${packageName}.${kind}`);
  kinds.set(`${packageName}.${kind}`, { apiVersion, kind });
}

for (const [apiVersion, { package: packageName, listed, single }] of Object.entries(groups)) {
  for (const kind of words(listed)) {
    add(apiVersion, kind, packageName);
    add(apiVersion, `${kind}List`, packageName);
  }
  for (const kind of words(single)) add(apiVersion, kind, packageName);
}
for (const kind of words(metaInCore)) add('v1', kind, meta);
for (const kind of ['PartialObjectMetadata', 'PartialObjectMetadataList', ...options]) {
  add('meta.k8s.io/v1', kind, meta);
}

export interface TypeMeta {
  readonly apiVersion: string;
  readonly kind: string;
}

/** The full name of a kind's message; undefined when it has none (custom kinds, Table). */
export function messageNameOf(apiVersion: string, kind: string): string | undefined {
  return options.has(kind) ? `${meta}.${kind}` : messages.get(`${apiVersion} ${kind}`);
}

/** The kind of a message; undefined for a message that is only a part of others. */
export function kindOf(messageName: string): TypeMeta | undefined {
  return kinds.get(messageName);
}

/** Every kind that has a message, options under meta.k8s.io/v1. */
export function allKinds(): TypeMeta[] {
  return [...kinds.values()];
}

/** Which folders of the packages hold which API groups, and what the types in them are called in OpenAPI. */

export interface Source {
  /** npm package and folder of the declarations. */
  readonly folder: string;
  /** OpenAPI prefix of every type in it: `io.k8s.api.apps.v1`. */
  readonly prefix: string;
  /** Kinds to extract with all that they lead to, and their lists. Absent: every type in the folder. */
  readonly kinds?: readonly string[];
}

const models = (folder: string, prefix: string, kinds: string): Source => ({
  folder: `kubernetes-models/${folder}`,
  prefix,
  kinds: kinds.split(' '),
});

const machinery = (folder: string, prefix: string): Source => ({
  folder: `@kubernetes-models/apimachinery/${folder}`,
  prefix: `io.k8s.apimachinery.pkg.${prefix}`,
});

/** GA groups of Kubernetes v1.32. Kinds that became GA later are left out, and so are later fields (`later.ts`). */
export const sources: readonly Source[] = [
  models(
    'v1',
    'io.k8s.api.core.v1',
    'Binding ComponentStatus ConfigMap Endpoints Event LimitRange Namespace Node PersistentVolume PersistentVolumeClaim Pod PodTemplate ReplicationController ResourceQuota Secret Service ServiceAccount',
  ),
  models('apps/v1', 'io.k8s.api.apps.v1', 'ControllerRevision DaemonSet Deployment ReplicaSet StatefulSet'),
  models('batch/v1', 'io.k8s.api.batch.v1', 'CronJob Job'),
  models('autoscaling/v1', 'io.k8s.api.autoscaling.v1', 'HorizontalPodAutoscaler Scale'),
  models('autoscaling/v2', 'io.k8s.api.autoscaling.v2', 'HorizontalPodAutoscaler'),
  models('networking.k8s.io/v1', 'io.k8s.api.networking.v1', 'Ingress IngressClass NetworkPolicy'),
  models('policy/v1', 'io.k8s.api.policy.v1', 'Eviction PodDisruptionBudget'),
  models('rbac.authorization.k8s.io/v1', 'io.k8s.api.rbac.v1', 'ClusterRole ClusterRoleBinding Role RoleBinding'),
  models(
    'storage.k8s.io/v1',
    'io.k8s.api.storage.v1',
    'CSIDriver CSINode CSIStorageCapacity StorageClass VolumeAttachment',
  ),
  models('coordination.k8s.io/v1', 'io.k8s.api.coordination.v1', 'Lease'),
  models('discovery.k8s.io/v1', 'io.k8s.api.discovery.v1', 'EndpointSlice'),
  models('events.k8s.io/v1', 'io.k8s.api.events.v1', 'Event'),
  models('scheduling.k8s.io/v1', 'io.k8s.api.scheduling.v1', 'PriorityClass'),
  models('node.k8s.io/v1', 'io.k8s.api.node.v1', 'RuntimeClass'),
  models('certificates.k8s.io/v1', 'io.k8s.api.certificates.v1', 'CertificateSigningRequest'),
  models(
    'admissionregistration.k8s.io/v1',
    'io.k8s.api.admissionregistration.v1',
    'MutatingWebhookConfiguration ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding ValidatingWebhookConfiguration',
  ),
  models(
    'apiextensions.k8s.io/v1',
    'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1',
    'CustomResourceDefinition',
  ),
  models('apiregistration.k8s.io/v1', 'io.k8s.kube-aggregator.pkg.apis.apiregistration.v1', 'APIService'),
  models('flowcontrol.apiserver.k8s.io/v1', 'io.k8s.api.flowcontrol.v1', 'FlowSchema PriorityLevelConfiguration'),
  models('authentication.k8s.io/v1', 'io.k8s.api.authentication.v1', 'SelfSubjectReview TokenRequest TokenReview'),
  models(
    'authorization.k8s.io/v1',
    'io.k8s.api.authorization.v1',
    'LocalSubjectAccessReview SelfSubjectAccessReview SelfSubjectRulesReview SubjectAccessReview',
  ),
  machinery('apis/meta/v1', 'apis.meta.v1'),
  machinery('api/resource', 'api.resource'),
  machinery('runtime', 'runtime'),
  machinery('util/intstr', 'util.intstr'),
  machinery('version', 'version'),
];

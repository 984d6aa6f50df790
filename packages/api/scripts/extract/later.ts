/**
 * Fields that the packages have and Kubernetes v1.32 has not, by type. A server of v1.32 does not know them, its messages
 * have no number for them, and nothing here acts on them: taking them would be a promise that is not kept.
 */
export const laterFields: Readonly<Record<string, readonly string[]>> = {
  'io.k8s.api.apps.v1.DeploymentStatus': ['terminatingReplicas'],
  'io.k8s.api.apps.v1.ReplicaSetStatus': ['terminatingReplicas'],
  'io.k8s.api.autoscaling.v2.HPAScalingRules': ['tolerance'],
  'io.k8s.api.core.v1.Container': ['restartPolicyRules'],
  'io.k8s.api.core.v1.ContainerStatus': ['stopSignal'],
  'io.k8s.api.core.v1.EnvVarSource': ['fileKeyRef'],
  'io.k8s.api.core.v1.EphemeralContainer': ['restartPolicyRules'],
  'io.k8s.api.core.v1.Lifecycle': ['stopSignal'],
  'io.k8s.api.core.v1.NodeStatus': ['declaredFeatures'],
  'io.k8s.api.core.v1.NodeSystemInfo': ['swap'],
  'io.k8s.api.core.v1.PodCondition': ['observedGeneration'],
  'io.k8s.api.core.v1.PodSpec': ['hostnameOverride', 'schedulingGroup'],
  'io.k8s.api.core.v1.PodStatus': [
    'allocatedResources',
    'extendedResourceClaimStatus',
    'nodeAllocatableResourceClaimStatuses',
    'observedGeneration',
    'resources',
  ],
  'io.k8s.api.core.v1.ResourceHealth': ['message'],
  'io.k8s.api.core.v1.VolumeMountStatus': ['volumeStatus'],
  'io.k8s.api.core.v1.VolumeProjection': ['podCertificate'],
  'io.k8s.api.discovery.v1.EndpointHints': ['forNodes'],
  'io.k8s.api.storage.v1.CSIDriverSpec': [
    'nodeAllocatableUpdatePeriodSeconds',
    'preventPodSchedulingIfMissing',
    'serviceAccountTokenInSecrets',
  ],
  'io.k8s.api.storage.v1.VolumeError': ['errorCode'],
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionCondition': ['observedGeneration'],
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionStatus': ['observedGeneration'],
  'io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta': ['shardInfo'],
};

/**
 * The TypeScript shapes of the built-in kinds as the server returns them. Fields come from the interfaces of
 * `kubernetes-models`, imported as types only; `apiVersion`, `kind` and `metadata` are ours and always there, and so is
 * `spec` where a kind cannot exist without one.
 */

import type * as admissionregistration from 'kubernetes-models/admissionregistration.k8s.io/v1';
import type * as apiextensions from 'kubernetes-models/apiextensions.k8s.io/v1';
import type * as apiregistration from 'kubernetes-models/apiregistration.k8s.io/v1';
import type * as apps from 'kubernetes-models/apps/v1';
import type * as authentication from 'kubernetes-models/authentication.k8s.io/v1';
import type * as authorization from 'kubernetes-models/authorization.k8s.io/v1';
import type * as autoscalingV1 from 'kubernetes-models/autoscaling/v1';
import type * as autoscaling from 'kubernetes-models/autoscaling/v2';
import type * as batch from 'kubernetes-models/batch/v1';
import type * as certificates from 'kubernetes-models/certificates.k8s.io/v1';
import type * as coordination from 'kubernetes-models/coordination.k8s.io/v1';
import type * as discovery from 'kubernetes-models/discovery.k8s.io/v1';
import type * as events from 'kubernetes-models/events.k8s.io/v1';
import type * as flowcontrol from 'kubernetes-models/flowcontrol.apiserver.k8s.io/v1';
import type * as networking from 'kubernetes-models/networking.k8s.io/v1';
import type * as node from 'kubernetes-models/node.k8s.io/v1';
import type * as policy from 'kubernetes-models/policy/v1';
import type * as rbac from 'kubernetes-models/rbac.authorization.k8s.io/v1';
import type * as scheduling from 'kubernetes-models/scheduling.k8s.io/v1';
import type * as storage from 'kubernetes-models/storage.k8s.io/v1';
import type * as core from 'kubernetes-models/v1';
import type { ApiObject, ObjectMeta } from '../object.ts';

export type * from './nested-types.ts';

type Stored<T extends { apiVersion: string; kind: string }> = Omit<T, 'metadata'> & { metadata: ObjectMeta };
type WithSpec<T extends { apiVersion: string; kind: string; spec?: unknown }> = Stored<T> & {
  spec: NonNullable<T['spec']>;
};

export type Pod = WithSpec<core.IPod>;
export type ReplicationController = WithSpec<core.IReplicationController>;
export type Service = WithSpec<core.IService>;
export type PersistentVolume = WithSpec<core.IPersistentVolume>;
export type PersistentVolumeClaim = WithSpec<core.IPersistentVolumeClaim>;
export type Namespace = Stored<core.INamespace>;
export type Node = Stored<core.INode>;
export type ConfigMap = Stored<core.IConfigMap>;
export type Secret = Stored<core.ISecret>;
export type Event = Stored<core.IEvent>;
export type ServiceAccount = Stored<core.IServiceAccount>;
export type Endpoints = Stored<core.IEndpoints>;
export type PodTemplate = Stored<core.IPodTemplate>;
export type LimitRange = Stored<core.ILimitRange>;
export type ResourceQuota = Stored<core.IResourceQuota>;
/** Assigns a pod to a node (the pods/binding subresource). */
export type Binding = Stored<core.IBinding>;
export type ComponentStatus = Stored<core.IComponentStatus>;

export type Deployment = WithSpec<apps.IDeployment>;
export type ReplicaSet = WithSpec<apps.IReplicaSet>;
export type StatefulSet = WithSpec<apps.IStatefulSet>;
export type DaemonSet = WithSpec<apps.IDaemonSet>;
export type ControllerRevision = Stored<apps.IControllerRevision>;

export type Job = WithSpec<batch.IJob>;
export type CronJob = WithSpec<batch.ICronJob>;

export type HorizontalPodAutoscalerV1 = WithSpec<autoscalingV1.IHorizontalPodAutoscaler>;
export type Scale = WithSpec<autoscalingV1.IScale>;

export type HorizontalPodAutoscaler = WithSpec<autoscaling.IHorizontalPodAutoscaler>;

export type Ingress = WithSpec<networking.IIngress>;
export type IngressClass = WithSpec<networking.IIngressClass>;
export type NetworkPolicy = WithSpec<networking.INetworkPolicy>;

export type PodDisruptionBudget = WithSpec<policy.IPodDisruptionBudget>;
export type Eviction = Stored<policy.IEviction>;

export type Role = Stored<rbac.IRole>;
export type RoleBinding = Stored<rbac.IRoleBinding>;
export type ClusterRole = Stored<rbac.IClusterRole>;
export type ClusterRoleBinding = Stored<rbac.IClusterRoleBinding>;

export type CSIDriver = WithSpec<storage.ICSIDriver>;
export type CSINode = WithSpec<storage.ICSINode>;
export type VolumeAttachment = WithSpec<storage.IVolumeAttachment>;
export type StorageClass = Stored<storage.IStorageClass>;
export type CSIStorageCapacity = Stored<storage.ICSIStorageCapacity>;

export type Lease = WithSpec<coordination.ILease>;

export type EndpointSlice = Stored<discovery.IEndpointSlice>;

export type EventV1 = Stored<events.IEvent>;

export type PriorityClass = Stored<scheduling.IPriorityClass>;

export type RuntimeClass = Stored<node.IRuntimeClass>;

export type CertificateSigningRequest = WithSpec<certificates.ICertificateSigningRequest>;

export type ValidatingAdmissionPolicy = WithSpec<admissionregistration.IValidatingAdmissionPolicy>;
export type ValidatingAdmissionPolicyBinding = WithSpec<admissionregistration.IValidatingAdmissionPolicyBinding>;
export type MutatingWebhookConfiguration = Stored<admissionregistration.IMutatingWebhookConfiguration>;
export type ValidatingWebhookConfiguration = Stored<admissionregistration.IValidatingWebhookConfiguration>;

export type CustomResourceDefinition = WithSpec<apiextensions.ICustomResourceDefinition>;

export type APIService = WithSpec<apiregistration.IAPIService>;

export type FlowSchema = WithSpec<flowcontrol.IFlowSchema>;
export type PriorityLevelConfiguration = WithSpec<flowcontrol.IPriorityLevelConfiguration>;

export type TokenRequest = WithSpec<authentication.ITokenRequest>;
export type TokenReview = WithSpec<authentication.ITokenReview>;
export type SelfSubjectReview = Stored<authentication.ISelfSubjectReview>;

export type SubjectAccessReview = WithSpec<authorization.ISubjectAccessReview>;
export type SelfSubjectAccessReview = WithSpec<authorization.ISelfSubjectAccessReview>;
export type LocalSubjectAccessReview = WithSpec<authorization.ILocalSubjectAccessReview>;
export type SelfSubjectRulesReview = WithSpec<authorization.ISelfSubjectRulesReview>;

/** Use of one node, as `kubectl top` reads it (metrics.k8s.io/v1beta1). `window` is a Go duration. */
export interface NodeMetrics extends ApiObject {
  apiVersion: 'metrics.k8s.io/v1beta1';
  kind: 'NodeMetrics';
  timestamp: string;
  window: string;
  usage: Record<string, string>;
}

export interface ContainerMetrics {
  name: string;
  usage: Record<string, string>;
}

/** Use of one pod, container by container. */
export interface PodMetrics extends ApiObject {
  apiVersion: 'metrics.k8s.io/v1beta1';
  kind: 'PodMetrics';
  timestamp: string;
  window: string;
  containers: ContainerMetrics[];
}

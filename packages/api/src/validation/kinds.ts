/** Which rules are whose: the table that `validate` and `validateUpdate` read. */
import type { JsonObject } from '../object.ts';
import { addApiService, addApiServiceStatus } from './api-services.ts';
import {
  addSigningRequest,
  addSigningRequestApproval,
  addSigningRequestStatus,
  addSigningRequestUpdate,
} from './certificates.ts';
import { addConfigMap, addConfigMapUpdate, addSecret, addSecretUpdate } from './configuration.ts';
import {
  addLease,
  addPriorityClass,
  addPriorityClassUpdate,
  addRuntimeClass,
  addRuntimeClassUpdate,
} from './coordination.ts';
import { addCronJob, addNewCronJob } from './cron-jobs.ts';
import {
  addCSIDriver,
  addCSIDriverUpdate,
  addCSINode,
  addCSINodeUpdate,
  addCSIStorageCapacity,
  addCSIStorageCapacityUpdate,
  addNewVolumeAttachment,
  addVolumeAttachment,
  addVolumeAttachmentUpdate,
} from './csi.ts';
import { addEndpointSlice, addEndpointSliceUpdate, addEndpoints } from './discovery.ts';
import { addEvent, addEventV1, addEventV1Update, addNewEventV1 } from './events.ts';
import { addFlowSchema, addFlowSchemaStatusUpdate, addPriorityLevel } from './flow-control.ts';
import { addJobStatus } from './job-status.ts';
import { addJob, addJobUpdate, addNewJob } from './jobs.ts';
import { addLimitRange } from './limit-ranges.ts';
import type { NameRule } from './metadata.ts';
import { addIngress, addIngressClass, addIngressClassUpdate, addNetworkPolicy, addNewIngress } from './networking.ts';
import {
  addNamespace,
  addNamespaceFinalize,
  addNamespaceStatus,
  addNode,
  addNodeStatusUpdate,
  addNodeUpdate,
} from './nodes.ts';
import {
  addPersistentVolume,
  addPersistentVolumeClaim,
  addPersistentVolumeClaimStatus,
  addPersistentVolumeClaimUpdate,
  addPersistentVolumeUpdate,
} from './persistent-volumes.ts';
import { addNewPod, addPod } from './pod/pod.ts';
import { addPodStatusUpdate } from './pod/status.ts';
import { addEphemeralUpdate, addPodUpdate } from './pod/update.ts';
import { addResourceQuota, addResourceQuotaStatus, addResourceQuotaUpdate } from './quota.ts';
import { addClusterRole, addRole, addRoleBinding, addRoleBindingUpdate } from './rbac.ts';
import { addAutoscaler, addAutoscalerV1, addDisruptionBudget } from './scaling.ts';
import { addService, addServiceStatusUpdate, addServiceUpdate } from './services.ts';
import { addStatefulSet, addStatefulSetUpdate } from './stateful-sets.ts';
import {
  addAutoscalerStatus,
  addDaemonSetStatus,
  addDeploymentStatus,
  addDisruptionBudgetStatus,
  addIngressStatus,
  addReplicaSetStatus,
  addStatefulSetStatus,
} from './statuses.ts';
import { addStorageClass, addStorageClassUpdate } from './storage-classes.ts';
import type { Faults } from './support.ts';
import { addWebhooks } from './webhooks.ts';
import {
  addControllerRevision,
  addControllerRevisionUpdate,
  addDaemonSet,
  addDeployment,
  addPodTemplateKind,
  addReplicaSet,
  addReplicationController,
  addReplicationControllerStatus,
  addSelectorUpdate,
} from './workloads.ts';

type Check = (faults: Faults, object: JsonObject) => void;
type Change = (faults: Faults, next: JsonObject, previous: JsonObject) => void;

export interface KindRule {
  /** How objects of the kind may be named; a DNS subdomain when absent. */
  readonly name?: NameRule;
  /** What any object of the kind must be. */
  readonly check?: Check;
  /** What a new one must be, in place of `check`. */
  readonly create?: Check;
  /** Which changes are allowed. */
  readonly update?: Change;
  /** The change is judged before what the object became. */
  readonly updateFirst?: true;
  /** Which changes a subresource may make. */
  readonly subresources?: Readonly<Record<string, Change>>;
}

/** A validator of a kind as one of any document; the table's keys are what makes the casts true. */
const checks =
  <T>(run: (faults: Faults, object: T) => void): Check =>
  (faults, object) =>
    run(faults, object as unknown as T);

const changes =
  <T>(run: (faults: Faults, next: T, previous: T) => void): Change =>
  (faults, next, previous) =>
    run(faults, next as unknown as T, previous as unknown as T);

/** A validator that looks only at what the object became. */
const after =
  <T>(run: (faults: Faults, next: T) => void): Change =>
  (faults, next) =>
    run(faults, next as unknown as T);

const storage = 'storage.k8s.io';
const networking = 'networking.k8s.io';
const rbac = 'rbac.authorization.k8s.io';
const admission = 'admissionregistration.k8s.io';
const flowcontrol = 'flowcontrol.apiserver.k8s.io';

const binding: KindRule = { name: 'path', check: checks(addRoleBinding), update: changes(addRoleBindingUpdate) };

const autoscalerStatus = { subresources: { status: changes(addAutoscalerStatus) } };

/** By group and kind, or by group, kind and version where versions differ. */
export const kindRules: ReadonlyMap<string, KindRule> = new Map<string, KindRule>([
  [
    '/Pod',
    {
      check: checks(addPod),
      create: checks(addNewPod),
      update: changes(addPodUpdate),
      subresources: {
        status: changes(addPodStatusUpdate),
        ephemeralcontainers: changes(addEphemeralUpdate),
      },
    },
  ],
  ['/PodTemplate', { check: checks(addPodTemplateKind) }],
  [
    '/ReplicationController',
    { check: checks(addReplicationController), subresources: { status: after(addReplicationControllerStatus) } },
  ],
  [
    '/Service',
    {
      name: 'dns1035',
      check: checks(addService),
      update: changes(addServiceUpdate),
      updateFirst: true,
      subresources: { status: after(addServiceStatusUpdate) },
    },
  ],
  ['/Endpoints', { check: checks(addEndpoints) }],
  ['/Event', { name: 'path', check: checks(addEvent) }],
  [
    'events.k8s.io/Event',
    { check: checks(addEventV1), create: checks(addNewEventV1), update: changes(addEventV1Update) },
  ],
  ['/ConfigMap', { check: checks(addConfigMap), update: changes(addConfigMapUpdate), updateFirst: true }],
  ['/Secret', { check: checks(addSecret), update: changes(addSecretUpdate), updateFirst: true }],
  [
    '/Namespace',
    {
      name: 'label',
      check: checks(addNamespace),
      subresources: { status: after(addNamespaceStatus), finalize: after(addNamespaceFinalize) },
    },
  ],
  [
    '/Node',
    {
      check: checks(addNode),
      update: changes(addNodeUpdate),
      subresources: { status: changes(addNodeStatusUpdate) },
    },
  ],
  ['/PersistentVolume', { check: checks(addPersistentVolume), update: changes(addPersistentVolumeUpdate) }],
  [
    '/PersistentVolumeClaim',
    {
      check: checks(addPersistentVolumeClaim),
      update: changes(addPersistentVolumeClaimUpdate),
      subresources: { status: after(addPersistentVolumeClaimStatus) },
    },
  ],
  [
    '/ResourceQuota',
    {
      check: checks(addResourceQuota),
      update: changes(addResourceQuotaUpdate),
      subresources: { status: after(addResourceQuotaStatus) },
    },
  ],
  ['/LimitRange', { check: checks(addLimitRange) }],
  [
    'apps/Deployment',
    {
      check: checks(addDeployment),
      update: changes(addSelectorUpdate),
      subresources: { status: changes(addDeploymentStatus) },
    },
  ],
  [
    'apps/ReplicaSet',
    {
      check: checks(addReplicaSet),
      update: changes(addSelectorUpdate),
      subresources: { status: changes(addReplicaSetStatus) },
    },
  ],
  [
    'apps/DaemonSet',
    {
      check: checks(addDaemonSet),
      update: changes(addSelectorUpdate),
      subresources: { status: changes(addDaemonSetStatus) },
    },
  ],
  [
    'apps/StatefulSet',
    {
      name: 'label',
      check: checks(addStatefulSet),
      update: changes(addStatefulSetUpdate),
      subresources: { status: changes(addStatefulSetStatus) },
    },
  ],
  ['apps/ControllerRevision', { check: checks(addControllerRevision), update: changes(addControllerRevisionUpdate) }],
  [
    'batch/Job',
    {
      check: checks(addJob),
      create: checks(addNewJob),
      update: changes(addJobUpdate),
      subresources: { status: changes(addJobStatus) },
    },
  ],
  ['batch/CronJob', { check: checks(addCronJob), create: checks(addNewCronJob) }],
  ['autoscaling/HorizontalPodAutoscaler/v1', { check: checks(addAutoscalerV1), ...autoscalerStatus }],
  ['autoscaling/HorizontalPodAutoscaler/v2', { check: checks(addAutoscaler), ...autoscalerStatus }],
  [
    'policy/PodDisruptionBudget',
    { check: checks(addDisruptionBudget), subresources: { status: changes(addDisruptionBudgetStatus) } },
  ],
  [
    `${networking}/Ingress`,
    { check: checks(addIngress), create: checks(addNewIngress), subresources: { status: changes(addIngressStatus) } },
  ],
  [
    `${networking}/IngressClass`,
    { check: checks(addIngressClass), update: changes(addIngressClassUpdate), updateFirst: true },
  ],
  [`${networking}/NetworkPolicy`, { check: checks(addNetworkPolicy) }],
  [`${rbac}/Role`, { name: 'path', check: checks(addRole) }],
  [`${rbac}/ClusterRole`, { name: 'path', check: checks(addClusterRole) }],
  [`${rbac}/RoleBinding`, binding],
  [`${rbac}/ClusterRoleBinding`, binding],
  [`${storage}/StorageClass`, { check: checks(addStorageClass), update: changes(addStorageClassUpdate) }],
  [`${storage}/CSIDriver`, { check: checks(addCSIDriver), update: changes(addCSIDriverUpdate) }],
  [`${storage}/CSINode`, { check: checks(addCSINode), update: changes(addCSINodeUpdate) }],
  [
    `${storage}/CSIStorageCapacity`,
    { check: checks(addCSIStorageCapacity), update: changes(addCSIStorageCapacityUpdate) },
  ],
  [
    `${storage}/VolumeAttachment`,
    {
      check: checks(addVolumeAttachment),
      create: checks(addNewVolumeAttachment),
      update: changes(addVolumeAttachmentUpdate),
      subresources: { status: after(addVolumeAttachment) },
    },
  ],
  ['coordination.k8s.io/Lease', { check: checks(addLease) }],
  ['discovery.k8s.io/EndpointSlice', { check: checks(addEndpointSlice), update: changes(addEndpointSliceUpdate) }],
  ['scheduling.k8s.io/PriorityClass', { check: checks(addPriorityClass), update: changes(addPriorityClassUpdate) }],
  ['node.k8s.io/RuntimeClass', { check: checks(addRuntimeClass), update: changes(addRuntimeClassUpdate) }],
  [
    'certificates.k8s.io/CertificateSigningRequest',
    {
      name: 'path',
      check: checks(addSigningRequest),
      update: changes(addSigningRequestUpdate),
      subresources: { approval: changes(addSigningRequestApproval), status: changes(addSigningRequestStatus) },
    },
  ],
  [`${admission}/ValidatingWebhookConfiguration`, { check: checks(addWebhooks) }],
  [`${admission}/MutatingWebhookConfiguration`, { check: checks(addWebhooks) }],
  [
    `${flowcontrol}/FlowSchema`,
    { check: checks(addFlowSchema), subresources: { status: changes(addFlowSchemaStatusUpdate) } },
  ],
  [
    `${flowcontrol}/PriorityLevelConfiguration`,
    { check: checks(addPriorityLevel), subresources: { status: changes(addFlowSchemaStatusUpdate) } },
  ],
  [
    'apiregistration.k8s.io/APIService',
    { name: 'path', check: checks(addApiService), subresources: { status: changes(addApiServiceStatus) } },
  ],
]);

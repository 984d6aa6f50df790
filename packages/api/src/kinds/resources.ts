/** The built-in collections as values a typed client takes: `client.list(resources.pods)` knows that it returns pods. */
import type { ApiObject, GroupVersionResource } from '../object.ts';
import type {
  APIService,
  Binding,
  CertificateSigningRequest,
  ClusterRole,
  ClusterRoleBinding,
  ComponentStatus,
  ConfigMap,
  ControllerRevision,
  CronJob,
  CSIDriver,
  CSINode,
  CSIStorageCapacity,
  CustomResourceDefinition,
  DaemonSet,
  Deployment,
  EndpointSlice,
  Endpoints,
  Event,
  EventV1,
  FlowSchema,
  HorizontalPodAutoscaler,
  HorizontalPodAutoscalerV1,
  Ingress,
  IngressClass,
  Job,
  Lease,
  LimitRange,
  LocalSubjectAccessReview,
  MutatingWebhookConfiguration,
  Namespace,
  NetworkPolicy,
  Node,
  NodeMetrics,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  PodDisruptionBudget,
  PodMetrics,
  PodTemplate,
  PriorityClass,
  PriorityLevelConfiguration,
  ReplicaSet,
  ReplicationController,
  ResourceQuota,
  Role,
  RoleBinding,
  RuntimeClass,
  Secret,
  SelfSubjectAccessReview,
  SelfSubjectReview,
  SelfSubjectRulesReview,
  Service,
  ServiceAccount,
  StatefulSet,
  StorageClass,
  SubjectAccessReview,
  TokenReview,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
  ValidatingWebhookConfiguration,
  VolumeAttachment,
} from './types.ts';

/** One collection at one version, and the type of its objects. `__type` exists for the compiler only. */
export interface ResourceOf<T extends ApiObject> extends GroupVersionResource {
  readonly kind: string;
  readonly namespaced: boolean;
  readonly __type?: T;
}

const of =
  (group: string, version: string, namespaced: boolean) =>
  <T extends ApiObject>(resource: string, kind: T['kind']): ResourceOf<T> => ({
    group,
    version,
    resource,
    kind,
    namespaced,
  });

const coreInNamespace = of('', 'v1', true);
const coreOfCluster = of('', 'v1', false);
const appsInNamespace = of('apps', 'v1', true);
const batchInNamespace = of('batch', 'v1', true);
const autoscalingInNamespace = of('autoscaling', 'v2', true);
const networkingInNamespace = of('networking.k8s.io', 'v1', true);
const networkingOfCluster = of('networking.k8s.io', 'v1', false);
const policyInNamespace = of('policy', 'v1', true);
const rbacOfCluster = of('rbac.authorization.k8s.io', 'v1', false);
const rbacInNamespace = of('rbac.authorization.k8s.io', 'v1', true);
const storageOfCluster = of('storage.k8s.io', 'v1', false);
const storageInNamespace = of('storage.k8s.io', 'v1', true);
const coordinationInNamespace = of('coordination.k8s.io', 'v1', true);
const discoveryInNamespace = of('discovery.k8s.io', 'v1', true);
const schedulingOfCluster = of('scheduling.k8s.io', 'v1', false);
const nodeOfCluster = of('node.k8s.io', 'v1', false);
const certificatesOfCluster = of('certificates.k8s.io', 'v1', false);
const admissionregistrationOfCluster = of('admissionregistration.k8s.io', 'v1', false);
const apiextensionsOfCluster = of('apiextensions.k8s.io', 'v1', false);
const apiregistrationOfCluster = of('apiregistration.k8s.io', 'v1', false);
const flowcontrolOfCluster = of('flowcontrol.apiserver.k8s.io', 'v1', false);
const authenticationOfCluster = of('authentication.k8s.io', 'v1', false);
const authorizationOfCluster = of('authorization.k8s.io', 'v1', false);
const authorizationInNamespace = of('authorization.k8s.io', 'v1', true);
const metricsInNamespace = of('metrics.k8s.io', 'v1beta1', true);
const metricsOfCluster = of('metrics.k8s.io', 'v1beta1', false);

/** Every built-in collection under its plural name. Where a kind has several versions, the preferred one has the plain name. */
export const resources = {
  bindings: coreInNamespace<Binding>('bindings', 'Binding'),
  componentstatuses: coreOfCluster<ComponentStatus>('componentstatuses', 'ComponentStatus'),
  configmaps: coreInNamespace<ConfigMap>('configmaps', 'ConfigMap'),
  endpoints: coreInNamespace<Endpoints>('endpoints', 'Endpoints'),
  events: coreInNamespace<Event>('events', 'Event'),
  limitranges: coreInNamespace<LimitRange>('limitranges', 'LimitRange'),
  namespaces: coreOfCluster<Namespace>('namespaces', 'Namespace'),
  nodes: coreOfCluster<Node>('nodes', 'Node'),
  persistentvolumeclaims: coreInNamespace<PersistentVolumeClaim>('persistentvolumeclaims', 'PersistentVolumeClaim'),
  persistentvolumes: coreOfCluster<PersistentVolume>('persistentvolumes', 'PersistentVolume'),
  pods: coreInNamespace<Pod>('pods', 'Pod'),
  podtemplates: coreInNamespace<PodTemplate>('podtemplates', 'PodTemplate'),
  replicationcontrollers: coreInNamespace<ReplicationController>('replicationcontrollers', 'ReplicationController'),
  resourcequotas: coreInNamespace<ResourceQuota>('resourcequotas', 'ResourceQuota'),
  secrets: coreInNamespace<Secret>('secrets', 'Secret'),
  serviceaccounts: coreInNamespace<ServiceAccount>('serviceaccounts', 'ServiceAccount'),
  services: coreInNamespace<Service>('services', 'Service'),
  controllerrevisions: appsInNamespace<ControllerRevision>('controllerrevisions', 'ControllerRevision'),
  daemonsets: appsInNamespace<DaemonSet>('daemonsets', 'DaemonSet'),
  deployments: appsInNamespace<Deployment>('deployments', 'Deployment'),
  replicasets: appsInNamespace<ReplicaSet>('replicasets', 'ReplicaSet'),
  statefulsets: appsInNamespace<StatefulSet>('statefulsets', 'StatefulSet'),
  cronjobs: batchInNamespace<CronJob>('cronjobs', 'CronJob'),
  jobs: batchInNamespace<Job>('jobs', 'Job'),
  horizontalpodautoscalers: autoscalingInNamespace<HorizontalPodAutoscaler>(
    'horizontalpodautoscalers',
    'HorizontalPodAutoscaler',
  ),
  ingresses: networkingInNamespace<Ingress>('ingresses', 'Ingress'),
  ingressclasses: networkingOfCluster<IngressClass>('ingressclasses', 'IngressClass'),
  networkpolicies: networkingInNamespace<NetworkPolicy>('networkpolicies', 'NetworkPolicy'),
  poddisruptionbudgets: policyInNamespace<PodDisruptionBudget>('poddisruptionbudgets', 'PodDisruptionBudget'),
  clusterroles: rbacOfCluster<ClusterRole>('clusterroles', 'ClusterRole'),
  clusterrolebindings: rbacOfCluster<ClusterRoleBinding>('clusterrolebindings', 'ClusterRoleBinding'),
  roles: rbacInNamespace<Role>('roles', 'Role'),
  rolebindings: rbacInNamespace<RoleBinding>('rolebindings', 'RoleBinding'),
  csidrivers: storageOfCluster<CSIDriver>('csidrivers', 'CSIDriver'),
  csinodes: storageOfCluster<CSINode>('csinodes', 'CSINode'),
  csistoragecapacities: storageInNamespace<CSIStorageCapacity>('csistoragecapacities', 'CSIStorageCapacity'),
  storageclasses: storageOfCluster<StorageClass>('storageclasses', 'StorageClass'),
  volumeattachments: storageOfCluster<VolumeAttachment>('volumeattachments', 'VolumeAttachment'),
  leases: coordinationInNamespace<Lease>('leases', 'Lease'),
  endpointslices: discoveryInNamespace<EndpointSlice>('endpointslices', 'EndpointSlice'),
  priorityclasses: schedulingOfCluster<PriorityClass>('priorityclasses', 'PriorityClass'),
  runtimeclasses: nodeOfCluster<RuntimeClass>('runtimeclasses', 'RuntimeClass'),
  certificatesigningrequests: certificatesOfCluster<CertificateSigningRequest>(
    'certificatesigningrequests',
    'CertificateSigningRequest',
  ),
  mutatingwebhookconfigurations: admissionregistrationOfCluster<MutatingWebhookConfiguration>(
    'mutatingwebhookconfigurations',
    'MutatingWebhookConfiguration',
  ),
  validatingwebhookconfigurations: admissionregistrationOfCluster<ValidatingWebhookConfiguration>(
    'validatingwebhookconfigurations',
    'ValidatingWebhookConfiguration',
  ),
  validatingadmissionpolicies: admissionregistrationOfCluster<ValidatingAdmissionPolicy>(
    'validatingadmissionpolicies',
    'ValidatingAdmissionPolicy',
  ),
  validatingadmissionpolicybindings: admissionregistrationOfCluster<ValidatingAdmissionPolicyBinding>(
    'validatingadmissionpolicybindings',
    'ValidatingAdmissionPolicyBinding',
  ),
  customresourcedefinitions: apiextensionsOfCluster<CustomResourceDefinition>(
    'customresourcedefinitions',
    'CustomResourceDefinition',
  ),
  apiservices: apiregistrationOfCluster<APIService>('apiservices', 'APIService'),
  flowschemas: flowcontrolOfCluster<FlowSchema>('flowschemas', 'FlowSchema'),
  prioritylevelconfigurations: flowcontrolOfCluster<PriorityLevelConfiguration>(
    'prioritylevelconfigurations',
    'PriorityLevelConfiguration',
  ),
  tokenreviews: authenticationOfCluster<TokenReview>('tokenreviews', 'TokenReview'),
  selfsubjectreviews: authenticationOfCluster<SelfSubjectReview>('selfsubjectreviews', 'SelfSubjectReview'),
  subjectaccessreviews: authorizationOfCluster<SubjectAccessReview>('subjectaccessreviews', 'SubjectAccessReview'),
  selfsubjectaccessreviews: authorizationOfCluster<SelfSubjectAccessReview>(
    'selfsubjectaccessreviews',
    'SelfSubjectAccessReview',
  ),
  localsubjectaccessreviews: authorizationInNamespace<LocalSubjectAccessReview>(
    'localsubjectaccessreviews',
    'LocalSubjectAccessReview',
  ),
  selfsubjectrulesreviews: authorizationOfCluster<SelfSubjectRulesReview>(
    'selfsubjectrulesreviews',
    'SelfSubjectRulesReview',
  ),
  horizontalpodautoscalersV1: of(
    'autoscaling',
    'v1',
    true,
  )<HorizontalPodAutoscalerV1>('horizontalpodautoscalers', 'HorizontalPodAutoscaler'),
  eventsV1: of('events.k8s.io', 'v1', true)<EventV1>('events', 'Event'),
  podmetrics: metricsInNamespace<PodMetrics>('pods', 'PodMetrics'),
  nodemetrics: metricsOfCluster<NodeMetrics>('nodes', 'NodeMetrics'),
} as const;

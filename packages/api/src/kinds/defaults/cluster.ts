/** Defaults of the remaining kinds that need more than a constant. */
import type {
  ClusterRoleBinding,
  CustomResourceDefinition,
  LimitRange,
  Namespace,
  NetworkPolicy,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  ResourceQuota,
  RoleBinding,
  Service,
} from '../types.ts';
import { type ResourceList, roundResources, withResourcesOf } from './resources.ts';

/** How long a client stays with its endpoint by default: three hours. */
const clientAffinitySeconds = 10_800;

export function defaultService({ spec, status }: Service): void {
  if (spec.sessionAffinity === 'None') delete spec.sessionAffinityConfig;
  if (spec.sessionAffinity === 'ClientIP' && spec.sessionAffinityConfig?.clientIP?.timeoutSeconds === undefined) {
    spec.sessionAffinityConfig = { clientIP: { timeoutSeconds: clientAffinitySeconds } };
  }
  for (const port of spec.ports ?? []) {
    if (port.targetPort === undefined || port.targetPort === 0 || port.targetPort === '') port.targetPort = port.port;
  }
  const isLoadBalancer = spec.type === 'LoadBalancer';
  const isReachedFromOutside =
    isLoadBalancer || spec.type === 'NodePort' || (spec.type === 'ClusterIP' && (spec.externalIPs?.length ?? 0) > 0);
  if (isReachedFromOutside) spec.externalTrafficPolicy ??= 'Cluster';
  if (isLoadBalancer || spec.type === 'NodePort' || spec.type === 'ClusterIP') spec.internalTrafficPolicy ??= 'Cluster';
  if (!isLoadBalancer) return;
  spec.allocateLoadBalancerNodePorts ??= true;
  for (const ingress of status?.loadBalancer?.ingress ?? []) {
    if (ingress.ip !== undefined) ingress.ipMode ??= 'VIP';
  }
}

/** A namespace carries its name as a label, so that selectors can name it. */
export function defaultNamespace({ metadata }: Namespace): void {
  if (metadata.name === undefined || metadata.name === '') return;
  metadata.labels = { ...metadata.labels, 'kubernetes.io/metadata.name': metadata.name };
}

export function defaultNode({ status }: Node): void {
  if (status === undefined) return;
  if (status.allocatable === undefined && status.capacity !== undefined) status.allocatable = { ...status.capacity };
  roundResources(status.capacity, status.allocatable);
}

export function defaultPersistentVolume({ spec }: PersistentVolume): void {
  roundResources(spec.capacity);
}

export function defaultPersistentVolumeClaim({ spec, status }: PersistentVolumeClaim): void {
  roundResources(spec.resources?.limits, spec.resources?.requests, status?.capacity, status?.allocatedResources);
}

export function defaultResourceQuota({ spec, status }: ResourceQuota): void {
  roundResources(spec?.hard, status?.hard, status?.used);
}

/** For containers: a default limit is the maximum, a default request is the default limit, or else the minimum. */
export function defaultLimitRange({ spec }: LimitRange): void {
  for (const item of spec?.limits ?? []) {
    roundResources(item.max, item.min, item.default, item.defaultRequest, item.maxLimitRequestRatio);
    if (item.type !== 'Container') continue;
    const limits = withResourcesOf(item.default, item.max);
    const requests = withResourcesOf(withResourcesOf(item.defaultRequest, limits), item.min);
    if (hasSome(limits)) item.default = limits;
    if (hasSome(requests)) item.defaultRequest = requests;
  }
}

const hasSome = (list: ResourceList): boolean => Object.keys(list).length > 0;

export function defaultNetworkPolicy({ spec }: NetworkPolicy): void {
  if (spec.policyTypes !== undefined && spec.policyTypes.length > 0) return;
  spec.policyTypes = (spec.egress?.length ?? 0) > 0 ? ['Ingress', 'Egress'] : ['Ingress'];
}

const rbacGroup = 'rbac.authorization.k8s.io';

export function defaultRoleBinding(binding: RoleBinding | ClusterRoleBinding): void {
  if (binding.roleRef?.apiGroup === '') binding.roleRef.apiGroup = rbacGroup;
  for (const subject of binding.subjects ?? []) {
    if (subject.kind === 'User' || subject.kind === 'Group') subject.apiGroup ??= rbacGroup;
  }
}

export function defaultCustomResourceDefinition({ spec, status }: CustomResourceDefinition): void {
  const { names } = spec;
  if (names?.kind !== undefined && names.kind !== '') {
    names.singular ??= names.kind.toLowerCase();
    names.listKind ??= `${names.kind}List`;
  }
  spec.conversion ??= { strategy: 'None' };
  if (status !== undefined && (status.storedVersions?.length ?? 0) === 0) {
    const stored = spec.versions?.find((version) => version.storage);
    if (stored !== undefined) status.storedVersions = [stored.name];
  }
}

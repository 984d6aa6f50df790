/** What a node may not write even where it may write: rules that need the object itself (Kubernetes' NodeRestriction admission). */
import { ApiError, forbidden, type Json, type JsonObject, notFound } from '@skiff/api';
import type { AdmissionRequest, AdmissionStep } from '../registry/contract.ts';
import type { ObjectReader } from '../tokens/objects.ts';
import { identityOf } from './live.ts';
import { nodeOf } from './node-identity.ts';

const asObject = (value: Json | undefined): JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};

const same = (a: Json | undefined, b: Json | undefined): boolean =>
  JSON.stringify(a ?? null) === JSON.stringify(b ?? null);

/** Labels of Kubernetes' own domains that an agent may set on its node (k8s.io/kubelet/pkg/apis/well_known_labels.go). */
const allowedLabels = new Set([
  'kubernetes.io/hostname',
  'kubernetes.io/os',
  'kubernetes.io/arch',
  'beta.kubernetes.io/os',
  'beta.kubernetes.io/arch',
  'node.kubernetes.io/instance-type',
  'beta.kubernetes.io/instance-type',
  'topology.kubernetes.io/region',
  'topology.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
]);

const inDomain = (prefix: string, domain: string): boolean => prefix === domain || prefix.endsWith(`.${domain}`);

/** True for a label that only an administrator may set on a node. */
export function isRestrictedLabel(key: string): boolean {
  const [prefix = ''] = key.includes('/') ? key.split('/') : [''];
  if (allowedLabels.has(key)) return false;
  if (inDomain(prefix, 'kubelet.kubernetes.io') || inDomain(prefix, 'node.kubernetes.io')) return false;
  return inDomain(prefix, 'kubernetes.io') || inDomain(prefix, 'k8s.io');
}

const changedLabels = (object: JsonObject, old: JsonObject): readonly string[] => {
  const [now, before] = [asObject(asObject(object.metadata).labels), asObject(asObject(old.metadata).labels)];
  return [...new Set([...Object.keys(now), ...Object.keys(before)])].filter(
    (key) =>
      (Object.hasOwn(now, key) ? now[key] : undefined) !== (Object.hasOwn(before, key) ? before[key] : undefined),
  );
};

/** Why `nodeName` may not write this Node, or undefined. */
export function nodeFault(nodeName: string, object: JsonObject, old: JsonObject | undefined): string | undefined {
  const { name } = identityOf(object);
  if (name !== nodeName)
    return `node ${JSON.stringify(nodeName)} is not allowed to modify node ${JSON.stringify(name)}`;
  const restricted = changedLabels(object, old ?? {}).filter(isRestrictedLabel);
  if (restricted.length > 0) {
    const list = restricted.sort().join(', ');
    return old === undefined
      ? `node ${JSON.stringify(nodeName)} is not allowed to set the following labels: ${list}`
      : `is not allowed to modify labels: ${list}`;
  }
  const [spec, oldSpec] = [asObject(object.spec), asObject(old?.spec)];
  if (old !== undefined && !same(spec.taints, oldSpec.taints))
    return `node ${JSON.stringify(nodeName)} is not allowed to modify taints`;
  if (!same(asObject(object.metadata).ownerReferences, asObject(old?.metadata).ownerReferences))
    return `node ${JSON.stringify(nodeName)} is not allowed to modify ownerReferences`;
  return undefined;
}

/** Why `nodeName` may not write this pod's status, or undefined: labels and owners are not status. */
export function podStatusFault(nodeName: string, object: JsonObject, old: JsonObject): string | undefined {
  const where = asObject(old.spec).nodeName;
  if (where !== nodeName)
    return `node ${JSON.stringify(nodeName)} can only update pod status for pods with spec.nodeName set to itself`;
  if (!same(asObject(object.metadata).labels, asObject(old.metadata).labels))
    return `node ${JSON.stringify(nodeName)} cannot update labels through pod status`;
  return undefined;
}

function faultOf(nodeName: string, request: AdmissionRequest): string | undefined {
  const { target, object, oldObject } = request;
  const { resource, subresource } = target;
  if (object === undefined) return undefined;
  if (target.group === '' && resource === 'nodes' && request.operation !== 'DELETE')
    return nodeFault(nodeName, object, oldObject);
  if (target.group === '' && resource === 'pods' && subresource === 'status' && oldObject !== undefined)
    return podStatusFault(nodeName, object, oldObject);
  if (target.group === 'coordination.k8s.io' && resource === 'leases') {
    const { namespace, name } = identityOf(object);
    if (namespace !== 'kube-node-lease') return 'can only access leases in the "kube-node-lease" system namespace';
    if (name !== nodeName) return 'can only access node lease with the same name as the requesting node';
  }
  if (target.group === 'storage.k8s.io' && resource === 'csinodes' && identityOf(object).name !== nodeName)
    return 'can only access CSINode with the same name as the requesting node';
  return undefined;
}

const isTokenRequest = ({ target }: AdmissionRequest): boolean =>
  target.group === '' && target.resource === 'serviceaccounts' && target.subresource === 'token';

/** Why a node may not have this token, or undefined: it must be bound to a pod of that node, by name and uid. */
async function tokenFault(nodeName: string, request: AdmissionRequest, objects: ObjectReader) {
  const bound = asObject(asObject(request.object?.spec).boundObjectRef);
  const { apiVersion, kind, name, uid } = bound;
  if (apiVersion !== 'v1' || kind !== 'Pod' || typeof name !== 'string' || name === '')
    return 'node requested token not bound to a pod';
  if (typeof uid !== 'string' || uid === '') return 'node requested token with a pod binding without a uid';
  const { namespace } = request.target;
  const pod = await objects.get('pods', namespace, name, request.context.signal);
  if (pod === undefined) throw notFound({ group: '', resource: 'pods' }, name);
  if (asObject(pod.metadata).uid !== uid)
    return `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`;
  if (asObject(pod.spec).nodeName !== nodeName)
    return 'node requested token bound to a pod scheduled on a different node';
  return undefined;
}

/** The registry whose pods are read is made after the steps that judge its writes. */
export const nodeRestriction = (objects: () => ObjectReader): AdmissionStep => ({
  name: 'NodeRestriction',
  validate(request) {
    const { user } = request.context;
    const nodeName = nodeOf(user);
    if (nodeName === undefined) {
      // In the group but with no node's name: whoever signed that made a mistake that must not widen anything.
      if (user.groups.includes('system:nodes')) throw new ApiError('Forbidden', 'could not determine node from user');
      return;
    }
    const refuse = (fault: string | undefined): void => {
      if (fault !== undefined) throw forbidden(request.target, request.target.name, fault);
    };
    if (isTokenRequest(request)) return tokenFault(nodeName, request, objects()).then(refuse);
    refuse(faultOf(nodeName, request));
  },
});

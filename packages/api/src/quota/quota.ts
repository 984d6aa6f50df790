/** ResourceQuota: what an object is charged, and whether a quota has room for it (apiserver/pkg/quota/v1). Pure. */
import type { PersistentVolumeClaim, Pod, ResourceQuota, Service } from '../kinds/types.ts';
import type { ApiObject } from '../object.ts';
import { type Amounts, addAmounts, amountsText, oneQuantity, pickAmounts, toAmounts, zeroQuantity } from './amounts.ts';
import { chargeOfPod, isInScope, isOver, isPodResource, podConstraintFault, type ScopeRequirement } from './pods.ts';

/** A collection, as quotas name it. */
export interface Counted {
  readonly group: string;
  readonly resource: string;
}

const isCore = (of: Counted, resource: string): boolean => of.group === '' && of.resource === resource;

/** `count/deployments.apps`, `count/secrets`. */
const countName = ({ group, resource }: Counted): string =>
  group === '' ? `count/${resource}` : `count/${resource}.${group}`;

/** Collections of core that quotas counted before there was `count/`. */
const plainCounts = new Set([
  'configmaps',
  'resourcequotas',
  'replicationcontrollers',
  'secrets',
  'services',
  'persistentvolumeclaims',
]);

const classMark = '.storageclass.storage.k8s.io/';
const whole = (count: number) => ({ ...oneQuantity, nano: BigInt(count) * oneQuantity.nano });

function chargeOfService({ spec }: Service): Amounts {
  const ports = spec.ports ?? [];
  const result = new Map<string, typeof oneQuantity>();
  // Node ports are counted by intent: they are not allocated yet.
  if (spec.type === 'NodePort') result.set('services.nodeports', whole(ports.length));
  if (spec.type === 'LoadBalancer') {
    const allocates = spec.allocateLoadBalancerNodePorts !== false;
    const count = allocates ? ports.length : ports.filter((port) => (port.nodePort ?? 0) !== 0).length;
    result.set('services.nodeports', whole(count)).set('services.loadbalancers', oneQuantity);
  }
  return result;
}

const betaClass = 'volume.beta.kubernetes.io/storage-class';

function chargeOfClaim({ spec, status, metadata }: PersistentVolumeClaim): Amounts {
  const asked = toAmounts(spec.resources?.requests).get('storage');
  const allocated = toAmounts(status?.allocatedResources).get('storage') ?? zeroQuantity;
  const storage = asked !== undefined && allocated.nano > asked.nano ? allocated : asked;
  const className = metadata.annotations?.[betaClass] ?? spec.storageClassName ?? '';
  const result = new Map<string, typeof oneQuantity>();
  if (storage !== undefined) result.set('requests.storage', storage);
  if (className !== '') {
    result.set(`${className}${classMark}persistentvolumeclaims`, oneQuantity);
    if (storage !== undefined) result.set(`${className}${classMark}requests.storage`, storage);
  }
  return result;
}

/** What one object of the collection uses of quotas. */
export function chargeOf(of: Counted, object: ApiObject, nowMs: number): Amounts {
  if (isCore(of, 'pods')) return chargeOfPod(object as Pod, nowMs);
  const counts = new Map([[countName(of), oneQuantity]]);
  if (of.group === '' && plainCounts.has(of.resource)) counts.set(of.resource, oneQuantity);
  if (isCore(of, 'services')) return addAmounts(counts, chargeOfService(object as Service));
  if (isCore(of, 'persistentvolumeclaims')) return addAmounts(counts, chargeOfClaim(object as PersistentVolumeClaim));
  return counts;
}

/** True when a quota on `name` counts objects of the collection. */
export function isTracked(of: Counted, name: string): boolean {
  if (isCore(of, 'pods')) return isPodResource(name);
  if (name === countName(of) || (of.group === '' && plainCounts.has(of.resource) && name === of.resource)) return true;
  if (isCore(of, 'services')) return name === 'services.nodeports' || name === 'services.loadbalancers';
  return isCore(of, 'persistentvolumeclaims') && (name === 'requests.storage' || name.includes(classMark));
}

function requirementsOf({ spec }: ResourceQuota): readonly ScopeRequirement[] {
  const plain = (spec?.scopes ?? []).map((scopeName) => ({ scopeName, operator: 'Exists' }));
  return [...plain, ...(spec?.scopeSelector?.matchExpressions ?? [])];
}

/** True when the quota's scopes hold the object. Only pods have scopes. */
export function isInScopes(quota: ResourceQuota, of: Counted, object: ApiObject): boolean {
  const requirements = requirementsOf(quota);
  if (requirements.length === 0) return true;
  return isCore(of, 'pods') && requirements.every((requirement) => isInScope(object as Pod, requirement));
}

export type Verdict =
  /** The quota does not count this. */
  | { readonly type: 'none' }
  /** What `status.used` becomes. */
  | { readonly type: 'charge'; readonly used: Amounts }
  | { readonly type: 'refuse'; readonly why: string };

/** Whether `quota` has room for `charge`, which is what `object` adds to what is there. Texts are those of Kubernetes' admission plugin. */
export function chargeQuota(quota: ResourceQuota, of: Counted, object: ApiObject, charge: Amounts): Verdict {
  const hard = toAmounts(quota.status?.hard);
  const names = [...hard.keys()].filter((name) => isTracked(of, name));
  if (names.length === 0 || !isInScopes(quota, of, object)) return { type: 'none' };
  const { name } = quota.metadata;
  const fault = isCore(of, 'pods') ? podConstraintFault(object as Pod, names) : undefined;
  if (fault !== undefined) return { type: 'refuse', why: `failed quota: ${name}: ${fault}` };
  const used = toAmounts(quota.status?.used);
  if (names.some((one) => !used.has(one)))
    return { type: 'refuse', why: `status unknown for quota: ${name}, resources: ${[...names].sort().join(',')}` };
  const requested = pickAmounts(charge, hard.keys());
  if (requested.size === 0) return { type: 'none' };
  const next = addAmounts(used, requested);
  const over = isOver(pickAmounts(next, requested.keys()), hard);
  if (over.length === 0) return { type: 'charge', used: next };
  const [asked, had, limited] = [requested, used, hard].map((amounts) => amountsText(pickAmounts(amounts, over)));
  return { type: 'refuse', why: `exceeded quota: ${name}, requested: ${asked}, used: ${had}, limited: ${limited}` };
}

/** Everything of a namespace that a quota counts, added up; every name of `spec.hard` is in it. */
export function usedOf(
  quota: ResourceQuota,
  collections: Iterable<{ readonly of: Counted; readonly objects: readonly ApiObject[] }>,
  nowMs: number,
): Amounts {
  const names = Object.keys(quota.spec?.hard ?? {});
  const zeros: Amounts = new Map(names.map((name) => [name, zeroQuantity]));
  const charges: Amounts[] = [zeros];
  for (const { of, objects } of collections) {
    const tracked = names.filter((name) => isTracked(of, name));
    if (tracked.length === 0) continue;
    for (const object of objects)
      if (isInScopes(quota, of, object)) charges.push(pickAmounts(chargeOf(of, object, nowMs), tracked));
  }
  return addAmounts(...charges);
}

/** Services: what an update leaves out is carried over, what the new type does not have is dropped. Addresses and ports are taken elsewhere. */
import type { JsonObject } from '@skiff/api';
import { childObject, numberAt, objectAt, objectsAt, own, put, same, textAt } from '../../patch/values.ts';
import { putOrDelete } from '../meta.ts';
import { standard } from './standard.ts';

export const typeOf = (service: JsonObject): string => textAt(service, 'spec', 'type') || 'ClusterIP';
export const hasClusterIP = (service: JsonObject): boolean => typeOf(service) !== 'ExternalName';

/** True for services whose ports are opened on nodes. */
export function hasNodePorts(service: JsonObject): boolean {
  const type = typeOf(service);
  const refused = own(objectAt(service, 'spec') ?? {}, 'allocateLoadBalancerNodePorts') === false;
  return type === 'NodePort' || (type === 'LoadBalancer' && !refused);
}

export const hasHealthCheckPort = (service: JsonObject): boolean =>
  typeOf(service) === 'LoadBalancer' && textAt(service, 'spec', 'externalTrafficPolicy') === 'Local';

export const services = standard(
  { status: { loadBalancer: {} } },
  {
    allowCreateOnUpdate: true,
    normalise: settleClusterIPs,
    prepareForUpdate(object, old) {
      followClusterIP(object, old);
      carryOver(object, old);
      dropForeignFields(object, old);
      if (typeOf(object) !== 'LoadBalancer') put(object, 'status', { loadBalancer: {} });
    },
    selectablePaths: [
      ['spec', 'clusterIP'],
      ['spec', 'type'],
    ],
    selectableFields: (object) => ({
      'spec.clusterIP': textAt(object as JsonObject, 'spec', 'clusterIP'),
      'spec.type': textAt(object as JsonObject, 'spec', 'type'),
    }),
  },
);

/** `clusterIP` is the first of `clusterIPs`; old clients know only the one. */
function settleClusterIPs(object: JsonObject): void {
  const spec = objectAt(object, 'spec');
  if (spec === undefined) return;
  const single = textAt(spec, 'clusterIP');
  const list = own(spec, 'clusterIPs');
  if (single !== '' && list === undefined) put(spec, 'clusterIPs', [single]);
}

/** A client that changes `clusterIP` alone, and sends back `clusterIPs` as it got them, means both. */
function followClusterIP(object: JsonObject, old: JsonObject): void {
  const spec = childObject(object, 'spec');
  const before = objectAt(old, 'spec') ?? {};
  const single = textAt(spec, 'clusterIP');
  if (single === textAt(before, 'clusterIP') || !same(own(spec, 'clusterIPs'), own(before, 'clusterIPs'))) return;
  putOrDelete(spec, 'clusterIPs', single === '' ? undefined : [single]);
}

/** Values the server chose are kept when an update does not repeat them. */
function carryOver(object: JsonObject, old: JsonObject): void {
  const spec = childObject(object, 'spec');
  const before = objectAt(old, 'spec') ?? {};
  if (hasClusterIP(old) && hasClusterIP(object)) {
    if (textAt(spec, 'clusterIP') === '' && own(spec, 'clusterIPs') === undefined) {
      for (const key of ['clusterIP', 'clusterIPs']) putOrDelete(spec, key, own(before, key));
    }
    for (const key of ['ipFamilies', 'ipFamilyPolicy']) {
      if (own(spec, key) === undefined) putOrDelete(spec, key, own(before, key));
    }
  }
  if (hasNodePorts(old) && hasNodePorts(object)) carryNodePorts(objectsAt(spec, 'ports'), objectsAt(before, 'ports'));
  if (hasHealthCheckPort(old) && hasHealthCheckPort(object) && (numberAt(spec, 'healthCheckNodePort') ?? 0) === 0) {
    putOrDelete(spec, 'healthCheckNodePort', own(before, 'healthCheckNodePort'));
  }
}

function carryNodePorts(ports: readonly JsonObject[], before: readonly JsonObject[]): void {
  const keyOf = (port: JsonObject): string => `${textAt(port, 'protocol') || 'TCP'}/${numberAt(port, 'port') ?? 0}`;
  const known = new Map(before.map((port) => [keyOf(port), numberAt(port, 'nodePort') ?? 0]));
  const taken = new Set(ports.map((port) => numberAt(port, 'nodePort') ?? 0));
  for (const port of ports) {
    const nodePort = known.get(keyOf(port)) ?? 0;
    if ((numberAt(port, 'nodePort') ?? 0) === 0 && nodePort !== 0 && !taken.has(nodePort))
      put(port, 'nodePort', nodePort);
  }
}

/** A change of type drops what only the old type had, unless the update changed that very value. */
function dropForeignFields(object: JsonObject, old: JsonObject): void {
  const spec = childObject(object, 'spec');
  const before = objectAt(old, 'spec') ?? {};
  const unchanged = (key: string): boolean => same(own(spec, key), own(before, key));
  const drop = (...keys: readonly string[]): void => {
    for (const key of keys) delete spec[key];
  };
  if (hasClusterIP(old) && !hasClusterIP(object)) {
    if (unchanged('clusterIP') && unchanged('clusterIPs')) drop('clusterIP', 'clusterIPs');
    for (const key of ['ipFamilies', 'ipFamilyPolicy']) if (unchanged(key)) drop(key);
  }
  if (hasNodePorts(old) && !hasNodePorts(object) && sameNodePorts(spec, before)) {
    for (const port of objectsAt(spec, 'ports')) delete port.nodePort;
  }
  if (hasHealthCheckPort(old) && !hasHealthCheckPort(object) && unchanged('healthCheckNodePort')) {
    drop('healthCheckNodePort');
  }
  const isExternal = (service: JsonObject): boolean => ['NodePort', 'LoadBalancer'].includes(typeOf(service));
  if (isExternal(old) && !isExternal(object) && unchanged('externalTrafficPolicy')) drop('externalTrafficPolicy');
  if (typeOf(old) === 'LoadBalancer' && typeOf(object) !== 'LoadBalancer') {
    if (unchanged('allocateLoadBalancerNodePorts')) drop('allocateLoadBalancerNodePorts');
    if (unchanged('loadBalancerClass')) drop('loadBalancerClass');
  }
}

function sameNodePorts(spec: JsonObject, before: JsonObject): boolean {
  const ports = (of: JsonObject): string =>
    objectsAt(of, 'ports')
      .map((port) => numberAt(port, 'nodePort') ?? 0)
      .sort((a, b) => a - b)
      .join();
  return ports(spec) === ports(before);
}

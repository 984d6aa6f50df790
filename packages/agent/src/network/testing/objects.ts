/** Short ways to write the objects that the network rooms read. */
import type { EndpointSlice, Namespace, Node, Service } from '@skiff/api';

const meta = (namespace: string, name: string, labels: Record<string, string> = {}) => ({
  namespace,
  name,
  uid: `uid-${namespace}-${name}`,
  resourceVersion: '1',
  creationTimestamp: '2026-01-01T00:00:00Z',
  labels,
});

export function namespace(name: string): Namespace {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { ...meta('', name), namespace: '' } };
}

/** A ClusterIP service with one TCP port 80, unless the spec says otherwise. `path` is `namespace/name`. */
export function service(
  path: string,
  spec: Partial<Service['spec']> = {},
  more: { labels?: Record<string, string>; ingress?: readonly string[] } = {},
): Service {
  const [inside = '', name = ''] = path.split('/');
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: meta(inside, name, more.labels),
    spec: {
      type: 'ClusterIP',
      ports: [{ name: 'http', port: 80, protocol: 'TCP' }],
      ...(spec.clusterIP === undefined ? {} : { clusterIPs: [spec.clusterIP] }),
      ...spec,
    },
    ...(more.ingress === undefined
      ? {}
      : { status: { loadBalancer: { ingress: more.ingress.map((ip) => ({ ip })) } } }),
  };
}

export type EndpointShape = {
  readonly ip: string;
  readonly node?: string;
  readonly hostname?: string;
  readonly zones?: readonly string[];
} & NonNullable<NonNullable<EndpointSlice['endpoints']>[number]['conditions']>;

/** A slice of a service, with one TCP port named http. */
export function slice(
  path: string,
  endpoints: readonly EndpointShape[],
  ports: EndpointSlice['ports'] = [{ name: 'http', port: 8080, protocol: 'TCP' }],
  suffix = 'a',
): EndpointSlice {
  const [inside = '', name = ''] = path.split('/');
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: meta(inside, `${name}-${suffix}`, { 'kubernetes.io/service-name': name }),
    addressType: 'IPv4',
    ports,
    endpoints: endpoints.map(({ ip, node: nodeName, hostname, zones, ...conditions }) => ({
      addresses: [ip],
      conditions,
      ...(nodeName === undefined ? {} : { nodeName }),
      ...(hostname === undefined ? {} : { hostname }),
      ...(zones === undefined ? {} : { hints: { forZones: zones.map((zone) => ({ name: zone })) } }),
    })),
  };
}

export function node(name: string, place: { podCIDR?: string; ip?: string; zone?: string } = {}): Node {
  const labels: Record<string, string> = place.zone === undefined ? {} : { 'topology.kubernetes.io/zone': place.zone };
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: meta('', name, labels),
    spec: place.podCIDR === undefined ? {} : { podCIDR: place.podCIDR, podCIDRs: [place.podCIDR] },
    status: place.ip === undefined ? {} : { addresses: [{ type: 'InternalIP', address: place.ip }] },
  };
}

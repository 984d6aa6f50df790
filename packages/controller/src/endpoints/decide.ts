/** The legacy Endpoints object of a Service. Pure. At most 1000 addresses, as Kubernetes cuts it. */
import { canonicalJson, type EndpointAddress, type Service } from '@skiff/api';
import { type Backend, hostnameOf, type ResolvedPort } from '../endpointslice/endpoints-of.ts';

const maxAddresses = 1000;

export interface Subset {
  addresses?: EndpointAddress[];
  notReadyAddresses?: EndpointAddress[];
  ports?: ResolvedPort[];
}

/** Subsets: backends with the same ports together, by address, ready ones first when there are too many. Terminating pods are in none. */
export function subsetsOf(service: Service, backends: readonly Backend[]): { subsets: Subset[]; truncated: boolean } {
  const hasPorts = (service.spec.ports ?? []).length > 0;
  const shown = backends
    .filter((one) => !(one.terminating && !one.ready) && (one.ports.length > 0 || !hasPorts))
    .sort((a, b) => compare(a.ip, b.ip) || compare(a.pod.metadata.uid ?? '', b.pod.metadata.uid ?? ''));
  const kept = new Set([...shown].sort((a, b) => Number(b.ready) - Number(a.ready)).slice(0, maxAddresses));
  const groups = new Map<string, Required<Subset>>();
  for (const backend of shown.filter((one) => kept.has(one))) {
    const key = canonicalJson(backend.ports);
    const group = groups.get(key) ?? {
      addresses: [],
      notReadyAddresses: [],
      ports: backend.ports.map((port) => ({ ...port })),
    };
    (backend.ready ? group.addresses : group.notReadyAddresses).push(toAddress(service, backend));
    groups.set(key, group);
  }
  const subsets = [...groups.values()].map(({ addresses, notReadyAddresses, ports }) => ({
    ...(addresses.length === 0 ? {} : { addresses }),
    ...(notReadyAddresses.length === 0 ? {} : { notReadyAddresses }),
    ...(ports.length === 0 ? {} : { ports: ports.map(withoutEmptyName) }),
  }));
  return { subsets, truncated: shown.length > maxAddresses };
}

const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

const withoutEmptyName = (port: ResolvedPort): ResolvedPort => {
  const { name, ...rest } = port;
  return name === '' ? (rest as ResolvedPort) : port;
};

function toAddress(service: Service, { pod, ip }: Backend): EndpointAddress {
  const hostname = hostnameOf(service, pod);
  const nodeName = pod.spec.nodeName;
  return {
    ip,
    ...(hostname === undefined ? {} : { hostname }),
    ...(nodeName === undefined ? {} : { nodeName }),
    targetRef: { kind: 'Pod', namespace: pod.metadata.namespace ?? '', name: pod.metadata.name, uid: pod.metadata.uid },
  };
}

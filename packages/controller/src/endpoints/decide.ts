/** The legacy Endpoints object of a Service. Pure. At most 1000 addresses, as Kubernetes cuts it. */
import { canonicalJson, type EndpointAddress, type Service } from '@skiff/api';
import { type Backend, hostnameOf, type ResolvedPort } from '../endpointslice/endpoints-of.ts';

const maxAddresses = 1000;

export interface Subset {
  addresses?: EndpointAddress[];
  notReadyAddresses?: EndpointAddress[];
  ports?: ResolvedPort[];
}

/** Subsets: backends with the same ports together. Terminating pods are in none. */
export function subsetsOf(service: Service, backends: readonly Backend[]): Subset[] {
  const groups = new Map<string, Required<Subset>>();
  let total = 0;
  for (const backend of backends) {
    if (backend.terminating && !backend.ready) continue;
    if (total >= maxAddresses) break;
    total += 1;
    const key = canonicalJson(backend.ports);
    const group = groups.get(key) ?? {
      addresses: [],
      notReadyAddresses: [],
      ports: backend.ports.map((port) => ({ ...port })),
    };
    (backend.ready ? group.addresses : group.notReadyAddresses).push(toAddress(service, backend));
    groups.set(key, group);
  }
  return [...groups.values()].map(({ addresses, notReadyAddresses, ports }) => ({
    ...(addresses.length === 0 ? {} : { addresses }),
    ...(notReadyAddresses.length === 0 ? {} : { notReadyAddresses }),
    ...(ports.length === 0 ? {} : { ports: ports.map(withoutEmptyName) }),
  }));
}

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

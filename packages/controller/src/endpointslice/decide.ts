/**
 * The EndpointSlices a Service should have, as changes to those it has. Pure. As few slices as needed are touched: an
 * endpoint stays in the slice it is in, so that one pod's change is one small event for every node.
 */
import { canonicalJson, type Draft, type Endpoint, type EndpointSlice, type Service } from '@skiff/api';
import { type Backend, hostnameOf, type ResolvedPort } from './endpoints-of.ts';

/** kube-controller-manager's --max-endpoints-per-slice. */
const maxEndpoints = 100;

export const serviceNameLabel = 'kubernetes.io/service-name';
export const managedByLabel = 'endpointslice.kubernetes.io/managed-by';
export const managedBy = 'endpointslice-controller.k8s.io';
const headlessLabel = 'service.kubernetes.io/headless';

export interface SlicePlan {
  readonly create: readonly Draft<EndpointSlice>[];
  readonly update: readonly EndpointSlice[];
  readonly remove: readonly EndpointSlice[];
}

/** `zoneOf`: a node's topology.kubernetes.io/zone. */
export function planSlices(
  service: Service,
  backends: readonly Backend[],
  existing: readonly EndpointSlice[],
  zoneOf: (node: string) => string | undefined,
): SlicePlan {
  const groups = new Map<string, { ports: readonly ResolvedPort[]; endpoints: Map<string, Endpoint> }>();
  for (const backend of backends) {
    const key = canonicalJson(backend.ports);
    const group = groups.get(key) ?? { ports: backend.ports, endpoints: new Map<string, Endpoint>() };
    group.endpoints.set(backend.pod.metadata.uid, toEndpoint(service, backend, zoneOf));
    groups.set(key, group);
  }
  const plan = { create: [] as Draft<EndpointSlice>[], update: [] as EndpointSlice[], remove: [] as EndpointSlice[] };
  const unused = new Set(existing);
  for (const { ports, endpoints } of groups.values()) {
    const slices = existing.filter(
      (slice) => slice.addressType === 'IPv4' && canonicalJson(toResolved(slice)) === canonicalJson(ports),
    );
    for (const slice of slices) unused.delete(slice);
    planGroup(service, ports, endpoints, slices, plan);
  }
  if (groups.size === 0) keepPlaceholder(service, existing, unused, plan);
  plan.remove.push(...unused);
  return plan;
}

interface Plan {
  create: Draft<EndpointSlice>[];
  update: EndpointSlice[];
  remove: EndpointSlice[];
}

function planGroup(
  service: Service,
  ports: readonly ResolvedPort[],
  wanted: Map<string, Endpoint>,
  slices: readonly EndpointSlice[],
  plan: Plan,
): void {
  const left = new Map(wanted);
  const kept = slices.map((slice) => {
    const endpoints: Endpoint[] = [];
    for (const endpoint of slice.endpoints ?? []) {
      const uid = endpoint.targetRef?.uid ?? '';
      const next = left.get(uid);
      if (next === undefined) continue;
      endpoints.push(next);
      left.delete(uid);
    }
    return { slice, endpoints };
  });
  // The fullest slice with room first: slices stay few.
  const fresh = [...left.values()];
  for (const entry of [...kept].sort((a, b) => b.endpoints.length - a.endpoints.length)) {
    entry.endpoints.push(...fresh.splice(0, maxEndpoints - entry.endpoints.length));
  }
  for (const { slice, endpoints } of kept) {
    if (endpoints.length === 0) plan.remove.push(slice);
    else pushIfChanged(service, slice, endpoints, plan);
  }
  while (fresh.length > 0) plan.create.push(draftSlice(service, ports, fresh.splice(0, maxEndpoints)));
}

/** A Service without pods still shows one empty slice, so that its readers know it was looked at. */
function keepPlaceholder(
  service: Service,
  existing: readonly EndpointSlice[],
  unused: Set<EndpointSlice>,
  plan: Plan,
): void {
  const [first] = existing;
  if (first === undefined) {
    plan.create.push(draftSlice(service, [], []));
    return;
  }
  unused.delete(first);
  pushIfChanged(service, { ...first, ports: [] }, [], plan);
}

function pushIfChanged(service: Service, slice: EndpointSlice, endpoints: Endpoint[], plan: Plan): void {
  const next: EndpointSlice = { ...slice, endpoints, metadata: { ...slice.metadata, labels: labelsOf(service) } };
  const same =
    canonicalJson(endpoints) === canonicalJson(slice.endpoints ?? []) &&
    canonicalJson(next.metadata.labels) === canonicalJson(slice.metadata.labels ?? {});
  if (!same) plan.update.push(next);
}

function draftSlice(service: Service, ports: readonly ResolvedPort[], endpoints: Endpoint[]): Draft<EndpointSlice> {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      generateName: `${service.metadata.name}-`,
      namespace: service.metadata.namespace ?? '',
      labels: labelsOf(service),
      ownerReferences: [
        {
          apiVersion: 'v1',
          kind: 'Service',
          name: service.metadata.name,
          uid: service.metadata.uid,
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
    addressType: 'IPv4',
    endpoints,
    ports: ports.map((port) => ({ ...port })),
  };
}

function labelsOf(service: Service): Record<string, string> {
  const headless = service.spec.clusterIP === 'None';
  return {
    ...service.metadata.labels,
    [serviceNameLabel]: service.metadata.name,
    [managedByLabel]: managedBy,
    ...(headless ? { [headlessLabel]: '' } : {}),
  };
}

function toEndpoint(service: Service, backend: Backend, zoneOf: (node: string) => string | undefined): Endpoint {
  const { pod } = backend;
  const nodeName = pod.spec.nodeName;
  const zone = nodeName === undefined ? undefined : zoneOf(nodeName);
  const hostname = hostnameOf(service, pod);
  return {
    addresses: [backend.ip],
    conditions: { ready: backend.ready, serving: backend.serving, terminating: backend.terminating },
    targetRef: { kind: 'Pod', namespace: pod.metadata.namespace ?? '', name: pod.metadata.name, uid: pod.metadata.uid },
    ...(nodeName === undefined ? {} : { nodeName }),
    ...(zone === undefined ? {} : { zone }),
    ...(hostname === undefined ? {} : { hostname }),
  };
}

function toResolved(slice: EndpointSlice): ResolvedPort[] {
  return (slice.ports ?? []).map((port) => ({
    name: port.name ?? '',
    protocol: port.protocol ?? 'TCP',
    port: port.port ?? 0,
    ...(port.appProtocol === undefined ? {} : { appProtocol: port.appProtocol }),
  }));
}

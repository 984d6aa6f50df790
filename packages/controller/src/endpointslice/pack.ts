/**
 * Puts endpoints into slices. Pure. As few slices as needed are touched: an endpoint stays in the slice it is in, so that
 * one pod's change is one small event for every node (the rules of k8s.io/endpointslice's reconciler).
 */
import { canonicalJson, type Draft, type Endpoint, type EndpointSlice } from '@skiff/api';

/** kube-controller-manager's --max-endpoints-per-slice, and --mirroring-max-endpoints-per-subset's slices. */
export const maxEndpoints = 100;

export type SlicePort = NonNullable<EndpointSlice['ports']>[number];

/** Endpoints of one address type with the same ports. */
export interface Group {
  readonly addressType: 'IPv4' | 'IPv6';
  readonly ports: readonly SlicePort[];
  readonly endpoints: readonly Endpoint[];
}

/** A group that is still being collected. */
export type Filled = Omit<Group, 'endpoints'> & { readonly endpoints: Endpoint[] };

/** What every slice of the owner has. */
export interface Frame {
  readonly prefix: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly owner: NonNullable<EndpointSlice['metadata']['ownerReferences']>[number];
}

export interface SlicePlan {
  readonly create: readonly Draft<EndpointSlice>[];
  readonly update: readonly EndpointSlice[];
  readonly remove: readonly EndpointSlice[];
}

/** Changes that make `existing` hold exactly `groups`. Slices of another owner (a former namesake) go. */
export function packSlices(frame: Frame, groups: readonly Group[], existing: readonly EndpointSlice[]): SlicePlan {
  const plan = { create: [] as Draft<EndpointSlice>[], update: [] as EndpointSlice[], remove: [] as EndpointSlice[] };
  const unused = new Set(existing);
  const usable = [...existing]
    .filter((slice) => slice.metadata.ownerReferences?.some(({ uid }) => uid === frame.owner.uid))
    .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  for (const group of groups) {
    const slices = usable.filter((slice) => slice.addressType === group.addressType && samePorts(slice, group));
    for (const slice of slices) unused.delete(slice);
    packGroup(frame, group, slices, plan);
  }
  plan.remove.push(...unused);
  return plan;
}

/** Ports as a key: absent names and protocols are the defaults. */
const portsKey = (ports: readonly SlicePort[]): string =>
  canonicalJson(ports.map((port) => ({ ...port, name: port.name ?? '', protocol: port.protocol ?? 'TCP' })));

const samePorts = (slice: EndpointSlice, group: Group): boolean =>
  portsKey(slice.ports ?? []) === portsKey(group.ports);

/** Who an endpoint is: its pod, or the address alone. */
const identity = (endpoint: Endpoint): string => `${endpoint.targetRef?.uid ?? ''} ${endpoint.addresses.join()}`;

interface Filling {
  readonly slice: EndpointSlice;
  readonly endpoints: Endpoint[];
  readonly changed: boolean;
}

function packGroup(
  frame: Frame,
  group: Group,
  slices: readonly EndpointSlice[],
  plan: { create: Draft<EndpointSlice>[]; update: EndpointSlice[]; remove: EndpointSlice[] },
): void {
  const left = new Map(group.endpoints.map((endpoint) => [identity(endpoint), endpoint]));
  const empty = left.size === 0;
  const fillings = slices.map((slice) => fill(frame, slice, left));
  const fresh = [...left.values()];
  // Slices that are written anyway take what they can, the fullest first; they stay few.
  const fullestFirst = (some: readonly Filling[]): Filling[] =>
    [...some].sort((a, b) => b.endpoints.length - a.endpoints.length);
  for (const { endpoints } of fullestFirst(fillings.filter(({ changed, endpoints: all }) => changed && all.length > 0)))
    endpoints.push(...fresh.splice(0, maxEndpoints - endpoints.length));
  // What is left goes into one untouched slice when it fits there whole, else into new ones.
  const rest = fresh.length % maxEndpoints;
  const host = fullestFirst(fillings).find(
    ({ changed, endpoints }) => !changed && endpoints.length > 0 && endpoints.length + rest <= maxEndpoints,
  );
  while (fresh.length > 0) {
    if (host !== undefined && fresh.length === rest) host.endpoints.push(...fresh.splice(0));
    else plan.create.push(draftSlice(frame, group, fresh.splice(0, maxEndpoints)));
  }
  let kept = plan.create.length;
  for (const { slice, endpoints, changed } of fillings) {
    const grown = endpoints.length !== (slice.endpoints ?? []).length;
    if (endpoints.length === 0 && !(empty && kept === 0)) plan.remove.push(slice);
    else {
      kept += 1;
      if (changed || grown) plan.update.push(framed(frame, { ...slice, endpoints }));
    }
  }
  // An owner without endpoints still shows one empty slice, so that its readers know it was looked at.
  if (empty && kept === 0) plan.create.push(draftSlice(frame, group, []));
}

/** Takes from `left` what the slice holds already, as it is now. */
function fill(frame: Frame, slice: EndpointSlice, left: Map<string, Endpoint>): Filling {
  const endpoints: Endpoint[] = [];
  let changed = canonicalJson(framed(frame, slice).metadata) !== canonicalJson(slice.metadata);
  for (const endpoint of slice.endpoints ?? []) {
    const key = identity(endpoint);
    const now = left.get(key);
    if (now === undefined || canonicalJson(now) !== canonicalJson(endpoint)) changed = true;
    if (now === undefined) continue;
    endpoints.push(now);
    left.delete(key);
  }
  return { slice, endpoints, changed };
}

function framed(frame: Frame, slice: EndpointSlice): EndpointSlice {
  const { annotations: _, ...metadata } = slice.metadata;
  const { labels, annotations } = frame;
  const noted = Object.keys(annotations).length === 0 ? {} : { annotations: { ...annotations } };
  return { ...slice, metadata: { ...metadata, ...noted, labels: { ...labels } } };
}

const draftSlice = (frame: Frame, group: Group, endpoints: Endpoint[]): Draft<EndpointSlice> => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: {
    generateName: frame.prefix,
    namespace: frame.namespace,
    labels: { ...frame.labels },
    ...(Object.keys(frame.annotations).length === 0 ? {} : { annotations: { ...frame.annotations } }),
    ownerReferences: [frame.owner],
  },
  addressType: group.addressType,
  endpoints,
  ports: group.ports.map((port) => ({ ...port })),
});

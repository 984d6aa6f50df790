/**
 * What kube-proxy does, as nftables rules: a pure function of Services, EndpointSlices and the node. One verdict map leads
 * from a virtual address straight to a chain that is shared by all services with as many endpoints, and that chain draws an
 * endpoint from one big map: ten thousand services load in half a second, and one more costs a map element.
 */
import type { EndpointSlice, Service } from '@skiff/api';
import { type Collection, collection, declarations, type Rule, type Ruleset } from '../network/nft/ruleset.ts';
import { baseChains, names } from './base.ts';
import { chooseEndpoints, type Endpoint, endpointsOf, type UsableEndpoints } from './endpoints.ts';
import { type Draft, draftOf, keyOf, outsideChain, type Place, pickChain } from './pick.ts';
import { ownerOf, type ServicePort, type ServiceSummary, summarize } from './service.ts';

/** The node the rules are for. */
export interface ProxyNode {
  readonly name: string;
  /** Label topology.kubernetes.io/zone. */
  readonly zone: string | undefined;
  /** Where pods live: traffic from elsewhere to a cluster IP is masqueraded, so that answers come back this way. */
  readonly clusterCIDR: string;
  readonly serviceCIDR: string;
  /** Service addresses that this machine answers by itself (cluster DNS): no rules for them. */
  readonly ownAddresses: readonly string[];
}

/** Where traffic to a virtual UDP port may go, as `address:port`. */
export type UdpTargets = ReadonlyMap<string, ReadonlySet<string>>;

export interface HealthCheck {
  readonly namespace: string;
  readonly name: string;
  readonly localEndpoints: number;
}

export interface ProxyPlan {
  readonly ruleset: Ruleset;
  /** Keys are `address:port`, or `:port` for a node port. */
  readonly udpTargets: UdpTargets;
  /** By port to listen on. */
  readonly healthChecks: ReadonlyMap<number, HealthCheck>;
}

interface PortPlan {
  readonly service: ServiceSummary;
  readonly port: ServicePort;
  readonly endpoints: UsableEndpoints;
}

export function rulesFor(services: readonly Service[], slices: readonly EndpointSlice[], node: ProxyNode): Ruleset {
  return planProxy(services, slices, node).ruleset;
}

export function planProxy(services: readonly Service[], slices: readonly EndpointSlice[], node: ProxyNode): ProxyPlan {
  const slicesOf = Map.groupBy(slices, ownerOf);
  const summaries = services
    .flatMap((service) => summarize(service) ?? [])
    .sort((a, b) => (`${a.namespace}/${a.name}` < `${b.namespace}/${b.name}` ? -1 : 1));
  const plans = summaries.flatMap((service) => {
    const own = slicesOf.get(`${service.namespace}/${service.name}`) ?? [];
    return service.ports.map((port) => ({
      service,
      port,
      endpoints: chooseEndpoints(endpointsOf(own, port, node.name), node.zone),
    }));
  });
  const draft = draftOf(node);
  // Cluster IPs first: no external IP of another service can then take one over.
  for (const plan of plans) addClusterIPs(draft, plan, node);
  for (const plan of plans) addOutside(draft, plan, node);
  return { ruleset: finish(draft, node), udpTargets: udpTargetsOf(plans), healthChecks: healthChecksOf(plans) };
}

const placeAt = (address: string, { protocol, port }: ServicePort): Place => ({
  by: 'address',
  address,
  protocol,
  port,
});

function addClusterIPs(draft: Draft, plan: PortPlan, node: ProxyNode): void {
  const { service, port, endpoints } = plan;
  const usable = service.internalLocal ? endpoints.local : endpoints.cluster;
  for (const address of service.clusterIPs) {
    if (node.ownAddresses.includes(address)) continue;
    draft.clusterIPs.set(address, '');
    const place = placeAt(address, port);
    const key = keyOf(place);
    if (draft.services.has(key) || draft.refusedServices.has(key)) continue;
    if (usable.length === 0) draft.refusedServices.set(key, endpoints.anywhere ? 'drop' : `goto ${names.reject}`);
    else draft.services.set(key, `goto ${pick(draft, plan, place, 'cluster', usable)}`);
    addHairpins(draft, usable);
  }
}

function addOutside(draft: Draft, plan: PortPlan, node: ProxyNode): void {
  const { service, port } = plan;
  for (const address of service.externalIPs) {
    const place = placeAt(address, port);
    const key = keyOf(place);
    if (draft.services.has(key) || draft.refusedServices.has(key) || draft.clusterIPs.has(address)) continue;
    if (node.ownAddresses.includes(address)) continue;
    addOutsideAt(draft, plan, place);
    if (service.sourceRanges.length > 0 && service.loadBalancerIPs.includes(address)) addFirewall(draft, service, key);
  }
  const place: Place = { by: 'port', protocol: port.protocol, port: port.nodePort };
  const taken = draft.nodePorts.has(keyOf(place)) || draft.refusedNodePorts.has(keyOf(place));
  if (port.nodePort !== 0 && !taken) addOutsideAt(draft, plan, place);
}

/** One place where traffic from outside the cluster arrives. */
function addOutsideAt(draft: Draft, plan: PortPlan, place: Place): void {
  const { service, endpoints } = plan;
  const key = keyOf(place);
  const accepted = place.by === 'address' ? draft.services : draft.nodePorts;
  const refused = place.by === 'address' ? draft.refusedServices : draft.refusedNodePorts;
  addHairpins(draft, [...endpoints.cluster, ...(service.externalLocal ? endpoints.local : [])]);
  if (!endpoints.anywhere) {
    refused.set(key, `goto ${names.reject}`);
    return;
  }
  const cluster = pick(draft, plan, place, 'cluster', endpoints.cluster);
  if (!service.externalLocal) {
    accepted.set(key, `goto ${outsideChain(draft, { policy: 'Cluster', cluster })}`);
    return;
  }
  const local = endpoints.local.length === 0 ? undefined : pick(draft, plan, place, 'local', endpoints.local);
  accepted.set(key, `goto ${outsideChain(draft, { policy: 'Local', cluster, local })}`);
  // Reached only by what the chain above sent nowhere: traffic from outside to a node without endpoints.
  if (local === undefined) refused.set(key, 'drop');
}

const pick = (
  draft: Draft,
  { service, port }: PortPlan,
  place: Place,
  policy: 'cluster' | 'local',
  endpoints: readonly Endpoint[],
): string =>
  pickChain(draft, place, policy, endpoints, {
    id: port.id,
    protocol: port.protocol,
    seconds: service.affinitySeconds,
  });

function addHairpins(draft: Draft, endpoints: readonly Endpoint[]): void {
  for (const { address, local } of endpoints) if (local) draft.hairpins.set(`${address} . ${address}`, '');
}

function addFirewall(draft: Draft, service: ServiceSummary, key: string): void {
  const chain = `firewall/${service.namespace}/${service.name}`;
  const rule: Rule = { matches: [{ is: 'notSource', within: service.sourceRanges }], action: { do: 'drop' } };
  draft.chains.set(chain, { rules: [rule] });
  draft.firewall.set(key, `goto ${chain}`);
}

function finish(draft: Draft, node: ProxyNode): Ruleset {
  const collections: [string, Collection][] = [
    [names.services, collection('map', declarations.verdictByAddress, draft.services)],
    [names.nodePorts, collection('map', declarations.verdictByPort, draft.nodePorts)],
    [names.refusedServices, collection('map', declarations.verdictByAddress, draft.refusedServices)],
    [names.refusedNodePorts, collection('map', declarations.verdictByPort, draft.refusedNodePorts)],
    [names.firewall, collection('map', declarations.verdictByAddress, draft.firewall)],
    [names.clusterIPs, collection('set', declarations.addresses, draft.clusterIPs)],
    [names.hairpins, collection('set', declarations.addressPairs, draft.hairpins)],
    ...[...draft.targets].map(([name, { declaration, elements }]): [string, Collection] => [
      name,
      collection('map', declaration, elements),
    ]),
    ...draft.memories,
  ];
  return { chains: new Map([...baseChains(node), ...draft.chains]), collections: new Map(collections) };
}

function udpTargetsOf(plans: readonly PortPlan[]): UdpTargets {
  const targets = new Map<string, ReadonlySet<string>>();
  for (const { service, port, endpoints } of plans) {
    if (port.protocol !== 'udp') continue;
    const reachable = new Set([...endpoints.cluster, ...endpoints.local].map((one) => `${one.address}:${one.port}`));
    for (const address of [...service.clusterIPs, ...service.externalIPs]) {
      if (!targets.has(`${address}:${port.port}`)) targets.set(`${address}:${port.port}`, reachable);
    }
    if (port.nodePort !== 0) targets.set(`:${port.nodePort}`, reachable);
  }
  return targets;
}

function healthChecksOf(plans: readonly PortPlan[]): ReadonlyMap<number, HealthCheck> {
  const local = new Map<ServiceSummary, Set<string>>();
  for (const { service, endpoints } of plans) {
    if (service.healthCheckNodePort === 0) continue;
    const addresses = local.get(service) ?? new Set();
    for (const endpoint of endpoints.local) if (endpoint.ready) addresses.add(endpoint.address);
    local.set(service, addresses);
  }
  return new Map(
    [...local].map(([{ healthCheckNodePort, namespace, name }, addresses]) => [
      healthCheckNodePort,
      { namespace, name, localEndpoints: addresses.size },
    ]),
  );
}

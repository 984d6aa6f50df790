/** A Service as the proxy sees it: the addresses and ports that it answers on, checked and sorted out. */
import type { EndpointSlice, Service } from '@skiff/api';
import { isIPv4, largestNetworks, networkText, parseNetwork } from '../network/ipv4.ts';
import type { Protocol } from '../network/nft/ruleset.ts';
import { isPort, protocolOf } from './endpoints.ts';

export interface ServicePort {
  /** `namespace/name/portname`, or the number for a port without name. */
  readonly id: string;
  readonly name: string;
  readonly protocol: Protocol;
  readonly port: number;
  /** 0 when it has none. */
  readonly nodePort: number;
}

export interface ServiceSummary {
  readonly namespace: string;
  readonly name: string;
  readonly clusterIPs: readonly string[];
  /** externalIPs and the load balancer's addresses. */
  readonly externalIPs: readonly string[];
  /** The load balancer's addresses among them, which source ranges guard. */
  readonly loadBalancerIPs: readonly string[];
  /** Networks that may use the load balancer's addresses; empty means all. */
  readonly sourceRanges: readonly string[];
  readonly internalLocal: boolean;
  readonly externalLocal: boolean;
  /** How long a client sticks to its endpoint; 0 without affinity. */
  readonly affinitySeconds: number;
  /** Port for load balancers to ask whether this node has endpoints; 0 when it has none. */
  readonly healthCheckNodePort: number;
  readonly ports: readonly ServicePort[];
}

/** Kubernetes' default of `sessionAffinityConfig.clientIP.timeoutSeconds`. */
const defaultAffinitySeconds = 10800;

/** Marks objects that another proxy looks after, and headless ones (well-known labels). */
const otherProxyLabel = 'service.kubernetes.io/service-proxy-name';
const headlessLabel = 'service.kubernetes.io/headless';
const serviceNameLabel = 'kubernetes.io/service-name';

const isDnsLabel = (text: string): boolean => /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/.test(text);

/** The service a slice belongs to, as `namespace/name`; undefined when it is none of the proxy's business. */
export function ownerOf(slice: EndpointSlice): string | undefined {
  const labels = slice.metadata.labels ?? {};
  const name = labels[serviceNameLabel];
  if (name === undefined || Object.hasOwn(labels, otherProxyLabel) || Object.hasOwn(labels, headlessLabel))
    return undefined;
  return `${slice.metadata.namespace ?? ''}/${name}`;
}

/** Undefined for a service without virtual addresses: ExternalName, headless, another proxy's. */
export function summarize(service: Service): ServiceSummary | undefined {
  const { metadata, spec } = service;
  const labels = metadata.labels ?? {};
  const namespace = metadata.namespace ?? '';
  if (!isDnsLabel(namespace) || !isDnsLabel(metadata.name)) return undefined;
  if (Object.hasOwn(labels, otherProxyLabel) || Object.hasOwn(labels, headlessLabel)) return undefined;
  if (spec.type === 'ExternalName' || spec.clusterIP === 'None') return undefined;
  const clusterIPs = (spec.clusterIPs ?? [spec.clusterIP ?? '']).filter(isIPv4);
  if (clusterIPs.length === 0) return undefined;
  const loadBalancerIPs = loadBalancerAddresses(service);
  const reachableFromOutside = spec.type === 'NodePort' || spec.type === 'LoadBalancer';
  return {
    namespace,
    name: metadata.name,
    clusterIPs,
    externalIPs: [...new Set([...(spec.externalIPs ?? []).filter(isIPv4), ...loadBalancerIPs])],
    loadBalancerIPs,
    sourceRanges: loadBalancerIPs.length === 0 ? [] : networksOf(spec.loadBalancerSourceRanges ?? []),
    internalLocal: spec.internalTrafficPolicy === 'Local',
    externalLocal:
      spec.externalTrafficPolicy === 'Local' && (reachableFromOutside || (spec.externalIPs ?? []).length > 0),
    affinitySeconds:
      spec.sessionAffinity === 'ClientIP'
        ? (spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? defaultAffinitySeconds)
        : 0,
    healthCheckNodePort:
      spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local' && isPort(spec.healthCheckNodePort)
        ? spec.healthCheckNodePort
        : 0,
    ports: portsOf(service, reachableFromOutside),
  };
}

function loadBalancerAddresses({ spec, status }: Service): string[] {
  if (spec.type !== 'LoadBalancer') return [];
  return (status?.loadBalancer?.ingress ?? [])
    .filter((ingress) => (ingress.ipMode ?? 'VIP') === 'VIP')
    .map((ingress) => ingress.ip ?? '')
    .filter(isIPv4);
}

function portsOf({ metadata, spec }: Service, reachableFromOutside: boolean): ServicePort[] {
  const ports: ServicePort[] = [];
  for (const { name = '', port, protocol: word, nodePort } of spec.ports ?? []) {
    const protocol = protocolOf(word);
    if (protocol === undefined || !isPort(port)) continue;
    ports.push({
      id: `${metadata.namespace}/${metadata.name}/${name === '' ? port : name}`,
      name,
      protocol,
      port,
      nodePort: reachableFromOutside && isPort(nodePort) ? nodePort : 0,
    });
  }
  return ports;
}

/** A range that is not IPv4 in CIDR form admits nobody: leaving it out must not open the service to all. */
function networksOf(ranges: readonly string[]): string[] {
  if (ranges.length === 0) return [];
  const networks = largestNetworks(ranges.flatMap((range) => parseNetwork(range.trim()) ?? []));
  return networks.length === 0 ? ['255.255.255.255/32'] : networks.map(networkText);
}

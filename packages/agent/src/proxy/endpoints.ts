/** Which endpoints a service port may be sent to from one node. Rules: KEP-1669 (terminating endpoints), KEP-2433 and KEP-4444 (zone hints), KEP-2086 (internal traffic policy). */
import type { EndpointSlice } from '@skiff/api';
import { isIPv4 } from '../network/ipv4.ts';
import type { Protocol } from '../network/nft/ruleset.ts';

export interface Endpoint {
  readonly address: string;
  readonly port: number;
  readonly ready: boolean;
  readonly serving: boolean;
  readonly terminating: boolean;
  /** On the node the rules are for. */
  readonly local: boolean;
  /** Zones it is meant for; empty without hints. */
  readonly zones: readonly string[];
}

/** The endpoints one node sends a service port's traffic to, by traffic policy. */
export interface UsableEndpoints {
  readonly cluster: readonly Endpoint[];
  readonly local: readonly Endpoint[];
  /** Some node has a usable endpoint, even when none is usable from here. */
  readonly anywhere: boolean;
}

export interface PortName {
  readonly name: string;
  readonly protocol: Protocol;
}

const protocols: Readonly<Record<string, Protocol>> = { TCP: 'tcp', UDP: 'udp', SCTP: 'sctp' };

/** Kubernetes' protocol in nft's word; TCP when absent, undefined for one that has no ports. */
export function protocolOf(protocol: string | undefined): Protocol | undefined {
  const name = protocol ?? 'TCP';
  return Object.hasOwn(protocols, name) ? protocols[name] : undefined;
}

export const isPort = (port: number | undefined): port is number =>
  port !== undefined && Number.isInteger(port) && port >= 1 && port <= 65535;

/** A service port's endpoints from all its slices, each once, in order of address and port. */
export function endpointsOf(slices: readonly EndpointSlice[], port: PortName, nodeName: string): Endpoint[] {
  const found = new Map<string, Endpoint>();
  for (const slice of slices) {
    if (slice.addressType !== 'IPv4') continue;
    const target = slice.ports?.find(
      (one) => (one.name ?? '') === port.name && protocolOf(one.protocol) === port.protocol,
    )?.port;
    if (!isPort(target)) continue;
    for (const endpoint of slice.endpoints ?? []) {
      // Only the first address counts: all of an endpoint's addresses are the same thing (discovery/v1).
      const address = endpoint.addresses[0];
      if (address === undefined || !isIPv4(address)) continue;
      const local = endpoint.nodeName === nodeName;
      const key = `${address}:${target}`;
      if (found.has(key) && !local) continue;
      found.set(key, {
        address,
        port: target,
        ready: endpoint.conditions?.ready ?? true,
        serving: endpoint.conditions?.serving ?? true,
        terminating: endpoint.conditions?.terminating ?? false,
        local,
        zones: endpoint.hints?.forZones?.map((zone) => zone.name) ?? [],
      });
    }
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, endpoint]) => endpoint);
}

const servesWhileTerminating = (endpoint: Endpoint): boolean =>
  !endpoint.ready && endpoint.serving && endpoint.terminating;

/** Ready ones; when there is none, those that still serve while they terminate. */
function usable(endpoints: readonly Endpoint[]): readonly Endpoint[] {
  const ready = endpoints.filter((endpoint) => endpoint.ready);
  return ready.length > 0 ? ready : endpoints.filter(servesWhileTerminating);
}

/** Hints count only when every ready endpoint has some and one is for this zone: otherwise a zone could be cut off. */
function inZone(endpoints: readonly Endpoint[], zone: string | undefined): readonly Endpoint[] {
  const ready = endpoints.filter((endpoint) => endpoint.ready);
  if (zone === undefined || ready.some((endpoint) => endpoint.zones.length === 0)) return endpoints;
  const near = ready.filter((endpoint) => endpoint.zones.includes(zone));
  return near.length > 0 ? near : endpoints;
}

export function chooseEndpoints(endpoints: readonly Endpoint[], zone: string | undefined): UsableEndpoints {
  return {
    cluster: usable(inZone(endpoints, zone)),
    local: usable(endpoints.filter((endpoint) => endpoint.local)),
    anywhere: endpoints.some((endpoint) => endpoint.ready || servesWhileTerminating(endpoint)),
  };
}

/** Endpoints as DNS names them. */
import type { EndpointSlice, Service } from '@skiff/api';

export interface NamedEndpoint {
  readonly addresses: readonly string[];
  readonly hostname: string | undefined;
  readonly ports: readonly SlicePort[];
}

interface SlicePort {
  readonly name: string;
  /** `tcp`, `udp` or `sctp`. */
  readonly protocol: string;
  readonly port: number;
}

/** A port as an SRV record tells it; `host` is absent for a cluster IP's. */
export interface SrvPort extends SlicePort {
  readonly host?: NamedEndpoint;
}

/** Endpoints that are ready. `publishNotReadyAddresses` is already in that condition: the slice's maker sees to it. */
export function readyEndpoints(slices: readonly EndpointSlice[]): NamedEndpoint[] {
  return slices
    .filter(({ addressType }) => addressType === 'IPv4' || addressType === 'IPv6')
    .flatMap((slice) => {
      const ports = (slice.ports ?? []).flatMap(({ name = '', protocol = 'TCP', port }) =>
        port === undefined ? [] : [{ name, protocol: protocol.toLowerCase(), port }],
      );
      return (slice.endpoints ?? [])
        .filter(({ conditions }) => conditions?.ready ?? true)
        .map(({ addresses, hostname }) => ({ addresses, hostname, ports }));
    });
}

/** The label before the service's name: the pod's hostname, else its address with dashes. */
export function hostLabel({ hostname, addresses }: NamedEndpoint): string {
  if (hostname !== undefined && hostname !== '') return hostname;
  return (addresses[0] ?? '').replaceAll(/[.:]/g, '-');
}

export function endpointsNamed(endpoints: readonly NamedEndpoint[], label: string): NamedEndpoint[] {
  return endpoints.filter((endpoint) => hostLabel(endpoint).toLowerCase() === label);
}

/** A service's ports for SRV: its own, or (headless) those of each endpoint. */
export function portsOf({ spec }: Service, endpoints: readonly NamedEndpoint[], headless: boolean): SrvPort[] {
  if (headless) return endpoints.flatMap((host) => host.ports.map((port) => ({ ...port, host })));
  return (spec.ports ?? []).map(({ name = '', protocol = 'TCP', port }) => ({
    name,
    protocol: protocol.toLowerCase(),
    port,
  }));
}

/** What this node's network looks like: everything the reconciler brings about, as one value. */

import { type RouteWords, routeWords, type Uplink } from './ip.ts';
import { addressAt, hardwareAddress, type Network, networkText } from './ipv4.ts';
import type { Routes } from './routes.ts';

/** The bridge that pods are plugged into, and the VXLAN device. */
export const bridgeDevice = 'skiff0';
export const tunnelDevice = 'skiff.vx';

export const tunnel = { vni: 1, port: 8472 } as const;

/** Bytes that VXLAN over IPv4 adds to a packet. Kept free on every node, so that one behind a router may join later. */
const tunnelOverheadBytes = 50;

/** Behind every other route for the same range (the kernel prefers low numbers). */
const lastMetric = 4278198272;

export interface ClusterRanges {
  readonly clusterCIDR: string;
  readonly serviceCIDR: string;
}

export interface NodeSettings extends ClusterRanges {
  readonly nodeIP: string;
  readonly uplink: Uplink;
  readonly podNetwork: Network;
}

/** The bridge's own address: what pods have as gateway. */
export const gatewayOf = (podNetwork: Network): string => addressAt(podNetwork, 1);

export const podMtu = (uplink: Uplink): number => uplink.mtu - tunnelOverheadBytes;

/** The tunnel's own addresses on this node. */
export function tunnelEnd(podNetwork: Network): { readonly address: string; readonly hardwareAddress: string } {
  const address = addressAt(podNetwork, 0);
  return { address, hardwareAddress: hardwareAddress(address) };
}

/**
 * Every route we want. Traffic to the cluster's ranges never leaves by the default route: what has no better route ends here.
 * Service addresses get a device only so that the node's own packets have a way to go before NAT rewrites them.
 */
export function wantedRoutes(settings: NodeSettings, routes: Routes): RouteWords[] {
  const { uplink, clusterCIDR, serviceCIDR, nodeIP } = settings;
  return [
    routeWords({ unreachable: true, destination: clusterCIDR, metric: lastMetric }),
    routeWords({ unreachable: true, destination: serviceCIDR, metric: lastMetric }),
    routeWords({ destination: serviceCIDR, device: bridgeDevice, source: nodeIP }),
    ...routes.direct.map(({ podCIDR, via }) => routeWords({ destination: podCIDR, via, device: uplink.device })),
    ...routes.tunnel.map(({ podCIDR, via }) =>
      routeWords({ destination: podCIDR, via, device: tunnelDevice, onlink: true }),
    ),
  ];
}

/** The lines of CNI's network configuration (CNI spec 1.0.0; plugins bridge and host-local of containernetworking). */
export function bridgeConfig(settings: NodeSettings, dataDir: string): object {
  return {
    cniVersion: '1.0.0',
    name: cniNetworkName,
    type: 'bridge',
    bridge: bridgeDevice,
    isGateway: true,
    hairpinMode: true,
    mtu: podMtu(settings.uplink),
    ipam: {
      type: 'host-local',
      dataDir,
      ranges: [[{ subnet: networkText(settings.podNetwork), gateway: gatewayOf(settings.podNetwork) }]],
      routes: [{ dst: '0.0.0.0/0' }],
    },
  };
}

export const cniNetworkName = 'skiff';

export const loopbackConfig: object = { cniVersion: '1.0.0', name: cniNetworkName, type: 'loopback' };

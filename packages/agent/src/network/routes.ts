/** How packets for other nodes' pods leave this node: a pure function of the nodes. */
import type { Node } from '@skiff/api';
import {
  addressNumber,
  addressText,
  contains,
  hardwareAddress,
  type Network,
  networkText,
  parseNetwork,
} from './ipv4.ts';

/** The node that the routes are for. */
export interface Self {
  readonly name: string;
  /** The network that its node address is on. */
  readonly subnet: Network;
}

/** To a node on the same wire: a plain route. */
export interface DirectRoute {
  readonly podCIDR: string;
  readonly via: string;
}

/** To a node behind a router: through VXLAN (RFC 7348), the way flannel lays it out: one address and one hardware address a node. */
export interface TunnelRoute {
  readonly podCIDR: string;
  /** The peer's address on the tunnel: the base of its pod network, which no pod gets. */
  readonly via: string;
  readonly hardwareAddress: string;
  readonly nodeIP: string;
}

export interface Routes {
  readonly direct: readonly DirectRoute[];
  readonly tunnel: readonly TunnelRoute[];
}

/** A node's pod network. Undefined until it has an IPv4 one. */
export function podNetworkOf(node: Node | undefined): Network | undefined {
  const cidrs = node?.spec?.podCIDRs ?? [node?.spec?.podCIDR ?? ''];
  return cidrs.flatMap((cidr) => parseNetwork(cidr) ?? [])[0];
}

/** A node's address that other nodes reach it by. */
export function nodeAddressOf(node: Node): string | undefined {
  return node.status?.addresses?.find(
    ({ type, address }) => type === 'InternalIP' && addressNumber(address) !== undefined,
  )?.address;
}

/** Routes to all other nodes that have an address and a pod network, in order of pod network. */
export function routesFor(nodes: readonly Node[], self: Self): Routes {
  const direct: DirectRoute[] = [];
  const tunnel: TunnelRoute[] = [];
  const taken = new Set<string>();
  const mine = podNetworkOf(nodes.find((node) => node.metadata.name === self.name));
  if (mine !== undefined) taken.add(networkText(mine));
  for (const { network, nodeIP } of peersOf(nodes, self)) {
    const podCIDR = networkText(network);
    if (taken.has(podCIDR)) continue;
    taken.add(podCIDR);
    if (contains(self.subnet, nodeIP)) direct.push({ podCIDR, via: nodeIP });
    else {
      const via = addressText(network.base);
      tunnel.push({ podCIDR, via, hardwareAddress: hardwareAddress(via), nodeIP });
    }
  }
  return { direct, tunnel };
}

interface Peer {
  readonly network: Network;
  readonly nodeIP: string;
}

function peersOf(nodes: readonly Node[], self: Self): Peer[] {
  const peers: Peer[] = [];
  for (const node of nodes) {
    const network = podNetworkOf(node);
    const nodeIP = nodeAddressOf(node);
    if (node.metadata.name !== self.name && network !== undefined && nodeIP !== undefined)
      peers.push({ network, nodeIP });
  }
  return peers.sort((a, b) => a.network.base - b.network.base || (a.nodeIP < b.nodeIP ? -1 : 1));
}

/**
 * How fast pods may be evicted from nodes that are not ready: pure. When much of a zone is down at once, the network or the
 * control plane is the likelier culprit than the nodes, and moving everything would make it worse. Rules: node-lifecycle-controller.
 */
import type { Node } from '@skiff/api';

/** --node-eviction-rate, --secondary-node-eviction-rate, in nodes a second. */
const rate = 0.1;
const secondaryRate = 0.01;
/** --unhealthy-zone-threshold, --large-cluster-size-threshold. */
const unhealthyShare = 0.55;
const largeZone = 50;

export interface Disruption {
  /** Every node of every zone is down: nothing is evicted, and what was begun is taken back. */
  readonly total: boolean;
  /** Nodes a second that may be evicted from in the node's zone; 0: none. */
  rateOf(node: Node): number;
}

/** Region and zone of a node; '' where it has none. */
export const zoneOf = ({ metadata }: Node): string =>
  `${metadata.labels?.['topology.kubernetes.io/region'] ?? ''}:${metadata.labels?.['topology.kubernetes.io/zone'] ?? ''}`;

/** `isUp`: ready, and heard of. */
export function disruption(nodes: readonly Node[], isUp: (node: Node) => boolean): Disruption {
  const zones = new Map<string, { ready: number; down: number }>();
  for (const node of nodes) {
    const zone = zones.get(zoneOf(node)) ?? { ready: 0, down: 0 };
    if (isUp(node)) zone.ready += 1;
    else zone.down += 1;
    zones.set(zoneOf(node), zone);
  }
  return {
    total: nodes.length > 0 && [...zones.values()].every((zone) => zone.ready === 0),
    rateOf(node) {
      const { ready, down } = zones.get(zoneOf(node)) ?? { ready: 0, down: 0 };
      const partial = ready > 0 && down > 2 && down / (down + ready) >= unhealthyShare;
      if (!partial) return rate;
      return down + ready > largeZone ? secondaryRate : 0;
    },
  };
}

/** When the next node of a zone may be evicted from, given when the last one was; undefined: not as things are. */
export const nextEvictionMs = (perSecond: number, lastMs: number | undefined, nowMs: number): number | undefined =>
  perSecond === 0 ? undefined : lastMs === undefined ? nowMs : lastMs + 1000 / perSecond;

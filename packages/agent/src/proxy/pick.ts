/** Chains that choose an endpoint, and the maps they choose from. */
import { createHash } from 'node:crypto';
import {
  type Chain,
  type Collection,
  chanceTargets,
  type Protocol,
  type Rule,
  rememberedSources,
} from '../network/nft/ruleset.ts';
import type { Endpoint } from './endpoints.ts';

/** Where traffic arrives: at an address and port, or at a port of any of the node's addresses. */
export type Place = { readonly protocol: Protocol; readonly port: number } & (
  | { readonly by: 'address'; readonly address: string }
  | { readonly by: 'port' }
);

/** A place as verdict maps have it for a key. */
export const keyOf = (place: Place): string =>
  `${place.by === 'address' ? `${place.address} . ` : ''}${place.protocol} . ${place.port}`;

/** A ruleset while services are added to it. */
export interface Draft {
  readonly clusterCIDR: string;
  readonly chains: Map<string, Chain>;
  readonly services: Map<string, string>;
  readonly nodePorts: Map<string, string>;
  readonly refusedServices: Map<string, string>;
  readonly refusedNodePorts: Map<string, string>;
  readonly firewall: Map<string, string>;
  readonly clusterIPs: Map<string, string>;
  readonly hairpins: Map<string, string>;
  /** Maps that 'dnat by chance' asks, and their elements. */
  readonly targets: Map<string, { readonly declaration: readonly string[]; readonly elements: Map<string, string> }>;
  readonly memories: Map<string, Collection>;
}

export function draftOf({ clusterCIDR }: { readonly clusterCIDR: string }): Draft {
  return {
    clusterCIDR,
    chains: new Map(),
    services: new Map(),
    nodePorts: new Map(),
    refusedServices: new Map(),
    refusedNodePorts: new Map(),
    firewall: new Map(),
    clusterIPs: new Map(),
    hairpins: new Map(),
    targets: new Map(),
    memories: new Map(),
  };
}

/** A service port's session affinity; `seconds` 0 means none. */
export interface Affinity {
  readonly id: string;
  readonly protocol: Protocol;
  readonly seconds: number;
}

/** The chain that sends to one of the endpoints; makes what it needs. `endpoints` is not empty. */
export function pickChain(
  draft: Draft,
  place: Place,
  policy: 'cluster' | 'local',
  endpoints: readonly Endpoint[],
  affinity: Affinity,
): string {
  if (affinity.seconds > 0) return stickyChain(draft, endpoints, affinity);
  const { by, protocol, port } = place;
  const map = `endpoints/${policy}/by-${by}/${protocol}`;
  const target = draft.targets.get(map) ?? { declaration: chanceTargets(by, protocol), elements: new Map() };
  draft.targets.set(map, target);
  const key = place.by === 'address' ? `${place.address} . ${port}` : `${port}`;
  for (const [index, endpoint] of endpoints.entries())
    target.elements.set(`${key} . ${index}`, `${endpoint.address} . ${endpoint.port}`);
  const count = endpoints.length;
  const chain = `pick/${policy}/by-${by}/${protocol}/${count}`;
  const rule: Rule = { matches: [], action: { do: 'dnat by chance', map, by, protocol, count } };
  if (!draft.chains.has(chain)) draft.chains.set(chain, { rules: [rule] });
  return chain;
}

const digest = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16);

/** Clients go back to the endpoint that remembers them; a new one is drawn by chance. */
function stickyChain(draft: Draft, endpoints: readonly Endpoint[], affinity: Affinity): string {
  const service = digest(`${affinity.id}/${affinity.protocol}`);
  const ends = endpoints.map((endpoint) => {
    const chain = `sticky/${service}/${endpoint.address}/${endpoint.port}`;
    draft.memories.set(chain, rememberedSources);
    draft.chains.set(chain, { rules: stickyEndRules(chain, endpoint, affinity) });
    return chain;
  });
  const chain = `sticky/${service}/${digest(ends.join(' '))}`;
  const back = ends.map(
    (end): Rule => ({ matches: [{ is: 'sourceIn', set: end }], action: { do: 'goto', chain: end } }),
  );
  draft.chains.set(chain, { rules: [...back, { matches: [], action: { do: 'goto by chance', chains: ends } }] });
  return chain;
}

function stickyEndRules(set: string, { address, port }: Endpoint, { protocol, seconds }: Affinity): Rule[] {
  return [
    { matches: [], action: { do: 'remember source', set, seconds } },
    { matches: [{ is: 'protocol', protocol }], action: { do: 'dnat', address, port } },
  ];
}

type Outside =
  | { readonly policy: 'Cluster'; readonly cluster: string }
  | { readonly policy: 'Local'; readonly cluster: string; readonly local: string | undefined };

/**
 * The chain for traffic from outside the cluster. Policy Cluster hides the client behind the node, or the answer would take
 * another way back. Policy Local keeps the client's address and stays on the node; pods and the node itself, for which
 * there is no "outside", go where cluster traffic goes.
 */
export function outsideChain(draft: Draft, outside: Outside): string {
  const { cluster } = outside;
  if (outside.policy === 'Cluster') {
    const chain = `outside/${cluster}`;
    draft.chains.set(chain, { rules: [{ matches: [], action: { do: 'mark' } }, goTo(cluster)] });
    return chain;
  }
  const chain = `outside/${cluster}/${outside.local ?? 'nowhere'}`;
  draft.chains.set(chain, {
    rules: [
      { matches: [{ is: 'source', within: [draft.clusterCIDR] }], action: { do: 'goto', chain: cluster } },
      { matches: [{ is: 'localSource' }], action: { do: 'mark' } },
      { matches: [{ is: 'localSource' }], action: { do: 'goto', chain: cluster } },
      ...(outside.local === undefined ? [] : [goTo(outside.local)]),
    ],
  });
  return chain;
}

const goTo = (chain: string): Rule => ({ matches: [], action: { do: 'goto', chain } });

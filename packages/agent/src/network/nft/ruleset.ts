/**
 * An nftables table of ours as a value: what pure code decides, what `render.ts` writes as nft's language, and what
 * `testing/trace.ts` walks a packet through. Only the few forms we use exist, so each has one meaning everywhere.
 */

/** What a rule asks of a packet; all of a rule's matches must hold. */
export type Match =
  | { readonly is: 'new' }
  | { readonly is: 'source' | 'notSource' | 'destination' | 'notDestination'; readonly within: readonly string[] }
  /** Any address of this machine, by routing (`fib`). */
  | { readonly is: 'localSource' | 'localDestination' }
  | { readonly is: 'marked' }
  | { readonly is: 'protocol'; readonly protocol: Protocol }
  | { readonly is: 'sourceIn' | 'destinationIn'; readonly set: string }
  /** Source and destination together are in a set: a pod that reaches itself. */
  | { readonly is: 'pairIn'; readonly set: string }
  | { readonly is: 'leaving'; readonly device: string };

export type Protocol = 'tcp' | 'udp' | 'sctp';

/** How a map is asked: by destination address, protocol and port, or by protocol and port alone. */
export type MapKey = 'address' | 'port';

export type Action =
  | { readonly do: 'jump' | 'goto'; readonly chain: string }
  /** Goes where a verdict map says, or on to the next rule. */
  | { readonly do: 'look up'; readonly map: string; readonly by: MapKey }
  /** To one of `count` targets by chance: the map's key is the address and port, or the port, and the number drawn, 0 to count - 1. */
  | {
      readonly do: 'dnat by chance';
      readonly map: string;
      readonly by: MapKey;
      readonly protocol: Protocol;
      readonly count: number;
    }
  /** To the map's target for this key, or on to the next rule. */
  | { readonly do: 'dnat by map'; readonly map: string; readonly by: MapKey }
  | { readonly do: 'dnat'; readonly address: string; readonly port: number }
  | { readonly do: 'goto by chance'; readonly chains: readonly string[] }
  /** Files the source address in a set of the kernel's own keeping, which forgets it after a time without a packet. */
  | { readonly do: 'remember source'; readonly set: string; readonly seconds: number }
  | { readonly do: 'mark' | 'unmark' | 'masquerade' | 'reject' | 'drop' };

export interface Rule {
  readonly matches: readonly Match[];
  readonly action: Action;
}

export type Hook = 'prerouting' | 'input' | 'forward' | 'output' | 'postrouting';

export interface Chain {
  /** Present on chains that the kernel enters by itself. Lower priorities run first. */
  readonly base?: { readonly type: 'nat' | 'filter'; readonly hook: Hook; readonly priority: number };
  readonly rules: readonly Rule[];
}

/** A set, or a map (whose elements have values). Keys and values are nft's text, e.g. `10.96.0.1 . tcp . 80` and `goto pick-2`. */
export interface Collection {
  readonly kind: 'set' | 'map';
  /** The type lines, as nft wants them. */
  readonly declaration: readonly string[];
  /** The kernel fills it: we never write or flush its elements. */
  readonly dynamic: boolean;
  /** Values are '' in a set. */
  readonly elements: ReadonlyMap<string, string>;
}

export interface Ruleset {
  readonly chains: ReadonlyMap<string, Chain>;
  readonly collections: ReadonlyMap<string, Collection>;
}

/** The bit that says "masquerade this packet when it leaves": the one kube-proxy uses, so that other tools know it. */
export const masqueradeMark = 0x4000;

/** Declarations for the shapes of collections we use. */
export const declarations = {
  verdictByAddress: ['type ipv4_addr . inet_proto . inet_service : verdict'],
  verdictByPort: ['type inet_proto . inet_service : verdict'],
  fixedTargetByAddress: ['type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service'],
  fixedTargetByPort: ['type inet_proto . inet_service : ipv4_addr . inet_service'],
  addresses: ['type ipv4_addr'],
  addressPairs: ['type ipv4_addr . ipv4_addr'],
} as const;

/**
 * The type of a 'dnat by chance' map. It needs `typeof`, since a drawn number has no type with a name, and one map for each
 * protocol: nft 1.0.6 cannot add a rule over such a map again once the map is in the kernel when its port is of any protocol.
 * The `numgen` here only stands for its type; the number drawn is each rule's own.
 */
export function chanceTargets(by: MapKey, protocol: Protocol): readonly string[] {
  const place = by === 'address' ? `ip daddr . ${protocol} dport` : `${protocol} dport`;
  return [`typeof ${place} . numgen random mod 2 : ip daddr . ${protocol} dport`];
}

/** A collection that we fill. */
export function collection(
  kind: 'set' | 'map',
  declaration: readonly string[],
  elements: ReadonlyMap<string, string> = new Map(),
): Collection {
  return { kind, declaration, dynamic: false, elements };
}

/** A set of source addresses that the kernel fills by 'remember source'; the rule says for how long. */
export const rememberedSources: Collection = {
  kind: 'set',
  declaration: ['type ipv4_addr', 'flags dynamic, timeout'],
  dynamic: true,
  elements: new Map(),
};

/** Walks a connection's first packet through rulesets, the way netfilter would: what tests ask instead of reading rules. */
import { contains, parseNetwork } from '../../ipv4.ts';
import type { Action, Chain, Hook, MapKey, Match, Protocol, Rule, Ruleset } from '../ruleset.ts';

export interface World {
  readonly tables: readonly Ruleset[];
  /** The machine's own addresses. */
  readonly localAddresses: readonly string[];
  /** Draws an endpoint: a number below `count`. */
  readonly draw: (count: number) => number;
  /** Sets that the kernel fills; they change as packets pass. */
  readonly memory: Map<string, Set<string>>;
}

export interface Packet {
  readonly source: string;
  readonly destination: string;
  readonly protocol: Protocol;
  readonly port: number;
  /** Sent by the machine itself, or come in from a device. */
  readonly from: 'node' | 'outside';
  /** The device it leaves by, if it does. */
  readonly leaving?: string;
}

export interface Fate {
  readonly verdict: 'delivered' | 'forwarded' | 'dropped' | 'rejected';
  readonly destination: string;
  readonly port: number;
  readonly masqueraded: boolean;
}

interface Travelling {
  readonly packet: Packet;
  destination: string;
  port: number;
  marked: boolean;
  masqueraded: boolean;
}

type Outcome = 'on' | 'nat' | 'dropped' | 'rejected';

export function trace(packet: Packet, world: World): Fate {
  const state: Travelling = {
    packet,
    destination: packet.destination,
    port: packet.port,
    marked: false,
    masqueraded: false,
  };
  const fate = (verdict: Fate['verdict']): Fate => ({
    verdict,
    destination: state.destination,
    port: state.port,
    masqueraded: state.masqueraded,
  });
  const first = runHook(packet.from === 'node' ? 'output' : 'prerouting', state, world);
  if (first !== 'on') return fate(first);
  const local = world.localAddresses.includes(state.destination);
  const rest: readonly Hook[] =
    packet.from === 'node'
      ? local
        ? ['postrouting', 'input']
        : ['postrouting']
      : local
        ? ['input']
        : ['forward', 'postrouting'];
  for (const hook of rest) {
    const outcome = runHook(hook, state, world);
    if (outcome !== 'on') return fate(outcome);
  }
  return fate(local ? 'delivered' : 'forwarded');
}

/** All chains of all tables at a hook, by priority. The first that translates ends the NAT chains' turn. */
function runHook(hook: Hook, state: Travelling, world: World): 'on' | 'dropped' | 'rejected' {
  const chains = world.tables
    .flatMap((table) => [...table.chains.values()].map((chain) => ({ table, chain })))
    .flatMap(({ table, chain }) => (chain.base?.hook === hook ? [{ table, chain, base: chain.base }] : []))
    .sort((a, b) => a.base.priority - b.base.priority);
  let translated = false;
  for (const { table, chain, base } of chains) {
    if (base.type === 'nat' && translated) continue;
    const outcome = runChain(table, chain, state, world);
    if (outcome === 'dropped' || outcome === 'rejected') return outcome;
    translated ||= outcome === 'nat';
  }
  return 'on';
}

function runChain(table: Ruleset, chain: Chain, state: Travelling, world: World): Outcome {
  for (const rule of chain.rules) {
    if (!rule.matches.every((match) => holds(match, table, state, world))) continue;
    const step = runAction(rule.action, table, state, world);
    if (step !== 'next rule') return step;
  }
  return 'on';
}

/** What a rule leads to: the next one, or the end of its chain. */
type Step = Outcome | 'next rule';

function chainNamed(table: Ruleset, name: string): Chain {
  const chain = table.chains.get(name);
  if (chain === undefined) throw new Error(`no chain ${name}`);
  return chain;
}

function elementsOf(table: Ruleset, name: string): ReadonlyMap<string, string> {
  const found = table.collections.get(name);
  if (found === undefined) throw new Error(`no map or set ${name}`);
  return found.elements;
}

const keyOf = (by: MapKey, { packet, destination, port }: Travelling): string =>
  by === 'address' ? `${destination} . ${packet.protocol} . ${port}` : `${packet.protocol} . ${port}`;

function translate(state: Travelling, target: string): Step {
  const [address = '', port = ''] = target.split(' . ');
  state.destination = address;
  state.port = Number(port);
  return 'nat';
}

function runAction(action: Action, table: Ruleset, state: Travelling, world: World): Step {
  const follow = (name: string): Outcome => runChain(table, chainNamed(table, name), state, world);
  switch (action.do) {
    case 'jump': {
      const outcome = follow(action.chain);
      return outcome === 'on' ? 'next rule' : outcome;
    }
    case 'goto':
      return follow(action.chain);
    case 'goto by chance': {
      const chain = action.chains[world.draw(action.chains.length)];
      if (chain === undefined) throw new Error('drew a number out of range');
      return follow(chain);
    }
    case 'look up': {
      const verdict = elementsOf(table, action.map).get(keyOf(action.by, state));
      if (verdict === undefined) return 'next rule';
      return verdict === 'drop' ? 'dropped' : follow(verdict.replace(/^goto /, ''));
    }
    case 'dnat by chance': {
      if (state.packet.protocol !== action.protocol) return 'next rule';
      const place = action.by === 'address' ? `${state.destination} . ${state.port}` : `${state.port}`;
      const target = elementsOf(table, action.map).get(`${place} . ${world.draw(action.count)}`);
      return target === undefined ? 'next rule' : translate(state, target);
    }
    case 'dnat by map': {
      const target = elementsOf(table, action.map).get(keyOf(action.by, state));
      return target === undefined ? 'next rule' : translate(state, target);
    }
    default:
      return runPlainAction(action, state, world);
  }
}

type PlainAction = Extract<
  Action,
  { do: 'dnat' | 'remember source' | 'mark' | 'unmark' | 'masquerade' | 'reject' | 'drop' }
>;

function runPlainAction(action: PlainAction, state: Travelling, world: World): Step {
  switch (action.do) {
    case 'dnat':
      return translate(state, `${action.address} . ${action.port}`);
    case 'remember source':
      world.memory.set(action.set, (world.memory.get(action.set) ?? new Set()).add(state.packet.source));
      return 'next rule';
    case 'mark':
      state.marked = true;
      return 'next rule';
    case 'unmark':
      state.marked = false;
      return 'next rule';
    case 'masquerade':
      state.masqueraded = true;
      return 'nat';
    case 'reject':
      return 'rejected';
    case 'drop':
      return 'dropped';
  }
}

const inside = (networks: readonly string[], address: string): boolean =>
  networks.some((network) => {
    const parsed = parseNetwork(network.includes('/') ? network : `${network}/32`);
    return parsed !== undefined && contains(parsed, address);
  });

function holds(match: Match, table: Ruleset, state: Travelling, world: World): boolean {
  const { source, protocol, leaving } = state.packet;
  switch (match.is) {
    case 'new':
      return true;
    case 'source':
      return inside(match.within, source);
    case 'notSource':
      return !inside(match.within, source);
    case 'destination':
      return inside(match.within, state.destination);
    case 'notDestination':
      return !inside(match.within, state.destination);
    case 'localSource':
      return world.localAddresses.includes(source);
    case 'localDestination':
      return world.localAddresses.includes(state.destination) || state.destination.startsWith('127.');
    case 'marked':
      return state.marked;
    case 'protocol':
      return protocol === match.protocol;
    case 'sourceIn':
      return world.memory.get(match.set)?.has(source) ?? elementsOf(table, match.set).has(source);
    case 'destinationIn':
      return elementsOf(table, match.set).has(state.destination);
    case 'pairIn':
      return elementsOf(table, match.set).has(`${source} . ${state.destination}`);
    case 'leaving':
      return leaving === match.device;
  }
}

/** Every chain, map and set that rules and verdicts name, and that is missing. */
export function danglingNames({ chains, collections }: Ruleset): string[] {
  const missing: string[] = [];
  const need = (kind: 'chain' | 'collection', name: string): void => {
    if (!(kind === 'chain' ? chains : collections).has(name)) missing.push(`${kind} ${name}`);
  };
  const needsOf = ({ action, matches }: Rule): void => {
    if ('chain' in action) need('chain', action.chain);
    if ('chains' in action) for (const chain of action.chains) need('chain', chain);
    if ('map' in action) need('collection', action.map);
    if ('set' in action) need('collection', action.set);
    for (const match of matches) if ('set' in match) need('collection', match.set);
  };
  for (const chain of chains.values()) chain.rules.forEach(needsOf);
  for (const { elements } of collections.values()) {
    for (const value of elements.values()) if (value.startsWith('goto ')) need('chain', value.slice('goto '.length));
  }
  return missing;
}

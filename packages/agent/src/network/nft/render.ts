/** Rulesets in nft's language (nft(8), as of 1.0.6). */
import {
  type Action,
  type Chain,
  type Collection,
  type MapKey,
  type Match,
  masqueradeMark,
  type Rule,
} from './ruleset.ts';

const keyText: Readonly<Record<MapKey, string>> = {
  address: 'ip daddr . meta l4proto . th dport',
  port: 'meta l4proto . th dport',
};

/** nft accepts a transport port in `dnat` only where the rule has pinned the protocol to ones that have ports. */
const portProtocols = 'meta l4proto { tcp, udp, sctp }';

const anyOf = (networks: readonly string[]): string =>
  networks.length === 1 ? `${networks[0]}` : `{ ${networks.join(', ')} }`;

function matchText(match: Match): string {
  switch (match.is) {
    case 'new':
      return 'ct state new';
    case 'source':
      return `ip saddr ${anyOf(match.within)}`;
    case 'notSource':
      return `ip saddr != ${anyOf(match.within)}`;
    case 'destination':
      return `ip daddr ${anyOf(match.within)}`;
    case 'notDestination':
      return `ip daddr != ${anyOf(match.within)}`;
    case 'localSource':
      return 'fib saddr type local';
    case 'localDestination':
      return 'fib daddr type local';
    case 'marked':
      return `meta mark & ${masqueradeMark} == ${masqueradeMark}`;
    case 'protocol':
      return `meta l4proto ${match.protocol}`;
    case 'sourceIn':
      return `ip saddr @${match.set}`;
    case 'destinationIn':
      return `ip daddr @${match.set}`;
    case 'pairIn':
      return `ip saddr . ip daddr @${match.set}`;
    case 'leaving':
      return `oifname "${match.device}"`;
  }
}

function actionText(action: Action): string {
  switch (action.do) {
    case 'jump':
    case 'goto':
      return `${action.do} ${action.chain}`;
    case 'look up':
      return `${keyText[action.by]} vmap @${action.map}`;
    case 'dnat by chance': {
      const { by, protocol, count, map } = action;
      const place = by === 'address' ? `ip daddr . ${protocol} dport` : `${protocol} dport`;
      return `meta l4proto ${protocol} dnat ip addr . port to ${place} . numgen random mod ${count} map @${map}`;
    }
    case 'dnat by map':
      return `${portProtocols} dnat ip addr . port to ${keyText[action.by]} map @${action.map}`;
    case 'dnat':
      return `dnat to ${action.address}:${action.port}`;
    case 'goto by chance': {
      const verdicts = action.chains.map((chain, index) => `${index} : goto ${chain}`);
      return `numgen random mod ${action.chains.length} vmap { ${verdicts.join(', ')} }`;
    }
    case 'remember source':
      return `update @${action.set} { ip saddr timeout ${action.seconds}s }`;
    case 'mark':
      return `meta mark set meta mark or ${masqueradeMark}`;
    case 'unmark':
      return `meta mark set meta mark xor ${masqueradeMark}`;
    case 'masquerade':
      return 'masquerade fully-random';
    case 'reject':
    case 'drop':
      return action.do;
  }
}

export function ruleText(rule: Rule): string {
  return [...rule.matches.map(matchText), actionText(rule.action)].join(' ');
}

/** What stands between a chain's braces before its rules: nothing unless the kernel enters it. */
export function chainHeader(chain: Chain): string {
  if (chain.base === undefined) return '';
  const { type, hook, priority } = chain.base;
  return `type ${type} hook ${hook} priority ${priority} ; `;
}

export function collectionHeader(collection: Collection): string {
  return collection.declaration.map((line) => `${line} ; `).join('');
}

/** The same text means the same rules: how a changed chain is noticed. */
export function chainText(chain: Chain): string {
  return [chainHeader(chain), ...chain.rules.map(ruleText)].join('\n');
}

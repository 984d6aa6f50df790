/** The chains that are there whatever the services are: how a packet enters and leaves the proxy's table. */
import type { Chain, Match, Rule } from '../network/nft/ruleset.ts';

/** The proxy's table, family `ip`. */
export const tableName = 'skiff';

export const names = {
  services: 'services',
  nodePorts: 'node-ports',
  refusedServices: 'refused-services',
  refusedNodePorts: 'refused-node-ports',
  firewall: 'firewall',
  clusterIPs: 'cluster-ips',
  hairpins: 'hairpins',
  /** Chains. */
  dispatch: 'dispatch',
  reject: 'reject-it',
  masquerade: 'masquerade-it',
} as const;

/** Where netfilter's own NAT and filter chains stand (linux/netfilter_ipv4.h). */
const priorities = { dnatIn: -100, dnatOut: -100, filter: 0, snat: 100, beforeDnat: -110 } as const;

interface Ranges {
  readonly clusterCIDR: string;
  readonly serviceCIDR: string;
  readonly ownAddresses: readonly string[];
}

const isNew: Match = { is: 'new' };
/** Node ports answer on every address of the node but loopback. */
const onNode: readonly Match[] = [{ is: 'localDestination' }, { is: 'notDestination', within: ['127.0.0.0/8'] }];

const rule = (matches: readonly Match[], action: Rule['action']): Rule => ({ matches, action });

export function baseChains(ranges: Ranges): [string, Chain][] {
  const dispatch = rule([], { do: 'jump', chain: names.dispatch });
  const guard = rule([isNew], { do: 'look up', map: names.firewall, by: 'address' });
  const refuseService = rule([isNew], { do: 'look up', map: names.refusedServices, by: 'address' });
  const refuseNodePort = rule([isNew, ...onNode], { do: 'look up', map: names.refusedNodePorts, by: 'port' });
  const refuseRest = [refuseService, ...refuseUnknown(ranges)];
  return [
    ['firewall-in', { base: { type: 'filter', hook: 'prerouting', priority: priorities.beforeDnat }, rules: [guard] }],
    ['firewall-out', { base: { type: 'filter', hook: 'output', priority: priorities.beforeDnat }, rules: [guard] }],
    ['nat-in', { base: { type: 'nat', hook: 'prerouting', priority: priorities.dnatIn }, rules: [dispatch] }],
    ['nat-out', { base: { type: 'nat', hook: 'output', priority: priorities.dnatOut }, rules: [dispatch] }],
    ['nat-leave', { base: { type: 'nat', hook: 'postrouting', priority: priorities.snat }, rules: leaveRules }],
    [
      'refuse-in',
      { base: { type: 'filter', hook: 'input', priority: priorities.filter }, rules: [refuseNodePort, refuseService] },
    ],
    ['refuse-forward', { base: { type: 'filter', hook: 'forward', priority: priorities.filter }, rules: refuseRest }],
    ['refuse-out', { base: { type: 'filter', hook: 'output', priority: priorities.filter }, rules: refuseRest }],
    [names.dispatch, { rules: dispatchRules(ranges) }],
    [names.reject, { rules: [rule([], { do: 'reject' })] }],
    [names.masquerade, { rules: [rule([], { do: 'unmark' }), rule([], { do: 'masquerade' })] }],
  ];
}

const leaveRules: readonly Rule[] = [
  rule([{ is: 'marked' }], { do: 'goto', chain: names.masquerade }),
  // A pod that reached itself through a service must see the answer come back from the service.
  rule([{ is: 'pairIn', set: names.hairpins }], { do: 'masquerade' }),
];

const dispatchRules = ({ clusterCIDR }: Ranges): Rule[] => [
  rule(
    [
      { is: 'destinationIn', set: names.clusterIPs },
      { is: 'notSource', within: [clusterCIDR] },
    ],
    { do: 'mark' },
  ),
  rule([], { do: 'look up', map: names.services, by: 'address' }),
  rule(onNode, { do: 'look up', map: names.nodePorts, by: 'port' }),
];

/** After NAT: what still carries a service address has no such port, or no such service. */
const refuseUnknown = ({ serviceCIDR, ownAddresses }: Ranges): Rule[] => {
  const notOwn: readonly Match[] = ownAddresses.length === 0 ? [] : [{ is: 'notDestination', within: ownAddresses }];
  return [
    rule([isNew, { is: 'destinationIn', set: names.clusterIPs }], { do: 'reject' }),
    rule([isNew, { is: 'destination', within: [serviceCIDR] }, ...notOwn], { do: 'drop' }),
  ];
};

/** The node's own NAT for pods, as a ruleset: host ports, and masquerade for what leaves the cluster. */
import type { HostPort } from './contract.ts';
import { isIPv4 } from './ipv4.ts';
import {
  type Chain,
  collection,
  declarations,
  type Match,
  type Protocol,
  type Rule,
  type Ruleset,
} from './nft/ruleset.ts';
import { bridgeDevice, type ClusterRanges } from './settings.ts';

/** The pod network's table, family `ip`. */
export const natTable = 'skiff-pods';

/** A pod that has host ports. */
export interface PublishedPod {
  readonly ips: readonly string[];
  readonly hostPorts: readonly HostPort[];
}

const protocols: Readonly<Record<HostPort['protocol'], Protocol>> = { TCP: 'tcp', UDP: 'udp', SCTP: 'sctp' };

const rule = (matches: readonly Match[], action: Rule['action']): Rule => ({ matches, action });

const isHostWide = (hostIP: string): boolean => hostIP === '' || hostIP === '0.0.0.0';

/** The first of two pods that want the same port keeps it. */
export function natRules(pods: readonly PublishedPod[], { clusterCIDR, serviceCIDR }: ClusterRanges): Ruleset {
  const byAddress = new Map<string, string>();
  const byPort = new Map<string, string>();
  const hairpins = new Map<string, string>();
  for (const { ips, hostPorts } of pods) {
    const address = ips.find(isIPv4);
    if (address === undefined) continue;
    for (const { hostIP, hostPort, containerPort, protocol } of hostPorts) {
      const port = `${protocols[protocol]} . ${hostPort}`;
      const target = `${address} . ${containerPort}`;
      if (isHostWide(hostIP)) setOnce(byPort, port, target);
      else if (isIPv4(hostIP)) setOnce(byAddress, `${hostIP} . ${port}`, target);
      hairpins.set(`${address} . ${address}`, '');
    }
  }
  return {
    chains: new Map(chains(clusterCIDR, serviceCIDR)),
    collections: new Map([
      ['host-ports', collection('map', declarations.fixedTargetByPort, byPort)],
      ['host-ports-at', collection('map', declarations.fixedTargetByAddress, byAddress)],
      ['hairpins', collection('set', declarations.addressPairs, hairpins)],
    ]),
  };
}

function setOnce(map: Map<string, string>, key: string, value: string): void {
  if (!map.has(key)) map.set(key, value);
}

function chains(clusterCIDR: string, serviceCIDR: string): [string, Chain][] {
  const toHost: Match = { is: 'localDestination' };
  const dispatch: readonly Rule[] = [
    rule([toHost], { do: 'dnat by map', map: 'host-ports-at', by: 'address' }),
    rule([toHost], { do: 'dnat by map', map: 'host-ports', by: 'port' }),
  ];
  const loopback = ['127.0.0.0/8'];
  // Multicast is never translated: an answer to it does not come back to its source address.
  const staysInside = [clusterCIDR, serviceCIDR, '224.0.0.0/4'];
  return [
    ['nat-in', { base: { type: 'nat', hook: 'prerouting', priority: -100 }, rules: dispatch }],
    ['nat-out', { base: { type: 'nat', hook: 'output', priority: -100 }, rules: dispatch }],
    [
      'nat-leave',
      {
        base: { type: 'nat', hook: 'postrouting', priority: 100 },
        rules: [
          rule([{ is: 'pairIn', set: 'hairpins' }], { do: 'masquerade' }),
          rule(
            [
              { is: 'source', within: loopback },
              { is: 'leaving', device: bridgeDevice },
            ],
            { do: 'masquerade' },
          ),
          rule(
            [
              { is: 'source', within: [clusterCIDR] },
              { is: 'notDestination', within: staysInside },
            ],
            {
              do: 'masquerade',
            },
          ),
        ],
      },
    ],
  ];
}

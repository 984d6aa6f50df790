/** Everything of this node that packets pass through: the pod network, the service rules and cluster DNS. */
import { readFile } from 'node:fs/promises';
import type { InformerFactory } from '@skiff/client';
import type { AgentConfig } from '../config.ts';
import { startDns, upstreamsOf } from '../dns/index.ts';
import { type CommandRunner, type PodNetwork, startPodNetwork } from '../network/index.ts';
import { startProxy } from '../proxy/index.ts';

export interface NodeNetwork {
  readonly pods: PodNetwork;
  /** Why pods would get no network, or, until they worked once, no services or names. */
  fault(): string | undefined;
  /** See StartedPodNetwork. */
  collectGarbage(liveSandboxIds: () => Promise<Iterable<string>>): Promise<readonly string[]>;
}

const dnsPort = 53;

export async function startNodeNetwork(
  config: AgentConfig,
  informers: InformerFactory,
  run: CommandRunner,
  signal: AbortSignal,
): Promise<NodeNetwork> {
  const { clusterDNS, clusterDomain, podCIDR: clusterCIDR } = config;
  const shared = { ...config, clusterCIDR, informers, run };
  const pods = await startPodNetwork(shared, signal);
  const proxy = startProxy({ ...shared, ownAddresses: [clusterDNS] }, signal);
  const resolvConf = await readFile('/etc/resolv.conf', 'utf8').catch(() => '');
  const upstreams = upstreamsOf(resolvConf, clusterDNS);
  const dns = startDns({ ...shared, address: clusterDNS, port: dnsPort, domain: clusterDomain, upstreams }, signal);
  let servicesWorked = false;
  return {
    pods,
    fault() {
      const services = servicesWorked ? undefined : (proxy.notReady() ?? dns.notReady());
      servicesWorked ||= services === undefined;
      return pods.notReady() ?? services;
    },
    collectGarbage: pods.collectGarbage,
  };
}

/** The node's pod network: CNI for pods, routes to the other nodes' pods, host ports. */
import { access, constants, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, type Logger, type Node, resources } from '@skiff/api';
import type { Informer, InformerFactory } from '@skiff/client';
import { attacher } from './attacher.ts';
import { openAttachments } from './attachments.ts';
import type { CommandRunner } from './command.ts';
import type { PodNetwork } from './contract.ts';
import { applyHost, removeHost } from './host.ts';
import { findUplink } from './ip.ts';
import { startLoop } from './loop.ts';
import { natRules, natTable } from './nat.ts';
import { nftTable } from './nft/table.ts';
import { nodeAddressOf, podNetworkOf, routesFor } from './routes.ts';
import { bridgeConfig, cniNetworkName, type NodeSettings } from './settings.ts';

export { type CommandRunner, runCommand } from './command.ts';
export type { HostPort, PodNetwork, SandboxNetwork } from './contract.ts';

export interface PodNetworkOptions {
  readonly nodeName: string;
  /** This host's address on the network that the nodes share. */
  readonly nodeIP: string;
  readonly informers: InformerFactory;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The agent's folder; ours is `network/` in it. */
  readonly rootDir: string;
  /** Where the plugins are; Debian's are in `/usr/lib/cni`. */
  readonly cniBinDir: string;
  readonly clusterCIDR: string;
  readonly serviceCIDR: string;
  /** The address that cluster DNS answers on. */
  readonly clusterDNS: string;
  readonly clusterDomain: string;
  readonly run: CommandRunner;
}

export interface StartedPodNetwork extends PodNetwork {
  /** Frees what sandboxes that are no more still hold. Resolves to their ids. Throws NetworkNotReady before the node has a pod CIDR. */
  collectGarbage(liveSandboxIds: () => Promise<Iterable<string>>): Promise<readonly string[]>;
  /** Resolves when everything known at this moment is in the kernel, or failed to get there (see `notReady`). */
  settled(): Promise<void>;
  /** Removes devices, routes, rules and files. Call it after the signal has aborted and the pods are gone. */
  cleanup(): Promise<void>;
}

/** The pod network cannot take a pod yet, or cannot any more. */
export class NetworkNotReady extends Error {
  constructor(why: string) {
    super(`network is not ready: ${why}`);
    this.name = 'NetworkNotReady';
  }
}

const quietMs = 20;
const resyncMs = 60_000;
const plugins = ['bridge', 'host-local', 'loopback'];

/** Starts and returns at once; `notReady` tells how far it is. Everything stays when the signal aborts, so that pods keep their network while an agent restarts. */
export async function startPodNetwork(options: PodNetworkOptions, signal: AbortSignal): Promise<StartedPodNetwork> {
  const { nodeName, informers, clock, run, cniBinDir } = options;
  const logger = options.logger.child({ component: 'network' });
  const folder = join(options.rootDir, 'network');
  const addressDir = join(folder, 'addresses');
  const attachments = await openAttachments(join(folder, 'attachments'));
  const nodes = informers.informer(resources.nodes);
  const nat = nftTable(natTable, run, logger);
  let current: NodeSettings | undefined;
  let waitingFor: string | undefined = 'the pod network has not started';

  const publish = (): Promise<void> =>
    nat.apply(
      natRules(
        [...attachments.all.values()].filter(({ hostPorts }) => hostPorts.length > 0),
        options,
      ),
    );

  const work = async (): Promise<void> => {
    const found = await findSettings(options, nodes);
    waitingFor = typeof found === 'string' ? found : undefined;
    if (typeof found === 'string') return;
    await applyHost(run, found, routesFor(nodes.list(), { name: nodeName, subnet: found.uplink.subnet }));
    await nat.notice();
    await publish();
    current = found;
  };

  const loop = startLoop({ name: 'pod network', work, quietMs, resyncMs, clock, logger }, signal);
  const unsubscribe = nodes.onChange((change) => {
    if (change.type === 'removed' || placeOf(change.object) !== placeOf(change.old)) loop.trigger();
  });
  void nodes.synced(signal).then(loop.trigger, () => undefined);
  signal.addEventListener('abort', unsubscribe);
  loop.trigger();

  const notReady = (): string | undefined =>
    loop.fault === undefined ? waitingFor : `pod network: ${loop.fault.message}`;
  const config = (): object => {
    if (current === undefined) throw new NetworkNotReady(notReady() ?? 'the pod network is being set up');
    return bridgeConfig(current, addressDir);
  };
  const addressStore = join(addressDir, cniNetworkName);
  const { attach, detach, collectGarbage } = attacher({
    ...{ run, binDir: cniBinDir, attachments, addressStore, config, publish, logger },
    isReady: () => current !== undefined,
  });

  return {
    attach,
    detach,
    notReady: () => notReady() ?? (current === undefined ? 'the pod network is being set up' : undefined),
    dnsServers: [options.clusterDNS],
    clusterDomain: options.clusterDomain,
    collectGarbage,
    settled: () => loop.nextRun(),
    async cleanup() {
      await nat.remove();
      await removeHost(run, options);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The settings, or why there are none yet. */
async function findSettings(options: PodNetworkOptions, nodes: Informer<Node>): Promise<NodeSettings | string> {
  const { nodeName, nodeIP, cniBinDir, clusterCIDR, serviceCIDR, run } = options;
  if (!nodes.hasSynced) return 'Nodes are not read yet';
  const self = nodes.get('', nodeName);
  if (self === undefined) return `node "${nodeName}" is not registered yet`;
  const podNetwork = podNetworkOf(self);
  if (podNetwork === undefined) return `node "${nodeName}" has no pod CIDR yet`;
  for (const plugin of plugins) {
    const path = join(cniBinDir, plugin);
    if (!(await isExecutable(path))) return `CNI plugin ${path} is missing (package containernetworking-plugins)`;
  }
  const uplink = await findUplink(run, nodeIP);
  if (uplink === undefined) return `no device of this host has the node's address ${nodeIP}`;
  return { nodeIP, uplink, podNetwork, clusterCIDR, serviceCIDR };
}

/** What routes depend on. */
const placeOf = (node: Node | undefined): string =>
  node === undefined ? '' : JSON.stringify([podNetworkOf(node), nodeAddressOf(node)]);

const isExecutable = (path: string): Promise<boolean> =>
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  );

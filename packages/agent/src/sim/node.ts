/** One simulated node: the agent's own registration, lease, status and reports; no engine, no network, no link. */
import { type Clock, type Logger, type Node, type Random, resources } from '@skiff/api';
import { type Client, createInformerFactory } from '@skiff/client';
import { together } from '../async/together.ts';
import type { NodeTaint } from '../config.ts';
import { keepLease } from '../node/lease.ts';
import { register } from '../node/register.ts';
import { NodeReporter } from '../node/reporter.ts';
import { Standing } from '../node/standing.ts';
import type { World } from './life.ts';
import { hostOf, nodeAddress, ownRange } from './place.ts';
import { SimulatedPods } from './pods.ts';
import { slimPod } from './slim.ts';

export interface SimulatedNodeConfig {
  readonly nodeName: string;
  /** Its number among all simulated nodes: addresses follow from it. */
  readonly index: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly NodeTaint[];
  readonly maxPods: number;
  readonly world: World;
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Called once, when the API server knows that the node is Ready. */
  readonly onReady: () => void;
}

/** Until the signal aborts; Node, Lease and pods stay, for the next simulation of the same name to take over. */
export async function runSimulatedNode(config: SimulatedNodeConfig, signal: AbortSignal): Promise<void> {
  const { nodeName, index, client } = config;
  const nodeIP = nodeAddress(index);
  const sight = hostOf(nodeName);
  const informers = createInformerFactory(config);
  const nodes = informers.informer(resources.nodes, { fieldSelector: `metadata.name=${nodeName}` });
  const node = (): Node | undefined => nodes.get('', nodeName);
  const reporter = new NodeReporter(
    {
      ...config,
      nodeIP,
      node,
      readHost: async () => sight,
      networkFault: () => undefined,
      pressures: () => new Set(),
      thresholds: {},
      tell: () => undefined,
      // Nothing ever befalls this host.
      tickMs: 30_000,
    },
    sight,
  );
  const { architecture } = sight.host.info;
  const registerNow = (): Promise<Node> =>
    register(
      client,
      { ...config, architecture, registerNode: true, status: reporter.compute(undefined) },
      config,
      signal,
    );
  let told = false;
  const onReady = (): void => {
    if (!told) config.onReady();
    told = true;
  };
  try {
    const standing = new Standing(await registerNow());
    await together(
      signal,
      (running) => standing.keep(nodes, registerNow, running),
      (running) => keepLease(client, () => standing.node, config, running),
      (running) => reporter.run(() => standing.node, onReady, running),
      (running) => {
        const deps = { context: config, world: config.world, nodeIP, ownRange: ownRange(index) };
        const pods = new SimulatedPods({ ...deps, node: () => node() ?? standing.node }, running);
        const bound = { fieldSelector: `spec.nodeName=${nodeName}`, transform: slimPod };
        return pods.run(informers.informer(resources.pods, bound));
      },
    );
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    await informers.stop();
  }
}

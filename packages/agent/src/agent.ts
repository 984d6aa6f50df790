/** An agent over its seams: the API server's client, the engine, the host's mounts and its network. */
import { type Node, resources } from '@skiff/api';
import { type Client, createEventRecorder, createInformerFactory, type InformerFactory } from '@skiff/client';
import { retry } from './async/retry.ts';
import { together } from './async/together.ts';
import type { AgentConfig } from './config.ts';
import { EvictionManager } from './eviction/manager.ts';
import { conditionNews } from './node/conditions.ts';
import { registerCsiNode } from './node/csi-node.ts';
import { keepLease } from './node/lease.ts';
import type { NodeNetwork } from './node/network.ts';
import { register } from './node/register.ts';
import { type HostSight, NodeReporter } from './node/reporter.ts';
import { Standing } from './node/standing.ts';
import { openPodMemory } from './pods/memory.ts';
import { createPods, type Pods } from './pods/run.ts';
import { isRuntimeError, type Runtime } from './runtime/contract.ts';
import type { MountTable } from './volumes/mount-table.ts';

export interface AgentParts {
  readonly config: AgentConfig;
  readonly client: Client;
  readonly runtime: Runtime;
  readonly mounts: MountTable;
  readonly readHost: () => Promise<HostSight>;
  readonly startNetwork: (informers: InformerFactory, signal: AbortSignal) => Promise<NodeNetwork>;
  readonly runLink: (pods: Pods, signal: AbortSignal) => Promise<void>;
}

/** Runs until the signal aborts, or rejects when a part cannot go on. Pods and their network stay as they are. */
export async function runParts(parts: AgentParts, signal: AbortSignal): Promise<void> {
  const { config, client } = parts;
  const informers = createInformerFactory({ ...config, client });
  const ended = new AbortController();
  try {
    await compose(parts, informers, AbortSignal.any([signal, ended.signal]));
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    ended.abort(new Error('the agent has ended'));
    await informers.stop();
  }
}

async function compose(parts: AgentParts, informers: InformerFactory, signal: AbortSignal): Promise<void> {
  const { config, client, readHost } = parts;
  const { nodeName, nodeIP, logger, rootDir } = config;
  const context = { ...config, client };
  const sight = await retry('reading the host', parts.readHost, config, signal);
  const namespaces = client.resource(resources.namespaces);
  const system = await retry('finding the cluster', () => namespaces.get('', 'kube-system'), config, signal);
  const memory = await openPodMemory(rootDir, system.metadata.uid, logger);

  const nodes = informers.informer(resources.nodes);
  const services = informers.informer(resources.services);
  const pods = informers.informer(resources.pods, { fieldSelector: `spec.nodeName=${nodeName}`, versions: memory });
  const node = () => nodes.get('', nodeName);
  const network = await parts.startNetwork(informers, signal);
  const networkFault = () => (pods.hasSynced ? network.fault() : 'the pods of this node are not read yet');
  const { architecture, cpus, memoryBytes } = sight.host.info;
  const facts = { name: nodeName, ips: [nodeIP], cpus, memoryBytes };
  const pressures = () => evictions.pressures;
  const ours = createPods(
    { ...parts, context, network: network.pods, rootDir, facts, pods, services, node, pressures },
    signal,
  );
  const events = createEventRecorder({ ...context, component: 'kubelet', host: nodeName });
  const evictions: EvictionManager = new EvictionManager({
    ...{ ...config, ...ours, runtime: parts.runtime, readHost },
    onThreshold: (resource) =>
      events.event(standing.node, 'Warning', 'EvictionThresholdMet', `Attempting to reclaim ${resource}`),
  });
  const lookAtHost = async (): Promise<HostSight> => {
    const seen = await readHost();
    evictions.observe(seen);
    return seen;
  };
  const reporter = new NodeReporter(
    { ...context, readHost: lookAtHost, node, networkFault, pressures, tickMs: 1000, tell: (reason) => tell(reason) },
    sight,
  );
  const registerNow = async (podCIDRs: readonly string[]): Promise<Node> => {
    const registration = { ...config, architecture, podCIDRs, status: reporter.compute(undefined) };
    const registered = await register(client, registration, config, signal);
    await registerCsiNode(client, registered, config, signal);
    return registered;
  };
  const standing = new Standing(await registerNow([]));
  logger.info({ node: nodeName }, 'the node is registered');
  const tell = (reason: string): void =>
    events.event(standing.node, 'Normal', reason, `Node ${nodeName} status is now: ${reason}`);

  events.event(standing.node, 'Normal', 'Starting', 'Starting kubelet.');
  conditionNews(undefined, reporter.compute(undefined).conditions).forEach(tell);
  const registerAgain = ({ spec }: Node): Promise<Node> => {
    logger.warn({ node: nodeName }, 'the node was deleted; it is registered again');
    return registerNow(spec?.podCIDRs ?? []);
  };
  let told = false;
  const onReady = (): void => {
    tell('NodeReady');
    if (!told) config.onReady?.();
    told = true;
  };
  await together(
    signal,
    (running) => standing.keep(nodes, registerAgain, running),
    (running) => keepLease(client, () => standing.node, config, running),
    (running) => reporter.run(() => standing.node, onReady, running),
    async (running) => {
      // Containers are told of their namespace's Services: none may start before these are known.
      await services.synced(running);
      await ours.run(running);
    },
    (running) => parts.runLink(ours, running),
    (running) => sweepNetwork(parts, network, running),
  );
  await evictions.settled();
  await memory.flushed();
}

const sweepEveryMs = 600_000;
const sweepRetryMs = 5000;

/** Frees addresses of sandboxes that went away while nobody looked. */
async function sweepNetwork({ config, runtime }: AgentParts, network: NodeNetwork, signal: AbortSignal): Promise<void> {
  const sandboxes = async (): Promise<string[]> =>
    (await runtime.list()).filter(({ role }) => role === 'sandbox').map(({ id }) => id);
  while (!signal.aborted) {
    let waitMs = sweepRetryMs;
    if (network.pods.notReady() === undefined) {
      try {
        const freed = await network.collectGarbage(sandboxes);
        if (freed.length > 0) config.logger.info({ sandboxes: freed }, 'freed the network of sandboxes that are gone');
        waitMs = sweepEveryMs;
      } catch (error) {
        const level = isRuntimeError(error, 'unavailable') ? 'debug' : 'warn';
        config.logger[level]({ err: error }, 'the network of gone sandboxes was not freed');
      }
    }
    await config.clock.sleep(waitMs, signal).catch(() => undefined);
  }
}

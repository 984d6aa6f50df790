/** Services on this node: keeps the kernel's rules equal to what Services and EndpointSlices say. */
import { type Clock, type Logger, resources } from '@skiff/api';
import type { InformerFactory } from '@skiff/client';
import type { CommandRunner } from '../network/command.ts';
import { startLoop } from '../network/loop.ts';
import { nftTable } from '../network/nft/table.ts';
import { tableName } from './base.ts';
import { forgetStaleFlows, sameTargets, withGone } from './conntrack.ts';
import { healthServers } from './health.ts';
import { planProxy, type UdpTargets } from './rules.ts';

export interface ProxyOptions {
  readonly nodeName: string;
  readonly nodeIP: string;
  readonly informers: InformerFactory;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly clusterCIDR: string;
  readonly serviceCIDR: string;
  /** Service addresses that this node answers by itself: the cluster DNS address. */
  readonly ownAddresses: readonly string[];
  readonly run: CommandRunner;
  /** Where health check ports listen; all addresses when absent. */
  readonly healthHost?: string;
}

export interface ServiceProxy {
  /** Why services may not work on this node; undefined when the rules are in place. */
  notReady(): string | undefined;
  /** Resolves when everything known at this moment is in the kernel, or failed to get there (see `notReady`). */
  settled(): Promise<void>;
  /** Removes every rule. Call it after the signal has aborted. */
  cleanup(): Promise<void>;
}

/** Changes within this time are applied together. */
const quietMs = 50;
/** How often to look whether someone else removed the table. */
const resyncMs = 60_000;

const zoneLabel = 'topology.kubernetes.io/zone';

/**
 * Starts and returns; the first rules come with the first complete lists. The rules stay when the signal aborts, so that
 * traffic flows while an agent restarts.
 */
export function startProxy(options: ProxyOptions, signal: AbortSignal): ServiceProxy {
  const { nodeName, informers, clock, run } = options;
  const logger = options.logger.child({ component: 'proxy' });
  const services = informers.informer(resources.services);
  const slices = informers.informer(resources.endpointslices);
  const nodes = informers.informer(resources.nodes);
  const table = nftTable(tableName, run, logger);
  const health = healthServers(options.healthHost ?? '0.0.0.0', logger);
  let targets: UdpTargets | undefined;
  let waitingFor: string | undefined = 'the proxy has not started';

  const missing = (): string | undefined =>
    [services, slices, nodes].every((informer) => informer.hasSynced)
      ? undefined
      : 'Services, EndpointSlices and Nodes are not read yet';

  const work = async (): Promise<void> => {
    waitingFor = missing();
    // Half a list must not take rules away.
    if (waitingFor !== undefined) return;
    const zone = nodes.get('', nodeName)?.metadata.labels?.[zoneLabel];
    const plan = planProxy(services.list(), slices.list(), { ...options, name: nodeName, zone });
    await table.notice();
    await table.apply(plan.ruleset);
    health.update(plan.healthChecks);
    const old = targets;
    targets = plan.udpTargets;
    if (old === undefined || !sameTargets(old, targets))
      await forgetStaleFlows(withGone(targets, old), options.nodeIP, run, logger);
  };

  const loop = startLoop({ name: 'proxy', work, quietMs, resyncMs, clock, logger }, signal);
  const unsubscribe = [
    services.onChange(loop.trigger),
    slices.onChange(loop.trigger),
    nodes.onChange((change) => {
      if (
        change.object.metadata.name === nodeName &&
        change.object.metadata.labels?.[zoneLabel] !== change.old?.metadata.labels?.[zoneLabel]
      )
        loop.trigger();
    }),
  ];
  for (const informer of [services, slices, nodes]) void informer.synced(signal).then(loop.trigger, () => undefined);
  signal.addEventListener('abort', () => {
    for (const stop of unsubscribe) stop();
    health.close();
  });
  loop.trigger();

  return {
    notReady: () => (loop.fault === undefined ? waitingFor : `service rules: ${loop.fault.message}`),
    settled: () => loop.nextRun(),
    cleanup: () => table.remove(),
  };
}

/** Cluster DNS on this node: pods ask it at the cluster DNS address, which every node answers by itself. */
import { type Clock, type Logger, type Random, resources } from '@skiff/api';
import type { InformerFactory } from '@skiff/client';
import { type CommandRunner, output } from '../network/command.ts';
import { contains, parseNetwork } from '../network/ipv4.ts';
import { startLoop } from '../network/loop.ts';
import { forwarder } from './forward.ts';
import type { Upstream } from './resolv.ts';
import { type DnsCounters, newCounters, resolver } from './resolver.ts';
import { type DnsListener, listenDns } from './server.ts';
import { informerView } from './view.ts';

export { parseResolvConf, type Upstream, upstreamsOf } from './resolv.ts';
export type { DnsCounters } from './resolver.ts';

export interface DnsOptions {
  readonly informers: InformerFactory;
  /** The cluster DNS address; it is added to `lo`. */
  readonly address: string;
  /** 53, or 0 for any. */
  readonly port: number;
  /** `cluster.local`. */
  readonly domain: string;
  readonly clusterCIDR: string;
  readonly serviceCIDR: string;
  /** Who is asked for other names, in order; none: such questions fail at once. */
  readonly upstreams: readonly Upstream[];
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly run: CommandRunner;
}

export interface Dns {
  /** Why names may not resolve on this node; undefined when they do. */
  notReady(): string | undefined;
  /** The port in use; 0 until it listens. */
  readonly port: number;
  readonly counters: DnsCounters;
  /** Resolves when the next try to listen has ended, well or not. */
  settled(): Promise<void>;
  /** Takes the address off `lo`. Call it after the signal has aborted. */
  cleanup(): Promise<void>;
}

const maxForwards = 1000;
const quietMs = 10;
const resyncMs = 60_000;

/** Starts and returns; an address that cannot be listened on is tried again. The sockets close when the signal aborts. */
export function startDns(options: DnsOptions, signal: AbortSignal): Dns {
  const { informers, address, clock, random, run } = options;
  const logger = options.logger.child({ component: 'dns' });
  const sources = {
    namespaces: informers.informer(resources.namespaces),
    services: informers.informer(resources.services),
    slices: informers.informer(resources.endpointslices),
  };
  const { view, stop } = informerView(sources);
  const counters = newCounters();
  const ranges = [options.clusterCIDR, options.serviceCIDR].flatMap((cidr) => parseNetwork(cidr) ?? []);
  const zone = {
    domain: options.domain.toLowerCase(),
    dnsAddress: address,
    isClusterAddress: (one: string) => ranges.some((range) => contains(range, one)),
    serial: Math.floor(clock.now() / 1000),
  };
  const isReady = (): boolean => Object.values(sources).every((informer) => informer.hasSynced);
  const upstreams = options.upstreams.filter(({ host }) => host !== address);
  const forward = forwarder({ upstreams, clock, random, maxInFlight: maxForwards }, signal);
  const resolve = resolver({ zone, view, isReady, forward, random, counters, logger });
  let listener: DnsListener | undefined;

  const work = async (): Promise<void> => {
    await output(run, 'ip', ['address', 'replace', `${address}/32`, 'dev', 'lo']);
    if (listener !== undefined) return;
    const opened = await listenDns({ address, port: options.port, resolve, clock, logger });
    if (signal.aborted) opened.close();
    else listener = opened;
  };

  const loop = startLoop({ name: 'dns', work, quietMs, resyncMs, clock, logger }, signal);
  signal.addEventListener('abort', () => {
    stop();
    listener?.close();
    listener = undefined;
  });
  loop.trigger();

  return {
    notReady() {
      if (loop.fault !== undefined) return `cluster DNS: ${loop.fault.message}`;
      if (listener === undefined) return 'cluster DNS does not listen yet';
      return isReady() ? undefined : 'Namespaces, Services and EndpointSlices are not read yet';
    },
    get port() {
      return listener?.port ?? 0;
    },
    counters,
    settled: () => loop.nextRun(),
    async cleanup() {
      // Exit code 2 says that it was not there.
      await run('ip', ['address', 'delete', `${address}/32`, 'dev', 'lo']);
    },
  };
}

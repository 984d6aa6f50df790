/** A whole node's pods on doubles: an API server in memory, the fake runtime, a clock that is stepped; files are real. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Container, type Draft, type Pod, resources } from '@skiff/api';
import { type Client, createInformerFactory } from '@skiff/client';
import {
  type Call,
  createKeepingLogger,
  createTestCluster,
  intercept,
  node as nodeObject,
  type TestCluster,
} from '@skiff/client/testing';
import { onTestFinished } from 'vitest';
import type { Pressure } from '../../eviction/thresholds.ts';
import type { PodNetwork } from '../../network/contract.ts';
import type { ContainerStatus } from '../../runtime/contract.ts';
import { FakeRuntime } from '../../runtime/fake/runtime.ts';
import { memoryMounts } from '../../volumes/testing/memory-mounts.ts';
import type { Eviction } from '../facts.ts';
import { createPods, type Pods } from '../run.ts';
import { filesAtRest } from './files-at-rest.ts';

export const nodeName = 'n1';
export const image = 'busybox:1.36';

/** A container that runs `script` in the fake's shell. */
export const running = (name: string, script = 'sleep inf', part: Partial<Container> = {}): Container => ({
  name,
  image,
  command: ['sh', '-c', script],
  ...part,
});

export async function testNode() {
  const cluster: TestCluster = createTestCluster();
  const { clock } = cluster;
  const runtime = new FakeRuntime(clock);
  runtime.addImage(image);
  const logger = createKeepingLogger();
  const rootDir = await mkdtemp(join(tmpdir(), 'skiff-node-'));
  const faults: { refuse?: (call: Call) => void } = {};
  const client: Client = intercept(cluster.client, { before: (call) => faults.refuse?.(call) });
  cluster.seed(resources.nodes, nodeObject(nodeName));
  let life: { readonly pods: Pods; readonly stop: () => Promise<void> } | undefined;
  const detached: string[] = [];
  const pressures = new Set<Pressure>();
  let addresses = 4;
  const network: PodNetwork = {
    attach: async () => ({ ips: [`10.244.0.${++addresses}`] }),
    detach: async ({ sandboxId }) => void detached.push(sandboxId),
    notReady: () => undefined,
    dnsServers: ['10.96.0.10'],
    clusterDomain: 'cluster.local',
  };

  function start(): void {
    const ending = new AbortController();
    const context = { client, clock, random: cluster.random, logger, freeze: true };
    const informers = createInformerFactory(context);
    const nodes = informers.informer(resources.nodes);
    const pods = createPods(
      {
        ...{ context, runtime, network, mounts: memoryMounts(), rootDir },
        facts: { name: nodeName, ips: ['192.168.0.1'], cpus: 4, memoryBytes: 8 * 1024 ** 3 },
        pods: informers.informer(resources.pods, { fieldSelector: `spec.nodeName=${nodeName}` }),
        services: informers.informer(resources.services),
        node: () => nodes.get('', nodeName),
        pressures: () => pressures,
      },
      ending.signal,
    );
    const run = pods.run(ending.signal);
    life = {
      pods,
      async stop() {
        ending.abort(new Error('the agent stops'));
        await until(() => settledOf(run));
        await informers.stop();
      },
    };
  }

  const ended = new WeakSet<Promise<unknown>>();
  function settledOf(promise: Promise<unknown>): boolean {
    const note = (): void => void ended.add(promise);
    promise.then(note, note);
    return ended.has(promise);
  }

  async function stop(): Promise<void> {
    await life?.stop();
    life = undefined;
  }

  /** Lets time pass, a tenth of a second at a look, until `holds`. It stands still while real files are worked on. */
  async function until(holds: () => boolean, limitMs = 900_000): Promise<void> {
    const endMs = clock.now() + limitMs;
    while (!holds()) {
      if (clock.now() > endMs) throw new Error('it never happened');
      await filesAtRest();
      await clock.advance(100);
    }
  }

  async function pass(ms: number): Promise<void> {
    const endMs = clock.now() + ms;
    await until(() => clock.now() >= endMs);
  }

  const pod = (name: string): Pod | undefined =>
    cluster.all(resources.pods).find(({ metadata }) => metadata.name === name);
  const mustPod = (name: string): Pod => {
    const found = pod(name);
    if (found === undefined) throw new Error(`no pod ${name}`);
    return found;
  };

  start();
  onTestFinished(async () => {
    await stop();
    await rm(rootDir, { recursive: true, force: true });
  });

  return {
    ...{
      pressures,
      cluster,
      clock,
      runtime,
      logger,
      rootDir,
      faults,
      network,
      detached,
      start,
      stop,
      until,
      pass,
      pod: mustPod,
    },
    evict: (name: string, why: Eviction) => life?.pods.evict(mustPod(name).metadata.uid, why),
    exists: (name: string) => pod(name) !== undefined,
    async create(name: string, spec: Partial<Pod['spec']>, metadata: object = {}): Promise<Pod> {
      const whole = { containers: [running('app')], ...spec, nodeName };
      const draft = { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'shop', ...metadata }, spec: whole };
      return cluster.client.resource(resources.pods).create(draft as Draft<Pod>);
    },
    remove: (name: string, gracePeriodSeconds?: number) =>
      cluster.client
        .resource(resources.pods)
        .delete('shop', name, gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
    phase: (name: string) => pod(name)?.status?.phase,
    status: (name: string, container = 'app') => {
      const {
        containerStatuses = [],
        initContainerStatuses = [],
        ephemeralContainerStatuses = [],
      } = pod(name)?.status ?? {};
      return [...containerStatuses, ...initContainerStatuses, ...ephemeralContainerStatuses].find(
        (one) => one.name === container,
      );
    },
    condition: (name: string, type: string) => pod(name)?.status?.conditions?.find((one) => one.type === type),
    async containers(name: string): Promise<readonly ContainerStatus[]> {
      const all = await runtime.list();
      const own = all.filter((one) => one.pod.name === name && one.role === 'container');
      return Promise.all(own.map(({ id }) => runtime.inspect(id)));
    },
    events: () => cluster.all(resources.events).map(({ reason, message }) => `${reason}: ${message}`),
  };
}

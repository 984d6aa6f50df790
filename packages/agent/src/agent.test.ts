import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findCondition, isConditionTrue, resources } from '@skiff/api';
import { createTestCluster, namespace, pod, silentLogger } from '@skiff/client/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type AgentParts, runParts } from './agent.ts';
import type { PodLookup } from './link/index.ts';
import { hostFacts } from './node/testing.ts';
import { FakeRuntime } from './runtime/fake/runtime.ts';

let rootDir: string;
beforeEach(async () => {
  rootDir = await mkdtemp(join(tmpdir(), 'skiff-agent-'));
});
afterEach(() => rm(rootDir, { recursive: true }));

const nothingMounted: AgentParts['mounts'] = {
  below: async () => [],
  isMounted: async () => false,
  tmpfs: async () => {},
  bind: async () => {},
  unmount: async () => {},
};

const cluster = () => {
  const made = createTestCluster();
  made.seed(resources.namespaces, namespace('kube-system'), namespace('default'));
  return made;
};

/** An agent of node `n1` over doubles of everything outside. */
function start(of: ReturnType<typeof cluster>, runtime: FakeRuntime) {
  const { client, clock, random } = of;
  const ending = new AbortController();
  let ready = 0;
  let known: PodLookup | undefined;
  const parts: AgentParts = {
    ...{ client, runtime, mounts: nothingMounted },
    config: {
      ...{ nodeName: 'n1', nodeIP: '10.0.0.1', endpoints: ['unused:1'], caPath: '', rootDir, clock, random },
      ...{ identity: { type: 'join', tokenFile: '' }, dockerSocket: '', cniBinDir: '', clusterDomain: 'cluster.local' },
      ...{ clusterDNS: '10.96.0.10', serviceCIDR: '10.96.0.0/16', podCIDR: '10.244.0.0/16', labels: {}, taints: [] },
      ...{ thresholds: {}, imageMarks: { high: 1, low: 1 } },
      ...{
        registerNode: true,
        maxPods: 110,
        logger: silentLogger,
        onReady: () => {
          ready += 1;
        },
      },
    },
    readHost: async () => ({ host: hostFacts(), images: [] }),
    startNetwork: async () => ({
      pods: {
        attach: async () => ({ ips: ['10.244.0.2'] }),
        detach: async () => {},
        notReady: () => undefined,
        dnsServers: ['10.96.0.10'],
        clusterDomain: 'cluster.local',
      },
      fault: () => undefined,
      collectGarbage: async () => [],
    }),
    runLink: async (pods) => {
      known = pods;
    },
  };
  const running = runParts(parts, ending.signal);
  return {
    ready: () => ready,
    known: (uid: string) => known?.get(uid),
    /** Steps time until it is so; files that are written in between take turns of their own. */
    async until(done: () => boolean): Promise<void> {
      await expect
        .poll(
          async () => {
            await clock.advance(100);
            return done();
          },
          { interval: 1, timeout: 30_000 },
        )
        .toBe(true);
    },
    async end(): Promise<void> {
      ending.abort(new Error('the test is over'));
      await running;
    },
  };
}

test('an agent registers, runs the pods that are bound to its node, and leaves them to the next', async () => {
  const of = cluster();
  const runtime = new FakeRuntime(of.clock);
  runtime.addImage('busybox:1.36');
  const spec = { nodeName: 'n1', containers: [{ name: 'main', image: 'busybox:1.36', command: ['sleep', 'inf'] }] };
  const [web] = of.seed(resources.pods, pod('web', { spec }));
  of.seed(resources.pods, pod('elsewhere', { spec: { ...spec, nodeName: 'n2' } }));
  const stored = () => of.all(resources.pods).find((one) => one.metadata.name === 'web');
  const uid = web?.metadata.uid ?? '';

  const first = start(of, runtime);
  await first.until(() => isConditionTrue(stored()?.status?.conditions, 'Ready'));
  await first.until(() => first.ready() === 1);
  expect(stored()?.status).toMatchObject({ phase: 'Running', podIP: '10.244.0.2', hostIP: '10.0.0.1' });
  expect(first.known(uid)?.status?.phase).toBe('Running');
  const [self] = of.all(resources.nodes);
  expect(findCondition(self?.status?.conditions, 'Ready')?.status).toBe('True');
  expect(of.all(resources.leases)[0]?.spec.holderIdentity).toBe('n1');
  const ran = (await runtime.list()).map(({ id }) => id).sort();
  expect(ran).toHaveLength(2);
  await first.end();
  expect(of.clock.pending).toBe(0);

  const second = start(of, runtime);
  await second.until(() => second.ready() === 1 && second.known(uid)?.status?.phase === 'Running');
  expect((await runtime.list()).map(({ id }) => id).sort()).toEqual(ran);

  await of.client.resource(resources.pods).delete('default', 'web', { gracePeriodSeconds: 0 });
  await second.until(() => second.known(uid) === undefined);
  expect(await runtime.list()).toEqual([]);
  await second.end();
  expect(of.clock.pending).toBe(0);
});

test('a Node that somebody deleted is registered again, with the addresses of its pods, and is Ready', async () => {
  const of = cluster();
  const agent = start(of, new FakeRuntime(of.clock));
  const nodes = of.client.resource(resources.nodes);
  const self = () => of.all(resources.nodes)[0];
  await agent.until(() => agent.ready() === 1);
  const first = self()?.metadata.uid;
  await nodes.patch('', 'n1', 'merge', { spec: { podCIDR: '10.244.7.0/24', podCIDRs: ['10.244.7.0/24'] } });
  await agent.until(() => self()?.spec?.podCIDR === '10.244.7.0/24');
  await nodes.delete('', 'n1');
  await agent.until(() => self() !== undefined && isConditionTrue(self()?.status?.conditions, 'Ready'));
  expect(self()?.metadata.uid).not.toBe(first);
  expect(self()?.spec).toMatchObject({ podCIDR: '10.244.7.0/24', podCIDRs: ['10.244.7.0/24'] });
  await agent.until(() => of.all(resources.leases)[0]?.metadata.ownerReferences?.[0]?.uid === self()?.metadata.uid);
  await agent.end();
});

import type { Pod } from '@skiff/api';
import { createStepClock, silentLogger } from '@skiff/client/testing';
import { expect, test } from 'vitest';
import type { HostSight } from '../node/reporter.ts';
import { hostFacts } from '../node/testing.ts';
import { podRef, toContainerSpec, toSandboxSpec } from '../pods/container-spec.ts';
import type { Eviction } from '../pods/facts.ts';
import { container, podWith } from '../pods/testing/facts.ts';
import { FakeRuntime } from '../runtime/fake/runtime.ts';
import { EvictionManager } from './manager.ts';
import { defaultThresholds, parseThresholds } from './thresholds.ts';

const gib = 1024 ** 3;

function setUp() {
  const clock = createStepClock();
  const runtime = new FakeRuntime(clock);
  const pods: Pod[] = [];
  const evicted: [string, Eviction][] = [];
  const thresholdsMet: string[] = [];
  const volumes = new Map<string, number>();
  const host = { ...hostFacts() };
  const sight = async (): Promise<HostSight> => ({ host: { ...host }, images: await runtime.listImages() });
  const manager = new EvictionManager({
    ...{ runtime, clock, logger: silentLogger, thresholds: parseThresholds(defaultThresholds) },
    imageMarks: { high: 0.85, low: 0.8 },
    readHost: sight,
    active: () => pods.filter(({ metadata }) => !evicted.some(([uid]) => uid === metadata.uid)),
    evict: (uid, why) => void evicted.push([uid, why]),
    volumeBytes: async (pod) => volumes.get(pod.metadata.uid) ?? 0,
    onThreshold: (resource) => void thresholdsMet.push(resource),
  });
  return {
    ...{ clock, runtime, evicted, thresholdsMet, volumes, host, manager },
    pressures: () => [...manager.pressures],
    evictedPods: () => evicted.map(([uid]) => uid),
    names: async () => (await runtime.listImages()).map(({ id }) => id),
    /** Makes a pod with one container, of its own name, that runs an image of that name. */
    async run(name: string, spec: Partial<Pod['spec']> = {}): Promise<string> {
      const app = container(name);
      const made = podWith({ containers: [app], ...spec });
      const pod = { ...made, metadata: { ...made.metadata, name, uid: name } };
      pods.push(pod);
      runtime.addImage(name);
      const image = await runtime.imageStatus(name);
      if (image === undefined) throw new Error('no image');
      const sandboxId = await runtime.runSandbox(toSandboxSpec(pod, 0));
      const id = await runtime.createContainer({
        ...toContainerSpec({
          ...{ pod, container: { ...app, command: ['sleep', 'inf'] }, image, sandboxId, attempt: 0, backoffMs: 0 },
          ...{ environment: new Map(), mounts: [], devices: [], nodeMemoryBytes: gib },
        }),
        pod: podRef(pod),
      });
      await runtime.startContainer(id);
      return id;
    },
    end(uid: string): void {
      pods.splice(
        pods.findIndex(({ metadata }) => metadata.uid === uid),
        1,
      );
    },
    async look(): Promise<void> {
      manager.observe(await sight());
      await manager.settled();
    },
  };
}

test('a node with room does nothing', async () => {
  const node = setUp();
  await node.run('web');
  await node.look();
  expect(node.pressures()).toEqual([]);
  expect(node.evicted).toEqual([]);
});

test('memory: one pod at a look, the greediest first; the pressure outlasts the lack by five minutes', async () => {
  const node = setUp();
  await node.run('small');
  await node.run('large');
  node.runtime.uses.set('large', { memoryBytes: 500_000_000 });
  node.host.memoryAvailableBytes = 1000;
  await node.look();
  expect(node.evictedPods()).toEqual(['large']);
  expect(node.evicted[0]?.[1]).toMatchObject({ reason: 'Evicted', disrupted: true });
  expect(node.thresholdsMet).toEqual(['memory']);
  await node.look();
  expect(node.evictedPods()).toEqual(['large', 'small']);
  node.host.memoryAvailableBytes = 4 * gib;
  await node.clock.advance(299_000);
  await node.look();
  expect(node.pressures()).toEqual(['MemoryPressure']);
  await node.clock.advance(1000);
  await node.look();
  expect(node.pressures()).toEqual([]);
});

test('disk: what nobody uses goes first; a pod only when that is not enough', async () => {
  const node = setUp();
  const ended = await node.run('ended');
  await node.run('web');
  node.runtime.kill(ended, 0);
  node.end('ended');
  node.runtime.addImage('unused');
  node.host.imagefs = { ...node.host.imagefs, availableBytes: gib };
  await node.look();
  expect((await node.runtime.list()).some(({ id }) => id === ended)).toBe(false);
  expect(await node.names()).toEqual(['sha256:ended', 'sha256:web']);
  expect(node.evictedPods()).toEqual(['web']);
});

test('disk: no pod goes when removing was enough', async () => {
  const node = setUp();
  await node.run('web');
  node.runtime.addImage('unused');
  node.host.nodefs = { ...node.host.nodefs, availableBytes: gib };
  const remove = node.runtime.removeImage.bind(node.runtime);
  node.runtime.removeImage = async (reference) => {
    await remove(reference);
    node.host.nodefs = { ...node.host.nodefs, availableBytes: 50 * gib };
  };
  await node.look();
  expect(await node.names()).toEqual(['sha256:web']);
  expect(node.evicted).toEqual([]);
  expect(node.pressures()).toEqual(['DiskPressure']);
});

test('a pod that fills its emptyDir goes, whatever room there is', async () => {
  const node = setUp();
  await node.run('writer', { volumes: [{ name: 'scratch', emptyDir: { sizeLimit: '1Mi' } }] });
  node.volumes.set('writer', 2 * 1024 ** 2);
  await node.look();
  expect(node.evicted).toEqual([
    [
      'writer',
      {
        reason: 'Evicted',
        message: 'Usage of EmptyDir volume "scratch" exceeds the limit "1Mi". ',
        disrupted: false,
      },
    ],
  ]);
  expect(node.pressures()).toEqual([]);
});

test('an engine that is away is asked again at the next look', async () => {
  const node = setUp();
  await node.run('web');
  node.host.memoryAvailableBytes = 0;
  const seen = { host: { ...node.host }, images: [] };
  node.runtime.down = true;
  node.manager.observe(seen);
  await node.manager.settled();
  expect(node.evicted).toEqual([]);
  node.runtime.down = false;
  await node.look();
  expect(node.evictedPods()).toEqual(['web']);
});

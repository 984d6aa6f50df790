import { findCondition, isConditionTrue, type Node, type Pod, resources } from '@skiff/api';
import { createTestCluster, namespace, onNode, pod, silentLogger } from '@skiff/client/testing';
import { expect, onTestFinished, test } from 'vitest';
import { runSimulatedNode } from './node.ts';
import { worldOf } from './testing.ts';

function given() {
  const cluster = createTestCluster();
  cluster.seed(resources.namespaces, namespace('default'), namespace('kube-node-lease'));
  const { client, clock, random } = cluster;
  const start = () => {
    const ending = new AbortController();
    let ready = 0;
    const config = {
      ...{ nodeName: 'sim-3', index: 3, labels: { zone: 'a' }, taints: [], maxPods: 5, world: worldOf() },
      ...{ client, clock, random, logger: silentLogger },
      onReady: () => {
        ready += 1;
      },
    };
    const running = runSimulatedNode(config, ending.signal);
    const end = async (): Promise<void> => {
      ending.abort(new Error('the test is over'));
      await running;
    };
    onTestFinished(end);
    return { ready: () => ready, end };
  };
  const until = (done: () => boolean) =>
    expect
      .poll(async () => {
        await clock.advance(500);
        return done();
      })
      .toBe(true);
  const podNow = (): Pod | undefined => cluster.all<Pod>(resources.pods)[0];
  const isReady = (): boolean => isConditionTrue(podNow()?.status?.conditions, 'Ready');
  return { cluster, start, until, podNow, isReady };
}

test('a node registers, is Ready once, and renews its lease', async () => {
  const { cluster, start, until } = given();
  const node = start();
  await until(() => node.ready() === 1);
  const [found] = cluster.all<Node>(resources.nodes);
  expect(found).toMatchObject({
    metadata: { name: 'sim-3', labels: { zone: 'a', 'kubernetes.io/hostname': 'sim-3' } },
  });
  expect(findCondition(found?.status?.conditions, 'Ready')).toMatchObject({ status: 'True' });
  expect(found?.status?.addresses).toContainEqual({ type: 'InternalIP', address: '100.64.0.3' });
  const renewed = (): string => cluster.all(resources.leases)[0]?.spec.renewTime ?? '';
  const first = renewed();
  await until(() => renewed() > first);
  await node.end();
  expect(cluster.clock.pending).toBe(0);
});

test('its pods become ready, outlive the simulation, and go when they are deleted', async () => {
  const { cluster, start, until, podNow, isReady } = given();
  const first = start();
  await until(() => first.ready() === 1);
  cluster.seed(resources.pods, pod('web', onNode('sim-3')));
  await until(isReady);
  expect(podNow()?.status).toMatchObject({ phase: 'Running', podIP: '10.128.3.2' });
  await first.end();
  const before = podNow()?.status;
  const second = start();
  await until(() => second.ready() === 1);
  await cluster.clock.advance(30_000);
  expect(podNow()?.status).toEqual(before);
  await cluster.client.resource(resources.pods).delete('default', 'web');
  await until(() => podNow() === undefined);
});

test('a pod that does not fit is refused', async () => {
  const { cluster, start, until, podNow } = given();
  const node = start();
  await until(() => node.ready() === 1);
  cluster.seed(resources.pods, pod('web', onNode('sim-3'), { spec: { nodeSelector: { zone: 'b' } } }));
  await until(() => podNow()?.status?.phase === 'Failed');
  expect(podNow()?.status?.reason).toBe('NodeAffinity');
});

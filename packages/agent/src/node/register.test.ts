import { type Node, resources } from '@skiff/api';
import { createTestCluster, intercept, node, silentLogger } from '@skiff/client/testing';
import { describe, expect, test } from 'vitest';
import { keepLease } from './lease.ts';
import { type Registration, register } from './register.ts';

const never = new AbortController().signal;

const registration: Registration = {
  nodeName: 'n1',
  architecture: 'amd64',
  labels: { room: 'cellar' },
  taints: [{ key: 'gpu', value: 'yes', effect: 'NoSchedule' }],
  registerNode: true,
  status: { conditions: [] },
};

describe('registration', () => {
  test('makes a Node with its labels and taints', async () => {
    const cluster = createTestCluster();
    await register(cluster.client, registration, { clock: cluster.clock, logger: silentLogger }, never);
    const [made] = cluster.all(resources.nodes);
    expect(made?.spec?.taints).toEqual(registration.taints);
    expect(made?.metadata.labels).toEqual({
      room: 'cellar',
      'beta.kubernetes.io/arch': 'amd64',
      'beta.kubernetes.io/os': 'linux',
      'kubernetes.io/arch': 'amd64',
      'kubernetes.io/hostname': 'n1',
      'kubernetes.io/os': 'linux',
    });
    expect(made?.metadata.annotations).toEqual({ 'volumes.kubernetes.io/controller-managed-attach-detach': 'true' });
  });

  test('adopts the Node of its name: the host’s labels are put right, everything else stays', async () => {
    const cluster = createTestCluster();
    const old = node('n1', {
      metadata: { labels: { 'kubernetes.io/arch': 'arm64', mine: 'kept' }, annotations: { mine: 'too' } },
    });
    cluster.seed(resources.nodes, old);
    const adopted = await register(cluster.client, registration, { ...cluster, logger: silentLogger }, never);
    expect(adopted.metadata.labels).toMatchObject({ 'kubernetes.io/arch': 'amd64', mine: 'kept' });
    expect(adopted.metadata.labels).not.toHaveProperty('room');
    expect(adopted.metadata.annotations).toEqual({
      mine: 'too',
      'volumes.kubernetes.io/controller-managed-attach-detach': 'true',
    });
    expect(adopted.spec?.taints).toBeUndefined();
  });

  test('without leave to register it waits for the Node', async () => {
    const cluster = createTestCluster();
    const registering = register(
      cluster.client,
      { ...registration, registerNode: false },
      { ...cluster, logger: silentLogger },
      never,
    );
    await cluster.clock.advance(1000);
    expect(cluster.all(resources.nodes)).toEqual([]);
    cluster.seed(resources.nodes, node('n1'));
    await cluster.clock.advance(60_000);
    expect((await registering).metadata.name).toBe('n1');
  });
});

describe('the lease', () => {
  async function started(before: (call: { readonly verb: string }) => void = () => {}) {
    const cluster = createTestCluster();
    const [self] = cluster.seed<Node>(resources.nodes, node('n1'));
    if (self === undefined) throw new Error('no node');
    const ending = new AbortController();
    const client = intercept(cluster.client, { before });
    const kept = keepLease(
      client,
      () => self,
      { clock: cluster.clock, random: () => 0, logger: silentLogger },
      ending.signal,
    );
    await cluster.clock.advance(0);
    const lease = () => cluster.all(resources.leases)[0];
    const end = async (): Promise<void> => {
      ending.abort();
      await kept;
      expect(cluster.clock.pending).toBe(0);
    };
    return { cluster, self, lease, end };
  }

  test('is the node’s, and is renewed every ten seconds', async () => {
    const { cluster, self, lease, end } = await started();
    expect(lease()?.metadata).toMatchObject({
      name: 'n1',
      namespace: 'kube-node-lease',
      ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: 'n1', uid: self.metadata.uid }],
    });
    expect(lease()?.spec).toEqual({
      holderIdentity: 'n1',
      leaseDurationSeconds: 40,
      renewTime: '2026-01-02T03:04:05.000000Z',
    });
    await cluster.clock.advance(9999);
    expect(lease()?.spec.renewTime).toBe('2026-01-02T03:04:05.000000Z');
    await cluster.clock.advance(1);
    expect(lease()?.spec.renewTime).toBe('2026-01-02T03:04:15.000000Z');
    await end();
  });

  test('a renewal that fails is tried again after a second', async () => {
    let failing = false;
    const { cluster, lease, end } = await started(() => {
      if (failing) throw new Error('nobody there');
    });
    failing = true;
    await cluster.clock.advance(10_000);
    failing = false;
    await cluster.clock.advance(1000);
    expect(lease()?.spec.renewTime).toBe('2026-01-02T03:04:16.000000Z');
    await end();
  });

  test('one that somebody deleted comes back', async () => {
    const { cluster, lease, end } = await started();
    await cluster.client.resource(resources.leases).delete('kube-node-lease', 'n1');
    await cluster.clock.advance(11_000);
    expect(lease()?.spec.holderIdentity).toBe('n1');
    await end();
  });
});

import { resources } from '@skiff/api';
import { createTestCluster, deployment, namespace, node, silentLogger } from '@skiff/client/testing';
import { expect, test } from 'vitest';
import { runControllers } from './main.ts';

test('the manager takes the lead, runs every controller on one set of caches, and stops cleanly', async () => {
  const cluster = createTestCluster();
  const { client, clock, random } = cluster;
  cluster.seed(resources.namespaces, namespace('default'), namespace('kube-system'));
  cluster.seed(resources.nodes, node('n1'));
  const stopping = new AbortController();
  const config = {
    client,
    clock,
    random,
    logger: silentLogger,
    identity: 'first',
    clusterCIDR: '10.244.0.0/16',
    nodeMaskSize: 24,
    nodeGraceMs: 40_000,
    rootCA: 'PEM',
    signingAuthority: undefined,
  };
  const ended = runControllers(config, stopping.signal);
  await clock.advance(1000);
  await client.resource(resources.deployments).create(deployment('web'));
  await clock.advance(5000);
  const lease = await client.resource(resources.leases).get('kube-system', 'kube-controller-manager');
  expect(lease.spec.holderIdentity).toBe('first');
  expect(cluster.all(resources.pods)).toHaveLength(3);
  expect((await client.resource(resources.nodes).get('', 'n1')).spec?.podCIDR).toBe('10.244.0.0/24');
  expect((await client.resource(resources.configmaps).get('default', 'kube-root-ca.crt')).data).toEqual({
    'ca.crt': 'PEM',
  });
  await client.resource(resources.deployments).delete('default', 'web', { propagationPolicy: 'Background' });
  await clock.advance(5000);
  expect([...cluster.all(resources.replicasets), ...cluster.all(resources.pods)]).toEqual([]);
  stopping.abort(new Error('the test is over'));
  await clock.advance(1000);
  await ended;
});

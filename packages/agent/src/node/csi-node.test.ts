import { resources } from '@skiff/api';
import { createTestCluster, node, silentLogger } from '@skiff/client/testing';
import { expect, test } from 'vitest';
import { registerCsiNode } from './csi-node.ts';

const never = new AbortController().signal;

test('a node gets a CSINode that it owns, once; one of its forerunner is taken over with its drivers', async () => {
  const cluster = createTestCluster();
  const [first, second] = cluster.seed(resources.nodes, node('n1'), node('n2'));
  if (first === undefined || second === undefined) throw new Error('no node');
  const deps = { clock: cluster.clock, logger: silentLogger };
  const owners = () => cluster.all(resources.csinodes)[0]?.metadata.ownerReferences?.map(({ uid }) => uid);
  await registerCsiNode(cluster.client, first, deps, never);
  expect(cluster.all(resources.csinodes)).toMatchObject([{ metadata: { name: 'n1' }, spec: { drivers: [] } }]);
  expect(owners()).toEqual([first.metadata.uid]);

  const drivers = [{ name: 'disk.example.org', nodeID: 'n1' }];
  await cluster.client.resource(resources.csinodes).patch('', 'n1', 'merge', { spec: { drivers } });
  await registerCsiNode(cluster.client, first, deps, never);
  expect(owners()).toEqual([first.metadata.uid]);
  const again = { ...first, metadata: { ...first.metadata, uid: second.metadata.uid } };
  await registerCsiNode(cluster.client, again, deps, never);
  expect(owners()).toEqual([second.metadata.uid]);
  expect(cluster.all(resources.csinodes)[0]?.spec.drivers).toEqual(drivers);
});

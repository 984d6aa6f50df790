import { resources } from '@skiff/api';
import { node } from '@skiff/client/testing';
import { afterEach, expect, test } from 'vitest';
import { type Lab, startLab } from '../testing/lab.ts';
import { nodeTtlController } from './reconcile.ts';

let lab: Lab;
afterEach(() => lab.stop());

test('every Node says how long objects may be old, and all follow the size of the cluster', async () => {
  lab = await startLab(({ client, informers }) => [nodeTtlController(client, informers)]);
  const told = (): Set<string | undefined> =>
    new Set(
      lab.cluster.all(resources.nodes).map(({ metadata }) => metadata.annotations?.['node.alpha.kubernetes.io/ttl']),
    );
  lab.cluster.seed(resources.nodes, node('n0', { metadata: { annotations: { mine: 'kept' } } }));
  await lab.quiet();
  expect(lab.cluster.all(resources.nodes)[0]?.metadata.annotations).toEqual({
    mine: 'kept',
    'node.alpha.kubernetes.io/ttl': '0',
  });
  for (let index = 1; index <= 100; index += 1) lab.cluster.seed(resources.nodes, node(`n${index}`));
  await lab.quiet();
  expect(told()).toEqual(new Set(['15']));
});

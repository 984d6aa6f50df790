import { resources } from '@skiff/api';
import { deployment, labelled, pod, podDisruptionBudget, running } from '@skiff/client/testing';
import { afterEach, expect, test } from 'vitest';
import { deploymentController } from '../deployment/reconcile.ts';
import { replicaSetController } from '../replicaset/reconcile.ts';
import { type Lab, startLab } from '../testing/lab.ts';
import { disruptionController } from './reconcile.ts';

let lab: Lab;
afterEach(() => lab.stop());
const status = async () =>
  (await lab.cluster.client.resource(resources.poddisruptionbudgets).get('default', 'web')).status;

test('a budget follows its pods and the size of their deployment', async () => {
  lab = await startLab(
    (context) => [deploymentController(context), replicaSetController(context), disruptionController(context)],
    (cluster) => {
      const { minAvailable: _, ...spec } = podDisruptionBudget('web').spec;
      cluster.seed(resources.deployments, deployment('web', { spec: { replicas: 4 } }));
      cluster.seed(resources.poddisruptionbudgets, {
        ...podDisruptionBudget('web'),
        spec: { ...spec, maxUnavailable: '25%' },
      });
    },
  );
  await lab.quiet();
  expect(await status()).toMatchObject({
    expectedPods: 4,
    desiredHealthy: 3,
    currentHealthy: 0,
    disruptionsAllowed: 0,
  });
  await lab.kubelet();
  expect(await status()).toMatchObject({ currentHealthy: 4, disruptionsAllowed: 1 });
  await lab.cluster.client.resource(resources.deployments).patch('default', 'web', 'merge', { spec: { replicas: 8 } });
  await lab.kubelet();
  expect(await status()).toMatchObject({ expectedPods: 8, desiredHealthy: 6, disruptionsAllowed: 2 });
});

test('a pod whose controller nobody knows makes the budget allow nothing', async () => {
  const owner = { apiVersion: 'example.com/v1', kind: 'Widget', name: 'w', uid: 'w', controller: true };
  lab = await startLab(
    (context) => [disruptionController(context)],
    (cluster) => {
      cluster.seed(resources.poddisruptionbudgets, podDisruptionBudget('web', { spec: { minAvailable: '50%' } }));
      cluster.seed(
        resources.pods,
        pod('strange', labelled({ app: 'web' }), running('n1'), { metadata: { ownerReferences: [owner] } }),
      );
    },
  );
  await lab.cluster.clock.advance(10);
  expect(await status()).toMatchObject({
    disruptionsAllowed: 0,
    conditions: [{ reason: 'SyncFailed', message: 'found no controllers for pod "strange"' }],
  });
});

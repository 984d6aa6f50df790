import { type ApiObject, type CustomResourceDefinition, resources } from '@skiff/api';
import { deployment, labelled, pod, podDisruptionBudget, running } from '@skiff/client/testing';
import { afterEach, expect, test } from 'vitest';
import { deploymentController } from '../deployment/reconcile.ts';
import { replicaSetController } from '../replicaset/reconcile.ts';
import { type Lab, startLab } from '../testing/lab.ts';
import { replicasAt } from './custom-scale.ts';
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

const definition: CustomResourceDefinition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'fleets.example.com', uid: '', resourceVersion: '', creationTimestamp: '2026-01-02T03:04:05Z' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'fleets', singular: 'fleet', kind: 'Fleet', listKind: 'FleetList' },
    versions: [
      {
        ...{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } },
        subresources: { scale: { specReplicasPath: '.spec.size', statusReplicasPath: '.status.size' } },
      },
    ],
  },
  status: {
    conditions: [
      { type: 'Established', status: 'True', reason: '', message: '', lastTransitionTime: '2026-01-02T03:04:05Z' },
    ],
  },
};
const fleets = {
  ...{ group: 'example.com', version: 'v1', resource: 'fleets', kind: 'Fleet', namespaced: true },
  apiVersion: 'example.com/v1',
};

test('a custom controller with a scale subresource is asked how many it wants', async () => {
  lab = await startLab(
    (context) => [disruptionController(context)],
    (cluster) => {
      cluster.seed(resources.customresourcedefinitions, definition);
      cluster.seed(resources.poddisruptionbudgets, podDisruptionBudget('web', { spec: { minAvailable: '50%' } }));
    },
  );
  const fleet = {
    apiVersion: 'example.com/v1',
    kind: 'Fleet',
    metadata: { name: 'f', namespace: 'default' },
    spec: { size: 4 },
  };
  const { metadata } = await lab.cluster.client.resource<ApiObject>(fleets).create(fleet);
  const owner = { apiVersion: 'example.com/v1', kind: 'Fleet', name: 'f', uid: metadata.uid, controller: true };
  for (const name of ['f1', 'f2', 'f3'])
    lab.cluster.seed(
      resources.pods,
      pod(name, labelled({ app: 'web' }), running('n1'), { metadata: { ownerReferences: [owner] } }),
    );
  await lab.quiet();
  expect(await status()).toMatchObject({ expectedPods: 4, desiredHealthy: 2 });
});

test.each([
  [{ spec: { size: 4 } }, '.spec.size', 4],
  [{ spec: { deep: { size: 2 } } }, '.spec.deep.size', 2],
  [{ spec: {} }, '.spec.size', 0],
  [{ spec: { size: '4' } }, '.spec.size', 0],
  [{}, '.constructor.length', 0],
])('replicas of %j at %s: %i', (object, path, expected) => {
  expect(replicasAt(object as unknown as ApiObject, path)).toBe(expected);
});

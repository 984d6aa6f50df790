import { ApiError, type ReplicationController, resources } from '@skiff/api';
import { labelled, ownedBy, pod, replicaSet, running } from '@skiff/client/testing';
import { afterEach, expect, test } from 'vitest';
import { type Lab, names, startLab } from '../testing/lab.ts';
import { replicaSetController, replicationController } from './reconcile.ts';

let lab: Lab;
afterEach(() => lab.stop());

const pods = () => lab.cluster.all(resources.pods);
const statusOf = async (name = 'web') =>
  (await lab.cluster.client.resource(resources.replicasets).get('default', name)).status;
const scale = (replicas: number) =>
  lab.cluster.client.resource(resources.replicasets).patch('default', 'web', 'merge', { spec: { replicas } });

test('makes the pods that are missing, follows the count, and says so', async () => {
  lab = await startLab(
    (context) => [replicaSetController(context)],
    (cluster) => cluster.seed(resources.replicasets, replicaSet('web')),
  );
  await lab.quiet();
  expect(pods()).toHaveLength(3);
  expect(pods()[0]?.metadata).toMatchObject({
    generateName: 'web-',
    labels: { app: 'web' },
    ownerReferences: [{ kind: 'ReplicaSet', name: 'web', controller: true, blockOwnerDeletion: true }],
  });
  expect(await statusOf()).toEqual({ replicas: 3, fullyLabeledReplicas: 3, observedGeneration: 1 });
  expect(lab.events('web')).toContain(`SuccessfulCreate: Created pod: ${pods()[0]?.metadata.name}`);
  await lab.kubelet();
  expect(await statusOf()).toMatchObject({ readyReplicas: 3, availableReplicas: 3 });
  await scale(1);
  await lab.kubelet();
  expect(pods()).toHaveLength(1);
  expect(await statusOf()).toMatchObject({ replicas: 1, observedGeneration: 2 });
  expect(lab.events('web').filter((event) => event.startsWith('SuccessfulDelete: Deleted pod: web-'))).toHaveLength(2);
});

test('takes orphans it selects, lets go what it selects no more, leaves others’ pods alone', async () => {
  const other = { apiVersion: 'apps/v1', kind: 'ReplicaSet', metadata: { name: 'other', uid: 'other-uid' } };
  lab = await startLab(
    (context) => [replicaSetController(context)],
    (cluster) => {
      cluster.seed(resources.replicasets, replicaSet('web', { spec: { replicas: 2 } }));
      cluster.seed(
        resources.pods,
        pod('orphan', labelled({ app: 'web' }), running('n1')),
        pod('stranger', labelled({ app: 'web' }), ownedBy(other)),
      );
    },
  );
  await lab.quiet();
  const owner = (name: string) => pods().find((one) => one.metadata.name === name)?.metadata.ownerReferences?.[0]?.name;
  expect(pods()).toHaveLength(3);
  expect(owner('orphan')).toBe('web');
  expect(owner('stranger')).toBe('other');
  await lab.cluster.client
    .resource(resources.pods)
    .patch('default', 'orphan', 'merge', { metadata: { labels: { app: 'debug' } } });
  await lab.quiet();
  expect(owner('orphan')).toBeUndefined();
  expect(pods()).toHaveLength(4);
});

test('a failed create is shown as a condition until it works, and tried in slow-start batches', async () => {
  let refuse = true;
  let creates = 0;
  lab = await startLab(
    (context) => [replicaSetController(context)],
    (cluster) => cluster.seed(resources.replicasets, replicaSet('web', { spec: { replicas: 20 } })),
    {
      before({ verb, resource }) {
        if (verb !== 'create' || resource !== 'pods') return;
        creates += 1;
        if (refuse) throw new ApiError('Forbidden', 'pods "web-x" is forbidden: exceeded quota');
      },
    },
  );
  await lab.cluster.clock.advance(1);
  // Once for the set, once more for the event of its status: never twenty.
  expect(creates).toBe(2);
  expect((await statusOf())?.conditions).toMatchObject([
    {
      type: 'ReplicaFailure',
      status: 'True',
      reason: 'FailedCreate',
      message: 'pods "web-x" is forbidden: exceeded quota',
    },
  ]);
  expect(lab.events('web')).toContain('FailedCreate: Error creating: pods "web-x" is forbidden: exceeded quota');
  refuse = false;
  await lab.pass(1000);
  expect(pods()).toHaveLength(20);
  expect((await statusOf())?.conditions).toBeUndefined();
});

test('an answer that is lost makes no twin', async () => {
  let lost = false;
  lab = await startLab(
    (context) => [replicaSetController(context)],
    (cluster) => cluster.seed(resources.replicasets, replicaSet('web', { spec: { replicas: 1 } })),
    {
      after({ verb, resource }) {
        if (verb !== 'create' || resource !== 'pods' || lost) return;
        lost = true;
        throw new ApiError('ServiceUnavailable', 'the connection broke');
      },
    },
  );
  await lab.pass(60);
  expect(lost).toBe(true);
  expect(pods()).toHaveLength(1);
});

test('pods count as available once ready for minReadySeconds', async () => {
  lab = await startLab(
    (context) => [replicaSetController(context)],
    (cluster) => cluster.seed(resources.replicasets, replicaSet('web', { spec: { replicas: 1, minReadySeconds: 30 } })),
  );
  await lab.kubelet();
  expect(await statusOf()).toMatchObject({ readyReplicas: 1 });
  expect((await statusOf())?.availableReplicas).toBeUndefined();
  await lab.pass(31);
  expect(await statusOf()).toMatchObject({ availableReplicas: 1 });
});

test('a ReplicationController is the same with a plain selector', async () => {
  const controller: ReplicationController = {
    apiVersion: 'v1',
    kind: 'ReplicationController',
    metadata: {
      name: 'old',
      namespace: 'default',
      uid: '',
      resourceVersion: '',
      creationTimestamp: '2026-01-02T03:04:05Z',
    },
    spec: {
      replicas: 2,
      selector: { app: 'old' },
      template: { metadata: { labels: { app: 'old' } }, spec: { containers: [{ name: 'main', image: 'busybox' }] } },
    },
  };
  lab = await startLab(
    (context) => [replicationController(context)],
    (cluster) => cluster.seed(resources.replicationcontrollers, controller),
  );
  await lab.kubelet();
  expect(names(pods())).toHaveLength(2);
  const [stored] = lab.cluster.all(resources.replicationcontrollers);
  expect(stored?.status).toMatchObject({
    replicas: 2,
    readyReplicas: 2,
    availableReplicas: 2,
    fullyLabeledReplicas: 2,
  });
});

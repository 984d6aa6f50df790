import { type Pod, resources, type StatefulSet } from '@skiff/api';
import { type Part, withParts } from '@skiff/client/testing';
import { afterEach, expect, test } from 'vitest';
import { finishPod, type KubeletOptions, type Lab, names, startLab } from '../testing/lab.ts';
import { statefulSetController } from './reconcile.ts';

let lab: Lab;
afterEach(() => lab.stop());

const container = (tag: string) => ({ name: 'main', image: `db:${tag}` });
const base: StatefulSet = {
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  metadata: {
    name: 'db',
    namespace: 'default',
    uid: '',
    resourceVersion: '',
    creationTimestamp: '2026-01-02T03:04:05Z',
  },
  spec: {
    replicas: 3,
    serviceName: 'db',
    selector: { matchLabels: { app: 'db' } },
    // On a node a deleted pod stays until its kubelet has ended it.
    template: { metadata: { labels: { app: 'db' } }, spec: { nodeName: 'n1', containers: [container('1')] } },
  },
};
const start = async (spec: Part<StatefulSet['spec']> = {}, kubelet?: KubeletOptions): Promise<void> => {
  lab = await startLab(
    (context) => [statefulSetController(context)],
    (cluster) => cluster.seed(resources.statefulsets, withParts(base, [{ spec }])),
  );
  await lab.kubelet(kubelet);
};
const set = () => lab.cluster.client.resource(resources.statefulsets).get('default', 'db');
const patch = (spec: Part<StatefulSet['spec']>) =>
  lab.cluster.client.resource(resources.statefulsets).patch('default', 'db', 'merge', { spec });
const image = (tag: string) => patch({ template: { spec: { containers: [container(tag)] } } });
const pods = (): readonly Pod[] => lab.cluster.all(resources.pods);
const images = () => pods().map((pod) => `${pod.metadata.name} ${pod.spec.containers[0]?.image}`);
const claims = () => lab.cluster.all(resources.persistentvolumeclaims);
const never = { ready: () => false };

test('one after the other, each when the one before is ready', async () => {
  await start({}, never);
  expect(names(pods())).toEqual(['db-0']);
  const [pod] = pods();
  expect(pod).toMatchObject({
    metadata: {
      labels: { app: 'db', 'statefulset.kubernetes.io/pod-name': 'db-0', 'apps.kubernetes.io/pod-index': '0' },
      ownerReferences: [{ kind: 'StatefulSet', name: 'db', controller: true }],
    },
    spec: { hostname: 'db-0', subdomain: 'db' },
  });
  await lab.kubelet({ rounds: 1 });
  expect(names(pods())).toEqual(['db-0', 'db-1']);
  await lab.kubelet();
  expect(names(pods())).toEqual(['db-0', 'db-1', 'db-2']);
  const { status } = await set();
  const [revision] = lab.cluster.all(resources.controllerrevisions);
  expect(status).toEqual({
    observedGeneration: 1,
    replicas: 3,
    readyReplicas: 3,
    availableReplicas: 3,
    currentReplicas: 3,
    updatedReplicas: 3,
    currentRevision: revision?.metadata.name,
    updateRevision: revision?.metadata.name,
  });
  expect(pod?.metadata.labels?.['controller-revision-hash']).toBe(revision?.metadata.name);
  expect(revision).toMatchObject({ revision: 1, data: { spec: { template: { $patch: 'replace' } } } });
  expect(lab.events('db')).toContain('SuccessfulCreate: create Pod db-0 in StatefulSet db successful');
});

test('Parallel: all at once, up and down', async () => {
  await start({ podManagementPolicy: 'Parallel' }, never);
  expect(pods()).toHaveLength(3);
  await lab.kubelet();
  await patch({ replicas: 0 });
  await lab.quiet();
  expect(pods().every((pod) => pod.metadata.deletionTimestamp !== undefined)).toBe(true);
});

test('fewer replicas: the highest goes first, the next when it is gone', async () => {
  await start();
  await patch({ replicas: 1 });
  await lab.quiet();
  expect(pods().map((pod) => pod.metadata.deletionTimestamp !== undefined)).toEqual([false, false, true]);
  await lab.kubelet();
  expect(names(pods())).toEqual(['db-0']);
});

test('a new template rolls from the highest down, one at a time, and stops at one that does not come up', async () => {
  await start();
  await image('2');
  await lab.quiet();
  expect(pods().map((pod) => pod.metadata.deletionTimestamp !== undefined)).toEqual([false, false, true]);
  await lab.kubelet({ ready: (pod) => pod.metadata.name !== 'db-1' || pod.spec.containers[0]?.image === 'db:1' });
  expect(images()).toEqual(['db-0 db:1', 'db-1 db:2', 'db-2 db:2']);
  expect((await set()).status).toMatchObject({ currentReplicas: 1, updatedReplicas: 2, readyReplicas: 2 });
  await lab.kubelet();
  expect(images()).toEqual(['db-0 db:2', 'db-1 db:2', 'db-2 db:2']);
  const { status } = await set();
  expect(status?.currentRevision).toBe(status?.updateRevision);
  expect(status).toMatchObject({ currentReplicas: 3, updatedReplicas: 3 });
});

test.each([
  ['two at a time', 2, [false, true, true]],
  ['a share, rounded down', '67%', [false, true, true]],
  ['a share of less than one: one', '10%', [false, false, true]],
])('maxUnavailable: %s', async (_name, maxUnavailable, going) => {
  await start({ updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable } } });
  await image('2');
  await lab.quiet();
  expect(pods().map((pod) => pod.metadata.deletionTimestamp !== undefined)).toEqual(going);
  await lab.kubelet();
  expect(images()).toEqual(['db-0 db:2', 'db-1 db:2', 'db-2 db:2']);
});

test('a partition keeps the lower replicas as they were, also when they are made anew', async () => {
  await start({ updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 2 } } });
  await image('2');
  await lab.kubelet();
  expect(images()).toEqual(['db-0 db:1', 'db-1 db:1', 'db-2 db:2']);
  await lab.cluster.client.resource(resources.pods).delete('default', 'db-0');
  await lab.kubelet();
  expect(images()).toEqual(['db-0 db:1', 'db-1 db:1', 'db-2 db:2']);
  await patch({ updateStrategy: { rollingUpdate: { partition: 0 } } });
  await lab.kubelet();
  expect(images()).toEqual(['db-0 db:2', 'db-1 db:2', 'db-2 db:2']);
});

test('OnDelete changes a replica when somebody deletes it', async () => {
  await start({ updateStrategy: { type: 'OnDelete' } });
  await image('2');
  await lab.kubelet();
  await lab.cluster.client.resource(resources.pods).delete('default', 'db-1');
  await lab.kubelet();
  expect(images()).toEqual(['db-0 db:1', 'db-1 db:2', 'db-2 db:1']);
});

test('going back to a former template uses its revision again; history is kept to the limit', async () => {
  await start({ revisionHistoryLimit: 1 });
  for (const tag of ['2', '3', '1']) {
    await image(tag);
    await lab.kubelet();
  }
  expect(images()).toEqual(['db-0 db:1', 'db-1 db:1', 'db-2 db:1']);
  const history = lab.cluster.all(resources.controllerrevisions);
  expect(history.map((one) => one.revision).sort()).toEqual([3, 4]);
});

test('a failed replica is made anew under its name', async () => {
  await start();
  await finishPod(lab.cluster, 'db-1', 'Failed');
  await lab.kubelet();
  expect(names(pods())).toEqual(['db-0', 'db-1', 'db-2']);
  expect(pods().every((pod) => pod.status?.phase === 'Running')).toBe(true);
  expect(lab.events('db')).toContain('RecreatingFailedPod: StatefulSet default/db is recreating failed Pod db-1');
});

const storage = {
  volumeClaimTemplates: [
    {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'data' },
      spec: { accessModes: ['ReadWriteOnce' as const], resources: { requests: { storage: '1Gi' } } },
    },
  ],
};

test('each replica has its claim, which outlives it', async () => {
  await start({ ...storage, replicas: 2 });
  expect(names(claims())).toEqual(['data-db-0', 'data-db-1']);
  expect(claims()[0]?.metadata.labels).toEqual({ app: 'db' });
  expect(claims()[0]?.metadata.ownerReferences ?? []).toEqual([]);
  expect(pods()[1]?.spec.volumes).toEqual([{ name: 'data', persistentVolumeClaim: { claimName: 'data-db-1' } }]);
  await patch({ replicas: 1 });
  await lab.kubelet();
  expect(names(claims())).toEqual(['data-db-0', 'data-db-1']);
});

test('claims go with the set or with a replica that is not wanted any more, when the policy says so', async () => {
  await start({
    ...storage,
    replicas: 2,
    persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete', whenScaled: 'Delete' },
  });
  const owners = () =>
    claims().map((claim) => claim.metadata.ownerReferences?.map(({ kind, name }) => `${kind}/${name}`));
  expect(owners()).toEqual([['StatefulSet/db'], ['StatefulSet/db']]);
  await patch({ replicas: 1 });
  await lab.quiet();
  expect(owners()).toEqual([['StatefulSet/db'], ['Pod/db-1']]);
  await patch({ persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain' } });
  await lab.quiet();
  expect(owners()[0] ?? []).toEqual([]);
});

test('ordinals may start elsewhere, and minReadySeconds slows the start', async () => {
  await start({ ordinals: { start: 5 }, replicas: 2, minReadySeconds: 10 });
  expect(names(pods())).toEqual(['db-5']);
  await lab.pass(11);
  expect(names(pods())).toEqual(['db-5', 'db-6']);
});

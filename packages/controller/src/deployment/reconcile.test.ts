import { ApiError, type Deployment, findCondition, type ReplicaSet, resources } from '@skiff/api';
import { deployment, type Interceptor, type Part } from '@skiff/client/testing';
import { afterEach, expect, test } from 'vitest';
import { replicaSetController } from '../replicaset/reconcile.ts';
import { type Lab, startLab } from '../testing/lab.ts';
import { deploymentController } from './reconcile.ts';

let lab: Lab;
afterEach(() => lab.stop());

const start = async (part: Part<Deployment>, faults?: Interceptor): Promise<void> => {
  lab = await startLab(
    (context) => [deploymentController(context), replicaSetController(context)],
    (cluster) => cluster.seed(resources.deployments, deployment('web', part)),
    faults,
  );
};
const client = () => lab.cluster.client.resource(resources.deployments);
const web = () => client().get('default', 'web');
const sets = () => lab.cluster.all(resources.replicasets);
const pods = () => lab.cluster.all(resources.pods);
const patch = (spec: Part<Deployment['spec']>) => client().patch('default', 'web', 'merge', { spec });
const image = (tag: string) => patch({ template: { spec: { containers: [{ name: 'main', image: `app:${tag}` }] } } });
const setOf = (tag: string): ReplicaSet | undefined =>
  sets().find((set) => set.spec.template?.spec?.containers[0]?.image === `app:${tag}`);
const progress = async () => findCondition((await web()).status?.conditions, 'Progressing');
const v1 = { template: { spec: { containers: [{ name: 'main', image: 'app:v1' }] } }, progressDeadlineSeconds: 600 };
const surging = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } as const;

test('the first roll: a set with the hash, its status, its conditions', async () => {
  await start({ spec: { ...v1, strategy: surging } });
  await lab.quiet();
  const [set] = sets();
  const hash = set?.metadata.labels?.['pod-template-hash'] ?? '';
  expect(set).toMatchObject({
    metadata: {
      name: `web-${hash}`,
      annotations: {
        'deployment.kubernetes.io/revision': '1',
        'deployment.kubernetes.io/desired-replicas': '3',
        'deployment.kubernetes.io/max-replicas': '4',
      },
      ownerReferences: [{ kind: 'Deployment', name: 'web', controller: true, blockOwnerDeletion: true }],
    },
    spec: {
      selector: { matchLabels: { app: 'web', 'pod-template-hash': hash } },
      template: { metadata: { labels: { app: 'web', 'pod-template-hash': hash } } },
    },
  });
  expect((await web()).metadata).toMatchObject({
    annotations: { 'deployment.kubernetes.io/revision': '1' },
    generation: 1,
  });
  expect(lab.events('web')).toEqual([`ScalingReplicaSet: Scaled up replica set web-${hash} from 0 to 3`]);
  expect((await web()).status).toMatchObject({ replicas: 3, updatedReplicas: 3, unavailableReplicas: 3 });
  expect(await progress()).toMatchObject({ status: 'True', reason: 'ReplicaSetUpdated' });
  expect(findCondition((await web()).status?.conditions, 'Available')).toMatchObject({
    status: 'False',
    reason: 'MinimumReplicasUnavailable',
    message: 'Deployment does not have minimum availability.',
  });
  await lab.kubelet();
  const { status } = await web();
  expect(status).toMatchObject({ replicas: 3, updatedReplicas: 3, readyReplicas: 3, availableReplicas: 3 });
  expect(status?.unavailableReplicas).toBeUndefined();
  expect(await progress()).toMatchObject({
    status: 'True',
    reason: 'NewReplicaSetAvailable',
    message: `ReplicaSet "web-${hash}" has successfully progressed.`,
  });
  expect(findCondition(status?.conditions, 'Available')).toMatchObject({
    status: 'True',
    reason: 'MinimumReplicasAvailable',
    message: 'Deployment has minimum availability.',
  });
});

test('an update rolls within its limits, and an undo goes back to the old set under a new revision', async () => {
  await start({ spec: { ...v1, strategy: surging } });
  await lab.kubelet();
  await image('v2');
  await lab.quiet();
  expect([setOf('v1')?.spec.replicas, setOf('v2')?.spec.replicas]).toEqual([3, 1]);
  expect((await web()).status).toMatchObject({ replicas: 4, updatedReplicas: 1, availableReplicas: 3 });
  for (let round = 0; round < 12; round += 1) {
    await lab.kubelet({ rounds: 1 });
    const serving = pods().filter((one) => one.status?.phase === 'Running' && !one.metadata.deletionTimestamp);
    expect(serving.length).toBeGreaterThanOrEqual(3);
    expect(pods().filter((one) => !one.metadata.deletionTimestamp).length).toBeLessThanOrEqual(4);
  }
  expect([setOf('v1')?.spec.replicas, setOf('v2')?.spec.replicas]).toEqual([0, 3]);
  await image('v1');
  await lab.kubelet();
  expect(sets()).toHaveLength(2);
  expect([setOf('v1')?.spec.replicas, setOf('v2')?.spec.replicas]).toEqual([3, 0]);
  expect(setOf('v1')?.metadata.annotations).toMatchObject({
    'deployment.kubernetes.io/revision': '3',
    'deployment.kubernetes.io/revision-history': '1',
  });
  expect((await web()).metadata.annotations).toMatchObject({ 'deployment.kubernetes.io/revision': '3' });
});

test('an image that does not come up: the old pods stay, and the deadline is told', async () => {
  await start({ spec: { ...v1, strategy: surging } });
  await lab.kubelet();
  await image('broken');
  await lab.kubelet({ ready: () => false });
  expect([setOf('v1')?.spec.replicas, setOf('broken')?.spec.replicas]).toEqual([3, 1]);
  await lab.pass(610);
  expect(await progress()).toMatchObject({
    status: 'False',
    reason: 'ProgressDeadlineExceeded',
    message: `ReplicaSet "${setOf('broken')?.metadata.name}" has timed out progressing.`,
  });
  await image('v1');
  await lab.kubelet();
  expect(await progress()).toMatchObject({ status: 'True', reason: 'NewReplicaSetAvailable' });
});

test('Recreate makes the new pods when the last old one is gone', async () => {
  // On a node a deleted pod stays until its kubelet has ended it.
  const template = { spec: { ...v1.template.spec, nodeName: 'n1' } };
  await start({ spec: { ...v1, template, strategy: { type: 'Recreate' } } });
  await lab.kubelet();
  await image('v2');
  await lab.quiet();
  expect([setOf('v1')?.spec.replicas, setOf('v2')]).toEqual([0, undefined]);
  expect(findCondition((await web()).status?.conditions, 'Available')?.status).toBe('False');
  await lab.kubelet();
  expect(setOf('v2')?.spec.replicas).toBe(3);
});

test('paused: a change waits, a resize does not; resuming rolls', async () => {
  await start({ spec: { ...v1, strategy: surging } });
  await lab.kubelet();
  await patch({ paused: true });
  await image('v2');
  await patch({ replicas: 5 });
  await lab.kubelet();
  expect([setOf('v1')?.spec.replicas, setOf('v2')]).toEqual([5, undefined]);
  expect(await progress()).toMatchObject({
    status: 'Unknown',
    reason: 'DeploymentPaused',
    message: 'Deployment is paused',
  });
  await patch({ paused: false });
  await lab.kubelet();
  expect([setOf('v1')?.spec.replicas, setOf('v2')?.spec.replicas]).toEqual([0, 5]);
});

test('history beyond the limit is forgotten, oldest first', async () => {
  await start({ spec: { ...v1, strategy: surging, revisionHistoryLimit: 1 } });
  for (const tag of ['v1', 'v2', 'v3', 'v4']) {
    await image(tag);
    await lab.kubelet();
  }
  expect([setOf('v1'), setOf('v2')]).toEqual([undefined, undefined]);
  expect(setOf('v3')?.metadata.annotations?.['deployment.kubernetes.io/revision']).toBe('3');
});

test('a set of the same name with another template is a collision, met by another name', async () => {
  await start({ spec: v1 });
  await lab.quiet();
  const [taken] = sets();
  await lab.stop();
  lab = await startLab(
    (context) => [deploymentController(context)],
    (cluster) => {
      if (taken === undefined) throw new Error('no set to collide with');
      const strange = { ...taken, metadata: { ...taken.metadata, ownerReferences: [], labels: {} } };
      cluster.seed(resources.replicasets, strange);
      cluster.seed(resources.deployments, deployment('web', { spec: v1 }));
    },
  );
  await lab.quiet();
  expect((await web()).status?.collisionCount).toBe(1);
  expect(sets()).toHaveLength(2);
});

test('a set that cannot be made is an event and a condition', async () => {
  await start(
    { spec: v1 },
    {
      before({ verb, resource }) {
        if (verb === 'create' && resource === 'replicasets') throw new ApiError('Forbidden', 'no sets today');
      },
    },
  );
  await lab.quiet();
  const [event] = lab.events('web');
  expect(event).toMatch(/^ReplicaSetCreateError: Failed to create new replica set "web-[a-z0-9]+": no sets today$/);
  expect(await progress()).toMatchObject({ status: 'False', reason: 'ReplicaSetCreateError' });
});

test('a deployment that is being deleted changes nothing but its status', async () => {
  await start({ spec: v1, metadata: { finalizers: ['example.com/hold'] } });
  await lab.kubelet();
  await client().delete('default', 'web');
  await image('v2');
  await lab.kubelet();
  expect(setOf('v2')).toBeUndefined();
  expect((await web()).status?.observedGeneration).toBe((await web()).metadata.generation);
});

test('without a deadline nothing is said about progress', async () => {
  await start({ spec: { ...v1, progressDeadlineSeconds: 2147483647 } });
  await lab.kubelet();
  expect(await progress()).toBeUndefined();
});

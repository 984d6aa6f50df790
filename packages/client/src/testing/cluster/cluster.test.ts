import { type Deployment, type Pod, type PodDisruptionBudget, resources } from '@skiff/api';
import { expect, test } from 'vitest';
import type { WatchEvent } from '../../contract.ts';
import { deployment, namespace, node, pod, podDisruptionBudget, service } from '../objects.ts';
import { finalized, labelled, running } from '../parts.ts';
import { settle } from '../settle.ts';
import { createTestCluster } from './cluster.ts';

const setup = () => {
  const cluster = createTestCluster();
  return {
    cluster,
    pods: cluster.client.resource(resources.pods),
    deployments: cluster.client.resource(resources.deployments),
  };
};
const reason = (name: string) => expect.objectContaining({ reason: name });
const bind = (name: string, target: string, uid?: string) => ({
  apiVersion: 'v1',
  kind: 'Binding',
  metadata: { name, ...(uid === undefined ? {} : { uid }) },
  target: { kind: 'Node', name: target },
});

test('create gives identity, defaults and a generated name, and takes no status', async () => {
  const { deployments, pods } = setup();
  const made = await deployments.create({ ...deployment('web'), status: { replicas: 9 } });
  expect(made.metadata).toMatchObject({
    generation: 1,
    resourceVersion: '1',
    uid: expect.stringMatching(/^[0-9a-f-]{36}$/),
  });
  expect(made.spec.strategy?.type).toBe('RollingUpdate');
  expect(made.status?.replicas).toBeUndefined();
  const { name: _, ...metadata } = pod('x').metadata;
  const first = await pods.create({ ...pod('x'), metadata: { ...metadata, generateName: 'web-' } });
  expect(first.metadata.name).toMatch(/^web-[a-z0-9]{5}$/);
  expect(first.status?.phase).toBe('Pending');
  await expect(deployments.create(deployment('web'))).rejects.toEqual(reason('AlreadyExists'));
});

test('what the API server would refuse is refused', async () => {
  const { pods } = setup();
  await expect(pods.create(pod('Bad_Name'))).rejects.toEqual(reason('Invalid'));
  const unknown = { ...pod('a'), spec: { ...pod('a').spec, nodeNmae: 'x' } } as Pod;
  await expect(pods.create(unknown)).rejects.toEqual(reason('BadRequest'));
  await expect(pods.get('default', 'nobody')).rejects.toEqual(reason('NotFound'));
});

test('an update at an old version conflicts; the same state again is no write', async () => {
  const { cluster, deployments } = setup();
  const made = await deployments.create(deployment('web'));
  const scaled = await deployments.update({ ...made, spec: { ...made.spec, replicas: 5 } });
  expect(scaled.metadata.generation).toBe(2);
  await expect(deployments.update({ ...made, spec: { ...made.spec, replicas: 6 } })).rejects.toEqual(
    reason('Conflict'),
  );
  await deployments.update(scaled);
  expect(cluster.version).toBe(2);
  const twin = { ...scaled, metadata: { ...scaled.metadata, uid: 'another', resourceVersion: '' } };
  await expect(deployments.update(twin)).rejects.toEqual(reason('Conflict'));
});

test('status and spec are written through their own doors', async () => {
  const { deployments } = setup();
  const made = await deployments.create(deployment('web'));
  const both: Deployment = { ...made, spec: { ...made.spec, replicas: 9 }, status: { replicas: 2 } };
  const reported = await deployments.updateStatus(both);
  expect(reported).toMatchObject({ spec: { replicas: 3 }, status: { replicas: 2 }, metadata: { generation: 1 } });
  const scaled = await deployments.update({ ...reported, spec: { ...made.spec, replicas: 4 }, status: {} });
  expect(scaled).toMatchObject({ spec: { replicas: 4 }, status: { replicas: 2 }, metadata: { generation: 2 } });
});

test('patches: merge, strategic, JSON; a uid in a patch is a precondition', async () => {
  const { cluster, pods } = setup();
  cluster.seed(resources.pods, pod('a', labelled({ app: 'web', tier: 'front' })));
  const merged = await pods.patch('default', 'a', 'merge', { metadata: { labels: { tier: null } } });
  expect(merged.metadata.labels).toEqual({ app: 'web' });
  const ready = { type: 'Ready', status: 'True' };
  const first = await pods.patch(
    'default',
    'a',
    'strategic',
    { status: { conditions: [ready] } },
    { subresource: 'status' },
  );
  expect(first.status?.phase).toBe('Pending');
  const conditions = [
    { type: 'Ready', status: 'False' },
    { type: 'PodScheduled', status: 'True' },
  ];
  const second = await pods.patch('default', 'a', 'strategic', { status: { conditions } }, { subresource: 'status' });
  expect(second.status?.conditions?.map(({ type, status }) => `${type}=${status}`)).toEqual([
    'Ready=False',
    'PodScheduled=True',
  ]);
  const jsoned = await pods.patch('default', 'a', 'json', [{ op: 'add', path: '/metadata/labels/a~1b', value: 'c' }]);
  expect(jsoned.metadata.labels).toEqual({ app: 'web', 'a/b': 'c' });
  await expect(pods.patch('default', 'a', 'merge', { metadata: { uid: 'other' } })).rejects.toEqual(reason('Conflict'));
  await expect(pods.patch('default', 'a', 'apply', {})).rejects.toEqual(reason('UnsupportedMediaType'));
});

test('a dry run stores nothing', async () => {
  const { cluster, pods } = setup();
  await pods.create(pod('a'), { dryRun: true });
  expect(cluster.version).toBe(0);
});

test('finalizers hold an object back until the last goes', async () => {
  const { deployments } = setup();
  const made = await deployments.create(deployment('web', finalized('example.com/hold')));
  await deployments.delete('default', 'web');
  const waiting = await deployments.get('default', 'web');
  expect(waiting.metadata).toMatchObject({ deletionGracePeriodSeconds: 0, deletionTimestamp: '2026-01-02T03:04:05Z' });
  await deployments.delete('default', 'web', { uid: made.metadata.uid });
  await deployments.patch('default', 'web', 'merge', { metadata: { finalizers: null } });
  await expect(deployments.get('default', 'web')).rejects.toEqual(reason('NotFound'));
});

test('foreground deletion is a finalizer', async () => {
  const { deployments } = setup();
  await deployments.create(deployment('web'));
  await deployments.delete('default', 'web', { propagationPolicy: 'Foreground' });
  expect((await deployments.get('default', 'web')).metadata.finalizers).toEqual(['foregroundDeletion']);
});

test('a pod on a node goes when its node says so; one without a node goes at once', async () => {
  const { cluster, pods } = setup();
  cluster.seed(resources.pods, pod('a', running('n1')), pod('b'));
  await pods.delete('default', 'b');
  await pods.delete('default', 'a');
  expect(cluster.all(resources.pods).map(({ metadata }) => [metadata.name, metadata.deletionTimestamp])).toEqual([
    ['a', '2026-01-02T03:04:35Z'],
  ]);
  await expect(pods.delete('default', 'a', { uid: 'other' })).rejects.toEqual(reason('Conflict'));
  await pods.delete('default', 'a', { gracePeriodSeconds: 0 });
  expect(cluster.all(resources.pods)).toEqual([]);
});

test('a namespace is held by its own finalizer, and nothing new comes into it meanwhile', async () => {
  const { cluster, pods } = setup();
  const namespaces = cluster.client.resource(resources.namespaces);
  await namespaces.create(namespace('default'));
  await namespaces.delete('', 'default');
  expect((await namespaces.get('', 'default')).status?.phase).toBe('Terminating');
  await expect(pods.create(pod('late'))).rejects.toEqual(reason('Forbidden'));
  await namespaces.patch('', 'default', 'merge', { spec: { finalizers: [] } }, { subresource: 'finalize' });
  expect(cluster.all(resources.namespaces)).toEqual([]);
});

test('binding puts a pod on a node once', async () => {
  const { pods } = setup();
  const made = await pods.create(pod('a'));
  await expect(pods.createSubresource('default', 'a', 'binding', bind('a', 'n1', 'other'))).rejects.toEqual(
    reason('Conflict'),
  );
  await pods.createSubresource('default', 'a', 'binding', bind('a', 'n1', made.metadata.uid));
  const placed = await pods.get('default', 'a');
  expect(placed.spec.nodeName).toBe('n1');
  expect(placed.status?.conditions).toMatchObject([{ type: 'PodScheduled', status: 'True' }]);
  await expect(pods.createSubresource('default', 'a', 'binding', bind('a', 'n2'))).rejects.toEqual(reason('Conflict'));
});

test('eviction spends the budget, and is refused when it is spent', async () => {
  const { cluster, pods } = setup();
  const app = labelled({ app: 'web' });
  cluster.seed(resources.pods, pod('a', app, running('n1')), pod('b', app, running('n1')));
  cluster.seed<PodDisruptionBudget>(
    resources.poddisruptionbudgets,
    podDisruptionBudget('web', {
      status: { disruptionsAllowed: 1, currentHealthy: 2, desiredHealthy: 1, expectedPods: 2 },
    }),
  );
  await pods.createSubresource('default', 'a', 'eviction', {});
  expect((await pods.get('default', 'a')).metadata.deletionTimestamp).toBeDefined();
  expect(cluster.all(resources.poddisruptionbudgets)[0]?.status?.disruptionsAllowed).toBe(0);
  await expect(pods.createSubresource('default', 'b', 'eviction', {})).rejects.toEqual(reason('TooManyRequests'));
});

test('lists select by label and field, and keep one version over their pages', async () => {
  const { cluster, pods } = setup();
  const app = labelled({ app: 'web' });
  cluster.seed(resources.pods, pod('a', app), pod('b', app, running('n1')), pod('c', running('n1')), pod('d', app));
  const names = async (options: object) => (await pods.list(options)).items.map(({ metadata }) => metadata.name);
  expect(await names({ labelSelector: 'app in (web)' })).toEqual(['a', 'b', 'd']);
  expect(await names({ fieldSelector: 'spec.nodeName=n1' })).toEqual(['b', 'c']);
  expect(await names({ namespace: 'other' })).toEqual([]);
  const page = await pods.list({ limit: 2 });
  await pods.delete('default', 'd');
  const next = await pods.list({ limit: 2, continue: page.continue });
  expect(next).toMatchObject({ resourceVersion: '4', continue: '' });
  expect(next.items.map(({ metadata }) => metadata.name)).toEqual(['c', 'd']);
  cluster.compact();
  await expect(pods.list({ limit: 2, continue: page.continue })).rejects.toEqual(reason('Expired'));
  await expect(pods.list({ resourceVersion: '99' })).rejects.toEqual(reason('Timeout'));
});

/** Reads a watch in the background. */
function follow(watch: AsyncIterable<readonly WatchEvent<Pod>[]>): {
  readonly seen: string[];
  readonly ended: Promise<unknown>;
} {
  const seen: string[] = [];
  const read = async (): Promise<unknown> => {
    try {
      for await (const batch of watch)
        for (const event of batch)
          seen.push(
            event.type === 'BOOKMARK'
              ? `BOOKMARK ${event.resourceVersion}`
              : `${event.type} ${event.object.metadata.name}@${event.object.metadata.resourceVersion}`,
          );
      return 'ended';
    } catch (error) {
      return error;
    }
  };
  return { seen, ended: read() };
}

test('a watch tells what happened after its version, and through its selector', async () => {
  const { cluster, pods } = setup();
  const app = labelled({ app: 'web' });
  cluster.seed(resources.pods, pod('a', app), pod('b'));
  const abort = new AbortController();
  const all = follow(pods.watch({ signal: abort.signal, resourceVersion: '1' }));
  const web = follow(pods.watch({ signal: abort.signal, labelSelector: 'app=web' }));
  await pods.patch('default', 'b', 'merge', { metadata: { labels: { app: 'web' } } });
  await pods.patch('default', 'a', 'merge', { metadata: { labels: { app: 'db' } } });
  await pods.delete('default', 'b');
  cluster.watches.bookmark();
  await settle();
  expect(all.seen).toEqual(['ADDED b@2', 'MODIFIED b@3', 'MODIFIED a@4', 'DELETED b@5', 'BOOKMARK 5']);
  expect(web.seen).toEqual(['ADDED a@1', 'ADDED b@3', 'DELETED a@4', 'DELETED b@5', 'BOOKMARK 5']);
  abort.abort();
  expect(await all.ended).toBe('ended');
  expect(cluster.watches.open).toBe(0);
});

test('a watch misbehaves on request', async () => {
  const { cluster, pods } = setup();
  const { signal } = new AbortController();
  const one = follow(pods.watch({ signal }));
  cluster.watches.drop(1);
  cluster.seed(resources.pods, pod('lost'));
  cluster.watches.hold();
  cluster.seed(resources.pods, pod('late'));
  await settle();
  expect(one.seen).toEqual([]);
  cluster.watches.release();
  cluster.watches.replay(1);
  await settle();
  expect(one.seen).toEqual(['ADDED late@2', 'ADDED late@2']);
  cluster.watches.end();
  expect(await one.ended).toBe('ended');
  const two = follow(pods.watch({ signal, resourceVersion: '2' }));
  cluster.watches.expire();
  expect(await two.ended).toEqual(reason('Expired'));
  const early = follow(pods.watch({ signal, resourceVersion: '1' }));
  expect(await early.ended).toEqual(reason('Expired'));
});

test('a replica that lags answers older lists', async () => {
  const { cluster, pods } = setup();
  cluster.seed(resources.pods, pod('a'), pod('b'));
  await pods.delete('default', 'a');
  cluster.listAt(1);
  expect(await pods.list()).toMatchObject({ resourceVersion: '1', items: [{ metadata: { name: 'a' } }] });
  cluster.listAt(undefined);
  expect((await pods.list()).items).toHaveLength(1);
});

test('what comes out is frozen, and custom kinds are kept as they are', async () => {
  const { cluster } = setup();
  const [stored] = cluster.seed(resources.nodes, node('n1'));
  expect(() => {
    if (stored !== undefined) stored.metadata.name = 'n2';
  }).toThrow(TypeError);
  expect(cluster.seed(resources.services, service('web'))[0]?.spec.type).toBe('ClusterIP');
  const widgets = { group: 'example.com', version: 'v1', resource: 'widgets', kind: 'Widget', namespaced: true };
  const widget = {
    apiVersion: 'example.com/v1',
    kind: 'Widget',
    metadata: { name: 'w', namespace: 'default' },
    spec: { size: 1 },
  };
  const made = await cluster.client.resource(widgets).create(widget);
  expect(made).toMatchObject({ spec: { size: 1 }, metadata: { generation: 1 } });
});

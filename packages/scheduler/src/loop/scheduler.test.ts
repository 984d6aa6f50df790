/** The whole loop against a cluster in memory. */
import { ApiError, resources } from '@skiff/api';
import {
  allocatable,
  createTestCluster,
  labelled,
  namespace,
  node,
  ownedBy,
  pod,
  podDisruptionBudget,
  replicaSet,
  requesting,
  running,
  settle,
  tainted,
} from '@skiff/client/testing';
import { expect, test } from 'vitest';

import { events, get, important, reap, scheduled, start, where } from './testing.ts';

test('a pod is bound to a node, and an event says so', async () => {
  const cluster = createTestCluster();
  cluster.seed(resources.nodes, node('n1'));
  start(cluster);
  cluster.seed(resources.pods, pod('web'));
  await cluster.clock.advance(100);
  expect(where(cluster)).toEqual({ web: 'n1' });
  expect(scheduled(get(cluster, 'web'))?.status).toBe('True');
  expect(events(cluster, 'Scheduled')).toEqual([['web', 'Successfully assigned default/web to n1']]);
  expect(cluster.all(resources.events)[0]).toMatchObject({
    type: 'Normal',
    source: { component: 'default-scheduler' },
  });
});

test('a pod that fits nowhere says why in the words of Kubernetes, once, and is placed when something changes', async () => {
  const cluster = createTestCluster();
  const full = allocatable({ cpu: '1' });
  cluster.seed(
    resources.nodes,
    node('n1', full),
    node('n2', full),
    node('n3', tainted({ key: 'k', value: 'v', effect: 'NoSchedule' })),
  );
  start(cluster);
  cluster.seed(resources.pods, pod('web', requesting({ cpu: '2' })));
  await cluster.clock.advance(100);
  const message =
    '0/3 nodes are available: 1 node(s) had untolerated taint {k: v}, 2 Insufficient cpu. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.';
  expect(scheduled(get(cluster, 'web'))).toMatchObject({ status: 'False', reason: 'Unschedulable', message });
  expect(events(cluster, 'FailedScheduling')).toEqual([['web', message]]);
  const { version } = cluster;
  await cluster.clock.advance(200_000);
  expect(cluster.version).toBe(version);
  await cluster.client.resource(resources.nodes).patch('', 'n3', 'merge', { spec: { taints: null } });
  await cluster.clock.advance(100);
  expect(where(cluster)).toEqual({ web: 'n3' });
});

test('without nodes it says so', async () => {
  const cluster = createTestCluster();
  start(cluster);
  cluster.seed(resources.pods, pod('web'));
  await cluster.clock.advance(100);
  expect(scheduled(get(cluster, 'web'))?.message).toBe('no nodes available to schedule pods');
  cluster.seed(resources.nodes, node('n1'));
  await cluster.clock.advance(1000);
  expect(where(cluster)).toEqual({ web: 'n1' });
});

test('heartbeats of nodes and pods wake nobody; a pod that finishes does', async () => {
  const cluster = createTestCluster();
  cluster.seed(resources.nodes, node('n1', allocatable({ cpu: '1' })));
  cluster.seed(resources.pods, pod('there', running('n1'), requesting({ cpu: '1' })));
  let lookups = 0;
  start(cluster, {
    before: ({ verb, resource }) => {
      if (verb === 'patch' && resource === 'events') lookups += 1;
    },
  });
  cluster.seed(resources.pods, pod('web', requesting({ cpu: '1' })));
  await cluster.clock.advance(1000);
  for (let beat = 0; beat < 20; beat += 1) {
    const status = {
      conditions: [{ type: 'Ready', status: 'True', lastHeartbeatTime: `2026-01-01T00:00:${beat + 10}Z` }],
    };
    await cluster.client.resource(resources.nodes).patch('', 'n1', 'merge', { status }, { subresource: 'status' });
    await cluster.client
      .resource(resources.pods)
      .patch('default', 'there', 'merge', { status: { message: `${beat}` } }, { subresource: 'status' });
    await cluster.clock.advance(10_000);
  }
  expect(lookups).toBe(0);
  await cluster.client
    .resource(resources.pods)
    .patch('default', 'there', 'merge', { status: { phase: 'Succeeded' } }, { subresource: 'status' });
  await cluster.clock.advance(10_000);
  expect(where(cluster).web).toBe('n1');
});

test('gated pods wait until the last gate goes; pods of other schedulers and finished pods are left alone', async () => {
  const cluster = createTestCluster();
  cluster.seed(resources.nodes, node('n1'));
  start(cluster);
  cluster.seed(
    resources.pods,
    pod('gated', { spec: { schedulingGates: [{ name: 'example.com/wait' }] } }),
    pod('other', { spec: { schedulerName: 'other-scheduler' } }),
    pod('finished', { status: { phase: 'Failed' } }),
  );
  await cluster.clock.advance(10_000);
  expect(where(cluster)).toEqual({ gated: undefined, other: undefined, finished: undefined });
  await cluster.client.resource(resources.pods).patch('default', 'gated', 'merge', { spec: { schedulingGates: null } });
  await cluster.clock.advance(100);
  expect(where(cluster).gated).toBe('n1');
});

test('what it has placed counts before the API server shows it', async () => {
  const cluster = createTestCluster();
  cluster.seed(resources.nodes, node('n1', allocatable({ cpu: '1' })), node('n2', allocatable({ cpu: '1' })));
  start(cluster);
  await cluster.clock.advance(100);
  cluster.seed(
    resources.pods,
    pod('a', requesting({ cpu: '1' })),
    pod('b', requesting({ cpu: '1' })),
    pod('c', requesting({ cpu: '1' })),
  );
  await settle();
  cluster.watches.hold();
  await cluster.clock.advance(1000);
  cluster.watches.release();
  await cluster.clock.advance(1000);
  const places = Object.values(where(cluster));
  expect(places.filter((place) => place !== undefined).sort()).toEqual(['n1', 'n2']);
});

test('a binding that fails gives the room back and is tried again; a lost answer places nothing twice', async () => {
  const cluster = createTestCluster();
  cluster.seed(resources.nodes, node('n1', allocatable({ cpu: '1' })));
  const faults: { readonly when: 'before' | 'after'; readonly error: ApiError }[] = [
    { when: 'before', error: new ApiError('ServiceUnavailable', 'down') },
    { when: 'after', error: new ApiError('Timeout', 'the answer was lost') },
  ];
  const throwNext = (when: 'before' | 'after') => (call: { verb: string }) => {
    if (call.verb === 'createSubresource' && faults[0]?.when === when) throw faults.shift()?.error;
  };
  start(cluster, { before: throwNext('before'), after: throwNext('after') });
  cluster.seed(resources.pods, pod('web', requesting({ cpu: '1' })));
  await cluster.clock.advance(30_000);
  expect(faults).toEqual([]);
  expect(where(cluster)).toEqual({ web: 'n1' });
  cluster.seed(resources.pods, pod('second', requesting({ cpu: '1' })));
  await cluster.clock.advance(30_000);
  expect(where(cluster)).toEqual({ web: 'n1', second: undefined });
});

test('a pod that is deleted while it waits is forgotten', async () => {
  const cluster = createTestCluster();
  start(cluster);
  cluster.seed(resources.pods, pod('web'));
  await cluster.clock.advance(100);
  await cluster.client.resource(resources.pods).delete('default', 'web');
  cluster.seed(resources.nodes, node('n1'));
  await cluster.clock.advance(60_000);
  expect(where(cluster)).toEqual({});
});

test('preemption: the victims go with their reason, the room is kept, and the pod takes it', async () => {
  const cluster = createTestCluster();
  cluster.seed(resources.nodes, node('n1', allocatable({ cpu: '1' })));
  cluster.seed(resources.pods, pod('low', running('n1'), requesting({ cpu: '1' }), important(1)));
  start(cluster);
  await cluster.clock.advance(100);
  cluster.seed(resources.pods, pod('high', requesting({ cpu: '1' }), important(100)));
  await cluster.clock.advance(100);
  const low = get(cluster, 'low');
  expect(low?.metadata.deletionTimestamp).toBeDefined();
  expect(low?.status?.conditions).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ type: 'Ready', status: 'True' }),
      expect.objectContaining({
        type: 'DisruptionTarget',
        status: 'True',
        reason: 'PreemptionByScheduler',
        message: 'default-scheduler: preempting to accommodate a higher priority pod',
      }),
    ]),
  );
  expect(get(cluster, 'high')?.status?.nominatedNodeName).toBe('n1');
  expect(scheduled(get(cluster, 'high'))?.message).toBe('0/1 nodes are available: 1 Insufficient cpu.');
  expect(events(cluster, 'Preempted')).toEqual([
    ['low', `Preempted by pod ${get(cluster, 'high')?.metadata.uid} on node n1`],
  ]);
  cluster.seed(resources.pods, pod('thief', requesting({ cpu: '1' }), important(1)));
  await cluster.clock.advance(20_000);
  expect(where(cluster)).toMatchObject({ high: undefined, thief: undefined });
  await reap(cluster);
  await cluster.clock.advance(20_000);
  expect(where(cluster)).toEqual({ high: 'n1', thief: undefined });
});

test('preemption respects budgets where it can', async () => {
  const cluster = createTestCluster();
  const app = labelled({ app: 'guarded' });
  cluster.seed(resources.nodes, node('n1', allocatable({ cpu: '1' })), node('n2', allocatable({ cpu: '1' })));
  cluster.seed(
    resources.pods,
    pod('guarded', app, running('n1'), requesting({ cpu: '1' })),
    pod('free', running('n2'), requesting({ cpu: '1' }), important(5)),
  );
  cluster.seed(resources.poddisruptionbudgets, podDisruptionBudget('guarded'));
  start(cluster);
  cluster.seed(resources.pods, pod('high', requesting({ cpu: '1' }), important(100)));
  await cluster.clock.advance(100);
  expect(get(cluster, 'guarded')?.metadata.deletionTimestamp).toBeUndefined();
  expect(get(cluster, 'free')?.metadata.deletionTimestamp).toBeDefined();
});

test('a nomination ends when room can no longer be made, and when a more important pod takes the room', async () => {
  const cluster = createTestCluster();
  cluster.seed(resources.nodes, node('n1', allocatable({ cpu: '1' })));
  cluster.seed(resources.pods, pod('low', running('n1'), requesting({ cpu: '1' }), important(1)));
  start(cluster);
  cluster.seed(resources.pods, pod('middle', requesting({ cpu: '1' }), important(50)));
  await cluster.clock.advance(100);
  expect(get(cluster, 'middle')?.status?.nominatedNodeName).toBe('n1');
  cluster.seed(resources.pods, pod('high', requesting({ cpu: '1' }), important(100)));
  await cluster.clock.advance(100);
  expect(get(cluster, 'high')?.status?.nominatedNodeName).toBe('n1');
  expect(get(cluster, 'middle')?.status?.nominatedNodeName ?? '').toBe('');
  await reap(cluster);
  await cluster.clock.advance(20_000);
  expect(where(cluster)).toEqual({ high: 'n1', middle: undefined });
  await cluster.client.resource(resources.nodes).delete('', 'n1');
  await cluster.clock.advance(20_000);
  expect(scheduled(get(cluster, 'middle'))?.message).toBe('no nodes available to schedule pods');
});

test('namespace labels are seen by affinity', async () => {
  const cluster = createTestCluster();
  cluster.seed(resources.nodes, node('n1'), node('n2'));
  cluster.seed(resources.namespaces, namespace('data', labelled({ team: 'storage' })));
  cluster.seed(resources.pods, pod('db', running('n2'), labelled({ app: 'db' }), { metadata: { namespace: 'data' } }));
  start(cluster);
  const term = {
    topologyKey: 'kubernetes.io/hostname',
    labelSelector: { matchLabels: { app: 'db' } },
    namespaceSelector: { matchLabels: { team: 'storage' } },
  };
  cluster.seed(
    resources.pods,
    pod('web', { spec: { affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } } } }),
  );
  await cluster.clock.advance(100);
  expect(where(cluster).web).toBe('n2');
});

test('a namespace that gets the label lets in who waits for it', async () => {
  const cluster = createTestCluster();
  cluster.seed(resources.nodes, node('n1'));
  cluster.seed(resources.namespaces, namespace('data'));
  cluster.seed(resources.pods, pod('db', running('n1'), labelled({ app: 'db' }), { metadata: { namespace: 'data' } }));
  start(cluster);
  const term = {
    topologyKey: 'kubernetes.io/hostname',
    labelSelector: { matchLabels: { app: 'db' } },
    namespaceSelector: { matchLabels: { team: 'storage' } },
  };
  cluster.seed(
    resources.pods,
    pod('web', { spec: { affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } } } }),
  );
  await cluster.clock.advance(60_000);
  expect(where(cluster).web).toBeUndefined();
  await cluster.client
    .resource(resources.namespaces)
    .patch('', 'data', 'merge', { metadata: { labels: { team: 'storage' } } });
  await cluster.clock.advance(1000);
  expect(where(cluster).web).toBe('n1');
});

test('default spreading: pods of one ReplicaSet go to different nodes', async () => {
  const cluster = createTestCluster();
  cluster.seed(resources.nodes, node('n1', allocatable({ cpu: '64', memory: '64Gi' })), node('n2'));
  const [owner] = cluster.seed(resources.replicasets, replicaSet('web'));
  start(cluster);
  const app = labelled({ app: 'web' });
  if (owner !== undefined)
    for (const name of ['a', 'b']) {
      cluster.seed(resources.pods, pod(name, app, ownedBy(owner), requesting({ cpu: '1' })));
      await cluster.clock.advance(100);
    }
  expect(Object.values(where(cluster)).sort()).toEqual(['n1', 'n2']);
});

test('one poisoned pod stops nobody', async () => {
  const cluster = createTestCluster();
  cluster.seed(resources.nodes, node('n1'));
  const { logger } = start(cluster, {
    before: ({ verb, resource, args }) => {
      if (verb === 'patch' && resource === 'pods' && args[1] === 'poison') throw new Error('cannot be written');
    },
  });
  cluster.seed(resources.pods, pod('poison', requesting({ cpu: '100' })));
  await cluster.clock.advance(100);
  cluster.seed(resources.pods, pod('web'));
  await cluster.clock.advance(100);
  expect(where(cluster).web).toBe('n1');
  expect(logger.lines.some(({ level }) => level === 'warn')).toBe(true);
});

test('of two schedulers one works; the other takes over when it stops', async () => {
  const cluster = createTestCluster();
  cluster.seed(resources.nodes, node('n1'));
  const first = start(cluster, {}, true);
  await cluster.clock.advance(1000);
  start(cluster, {}, true);
  cluster.seed(resources.pods, pod('a'));
  await cluster.clock.advance(5000);
  expect(cluster.all(resources.leases)[0]?.spec?.holderIdentity).toBe('s0');
  await first.stop();
  cluster.seed(resources.pods, pod('b'));
  await cluster.clock.advance(5000);
  expect(cluster.all(resources.leases)[0]?.spec?.holderIdentity).toBe('s1');
  expect(where(cluster)).toEqual({ a: 'n1', b: 'n1' });
});

test('it stops cleanly, also before it has seen anything', async () => {
  const cluster = createTestCluster();
  const early = start(cluster, { before: () => new Promise<void>(() => undefined) });
  await settle();
  const late = start(cluster);
  cluster.seed(resources.pods, pod('web'));
  await cluster.clock.advance(100);
  await late.stop();
  await early.stop();
  expect(cluster.watches.open).toBe(0);
});

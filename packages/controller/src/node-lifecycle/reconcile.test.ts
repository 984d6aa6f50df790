import { formatMicroTime, formatTime, resources } from '@skiff/api';
import { lease, node, pod, running, tainted, tolerating } from '@skiff/client/testing';
import { afterEach, expect, test } from 'vitest';
import { podGcController } from '../pod-gc/reconcile.ts';
import { taintEvictionController } from '../taint-eviction/reconcile.ts';
import { type Lab, names, startLab } from '../testing/lab.ts';
import { nodeLifecycleController } from './reconcile.ts';

let lab: Lab;
afterEach(() => lab.stop());

const grace = 40_000;
const patient = tolerating({
  key: 'node.kubernetes.io/unreachable',
  operator: 'Exists',
  effect: 'NoExecute',
  tolerationSeconds: 300,
});
const start = async (
  nodeNames: readonly string[],
  seed: Parameters<typeof startLab>[1] = () => undefined,
): Promise<void> => {
  lab = await startLab(
    (context) => [
      nodeLifecycleController({ ...context, graceMs: grace }),
      taintEvictionController(context),
      podGcController(context),
    ],
    (cluster) => {
      for (const name of nodeNames) {
        cluster.seed(resources.nodes, node(name));
        cluster.seed(resources.leases, lease(name, { metadata: { namespace: 'kube-node-lease' } }));
      }
      seed(cluster);
    },
  );
  await lab.quiet();
};
/** Lets the time go by while these nodes renew their leases. */
async function passWith(seconds: number, alive: readonly string[]): Promise<void> {
  for (let passed = 0; passed < seconds; passed += 10) {
    for (const name of alive)
      await lab.cluster.client
        .resource(resources.leases)
        .patch('kube-node-lease', name, 'merge', { spec: { renewTime: formatMicroTime(lab.cluster.clock.now()) } });
    await lab.pass(10);
  }
}
const get = async (name: string) => lab.cluster.client.resource(resources.nodes).get('', name);
const readyOf = async (name: string) =>
  (await get(name)).status?.conditions?.find((one) => one.type === 'Ready')?.status;
const taintsOf = async (name: string) =>
  (await get(name)).spec?.taints?.map(({ key, effect }) => `${key}:${effect}`) ?? [];
const podNames = () => names(lab.cluster.all(resources.pods));

test('a silent node is unknown, its pods unready, and gone when they tolerate it no longer', async () => {
  await start(['n1', 'n2', 'n3'], (cluster) =>
    cluster.seed(
      resources.pods,
      pod('patient', running('n3'), patient),
      pod('hasty', running('n3')),
      pod('safe', running('n1')),
    ),
  );
  await passWith(30, ['n1', 'n2']);
  expect(await readyOf('n3')).toBe('True');
  await passWith(20, ['n1', 'n2']);
  expect(await readyOf('n3')).toBe('Unknown');
  expect(await taintsOf('n3')).toEqual([
    'node.kubernetes.io/unreachable:NoSchedule',
    'node.kubernetes.io/unreachable:NoExecute',
  ]);
  expect(lab.events('n3')).toEqual([
    'RegisteredNode: Node n3 event: Registered Node n3 in Controller',
    'NodeNotReady: Node n3 status is now: NodeNotReady',
  ]);
  const pods = lab.cluster.client.resource(resources.pods);
  const hasty = await pods.get('default', 'hasty');
  expect(hasty.metadata.deletionTimestamp).toBeDefined();
  expect(hasty.status?.conditions).toMatchObject([
    { type: 'Ready', status: 'False' },
    {
      type: 'DisruptionTarget',
      status: 'True',
      reason: 'DeletionByTaintManager',
      message: 'Taint manager: deleting due to NoExecute taint',
    },
  ]);
  expect((await pods.get('default', 'patient')).metadata.deletionTimestamp).toBeUndefined();
  expect(lab.events('patient')).toContain('NodeNotReady: Node is not ready');
  await passWith(300, ['n1', 'n2']);
  expect((await pods.get('default', 'patient')).metadata.deletionTimestamp).toBeDefined();
  expect((await pods.get('default', 'safe')).status?.conditions).toMatchObject([{ type: 'Ready', status: 'True' }]);
  expect(lab.events('patient')).toContain('TaintManagerEviction: Marking for deletion Pod default/patient');
});

test('a node that comes back in time keeps its pods', async () => {
  await start(['n1', 'n2', 'n3'], (cluster) => cluster.seed(resources.pods, pod('patient', running('n3'), patient)));
  await passWith(60, ['n1', 'n2']);
  const stored = await get('n3');
  await lab.cluster.client.resource(resources.nodes).updateStatus({
    ...stored,
    status: {
      ...stored.status,
      conditions: [{ type: 'Ready', status: 'True', lastHeartbeatTime: formatTime(lab.cluster.clock.now()) }],
    },
  });
  await passWith(400, ['n1', 'n2', 'n3']);
  expect(await taintsOf('n3')).toEqual([]);
  expect(podNames()).toEqual(['patient']);
  expect(lab.events('patient')).toContain('TaintManagerEviction: Cancelling deletion of Pod default/patient');
});

test('when no node is heard of, nothing is evicted', async () => {
  await start(['n1', 'n2'], (cluster) => cluster.seed(resources.pods, pod('hasty', running('n1'))));
  await lab.pass(120);
  expect([await readyOf('n1'), await readyOf('n2')]).toEqual(['Unknown', 'Unknown']);
  expect(await taintsOf('n1')).toEqual(['node.kubernetes.io/unreachable:NoSchedule']);
  expect(
    (await lab.cluster.client.resource(resources.pods).get('default', 'hasty')).metadata.deletionTimestamp,
  ).toBeUndefined();
});

test('a taint somebody sets by hand evicts after the time its pods tolerate', async () => {
  await start(['n1', 'n2'], (cluster) =>
    cluster.seed(
      resources.pods,
      pod(
        'pause',
        running('n1'),
        tolerating({ key: 'work', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 60 }),
      ),
    ),
  );
  await lab.cluster.client
    .resource(resources.nodes)
    .patch('', 'n1', 'merge', tainted({ key: 'work', effect: 'NoExecute' }));
  const going = async () =>
    (await lab.cluster.client.resource(resources.pods).get('default', 'pause')).metadata.deletionTimestamp;
  await passWith(50, ['n1', 'n2']);
  expect(await going()).toBeUndefined();
  await passWith(20, ['n1', 'n2']);
  expect(await going()).toBeDefined();
});

test('pods of a node that is gone go after a while, failed', async () => {
  await start(['n1', 'n2'], (cluster) =>
    cluster.seed(resources.pods, pod('lost', running('n2')), pod('kept', running('n1'))),
  );
  await lab.cluster.client.resource(resources.nodes).delete('', 'n2');
  await passWith(30, ['n1']);
  expect(podNames()).toEqual(['kept', 'lost']);
  await passWith(30, ['n1']);
  expect(podNames()).toEqual(['kept']);
});

test('pods that are going on a node out of service go at once', async () => {
  await start(['n1', 'n2'], (cluster) =>
    cluster.seed(resources.pods, pod('stuck', running('n2')), pod('idle', running('n2'), patient)),
  );
  await passWith(60, ['n1']);
  expect(podNames()).toEqual(['idle', 'stuck']);
  await lab.cluster.client.resource(resources.nodes).patch('', 'n2', 'merge', {
    spec: {
      taints: [
        ...((await get('n2')).spec?.taints ?? []),
        { key: 'node.kubernetes.io/out-of-service', value: 'nodeshutdown', effect: 'NoExecute' },
      ],
    },
  });
  await passWith(10, ['n1']);
  expect(podNames()).toEqual([]);
});

test('a node that goes is told of', async () => {
  await start(['n1', 'n2']);
  await lab.cluster.client.resource(resources.nodes).delete('', 'n2');
  await lab.quiet();
  expect(lab.events('n2')).toEqual([
    'RegisteredNode: Node n2 event: Registered Node n2 in Controller',
    'RemovingNode: Node n2 event: Removing Node n2 from Controller',
  ]);
});

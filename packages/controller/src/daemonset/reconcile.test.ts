import { type DaemonSet, type Pod, resources } from '@skiff/api';
import { labelled, node, type Part, tainted, withParts } from '@skiff/client/testing';
import { afterEach, expect, test } from 'vitest';
import { finishPod, type Lab, startLab } from '../testing/lab.ts';
import { nodeOf } from './placement.ts';
import { daemonSetController } from './reconcile.ts';

let lab: Lab;
afterEach(() => lab.stop());

const container = (tag: string) => ({ name: 'main', image: `agent:${tag}` });
const base: DaemonSet = {
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  metadata: {
    name: 'agent',
    namespace: 'default',
    uid: '',
    resourceVersion: '',
    creationTimestamp: '2026-01-02T03:04:05Z',
  },
  spec: {
    selector: { matchLabels: { app: 'agent' } },
    template: { metadata: { labels: { app: 'agent' } }, spec: { containers: [container('1')] } },
  },
};
const start = async (
  spec: Part<DaemonSet['spec']> = {},
  nodes = [node('n1'), node('n2'), node('n3')],
): Promise<void> => {
  lab = await startLab(
    (context) => [daemonSetController(context)],
    (cluster) => {
      cluster.seed(resources.nodes, ...nodes);
      cluster.seed(resources.daemonsets, withParts(base, [{ spec }]));
    },
  );
  await lab.kubelet();
};
const set = () => lab.cluster.client.resource(resources.daemonsets).get('default', 'agent');
const patch = (spec: Part<DaemonSet['spec']>) =>
  lab.cluster.client.resource(resources.daemonsets).patch('default', 'agent', 'merge', { spec });
const image = (tag: string) => patch({ template: { spec: { containers: [container(tag)] } } });
const pods = (): readonly Pod[] => lab.cluster.all(resources.pods);
const where = () => pods().map(nodeOf).sort();
const images = () =>
  pods()
    .map((pod) => `${nodeOf(pod)} ${pod.spec.containers[0]?.image}`)
    .sort();

test('one pod on every node, bound by affinity, tolerating what daemons must', async () => {
  await start();
  expect(where()).toEqual(['n1', 'n2', 'n3']);
  const [pod] = pods();
  expect(pod?.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution).toEqual({
    nodeSelectorTerms: [
      { matchFields: [{ key: 'metadata.name', operator: 'In', values: [nodeOf(pods()[0] as Pod)] }] },
    ],
  });
  expect(pod?.spec.tolerations?.map(({ key }) => key)).toContain('node.kubernetes.io/unschedulable');
  expect((await set()).status).toEqual({
    currentNumberScheduled: 3,
    numberMisscheduled: 0,
    desiredNumberScheduled: 3,
    numberReady: 3,
    updatedNumberScheduled: 3,
    numberAvailable: 3,
    observedGeneration: 1,
  });
  expect(lab.events('agent')).toContain(`SuccessfulCreate: Created pod: ${pod?.metadata.name}`);
});

test('nodes that come get a pod, nodes whose labels or taints do not fit have none', async () => {
  const gpu = labelled({ gpu: 'yes' });
  await start({ template: { spec: { nodeSelector: { gpu: 'yes' } } } }, [node('n1', gpu), node('n2')]);
  expect(where()).toEqual(['n1']);
  const nodes = lab.cluster.client.resource(resources.nodes);
  await nodes.create(node('n3', gpu));
  await nodes.create(node('n4', gpu, tainted({ key: 'mine', effect: 'NoSchedule' })));
  await nodes.create(node('n5', gpu, tainted({ key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' })));
  await lab.kubelet();
  expect(where()).toEqual(['n1', 'n3', 'n5']);
  await nodes.patch('', 'n1', 'merge', { metadata: { labels: { gpu: null } } });
  await nodes.patch('', 'n3', 'merge', tainted({ key: 'mine', effect: 'NoSchedule' }));
  await lab.kubelet();
  // What runs on a node that takes no new pods may stay.
  expect(where()).toEqual(['n3', 'n5']);
  expect((await set()).status).toMatchObject({ desiredNumberScheduled: 1, numberMisscheduled: 1 });
  await nodes.patch('', 'n3', 'merge', tainted({ key: 'mine', effect: 'NoExecute' }));
  await lab.kubelet();
  expect(where()).toEqual(['n5']);
});

test('a new template rolls one node at a time, and stops at one that does not come up', async () => {
  await start();
  await image('2');
  await lab.kubelet({ ready: (pod) => pod.spec.containers[0]?.image === 'agent:1' });
  expect(images().filter((one) => one.endsWith(':2'))).toHaveLength(1);
  expect((await set()).status).toMatchObject({ updatedNumberScheduled: 1, numberAvailable: 2, numberUnavailable: 1 });
  await lab.kubelet();
  expect(images()).toEqual(['n1 agent:2', 'n2 agent:2', 'n3 agent:2']);
  expect(
    lab.cluster
      .all(resources.controllerrevisions)
      .map((one) => one.revision)
      .sort(),
  ).toEqual([1, 2]);
});

test('maxSurge: the new pod comes first, the old one goes when it is available', async () => {
  await start({ updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } });
  await image('2');
  await lab.kubelet({ ready: (pod) => pod.spec.containers[0]?.image === 'agent:1' });
  expect(pods()).toHaveLength(4);
  expect((await set()).status).toMatchObject({ numberAvailable: 3 });
  await lab.kubelet();
  expect(images()).toEqual(['n1 agent:2', 'n2 agent:2', 'n3 agent:2']);
});

test('OnDelete changes a pod when somebody deletes it', async () => {
  await start({ updateStrategy: { type: 'OnDelete' } });
  await image('2');
  await lab.kubelet();
  expect(images()).toEqual(['n1 agent:1', 'n2 agent:1', 'n3 agent:1']);
  const on2 = pods().find((pod) => nodeOf(pod) === 'n2');
  await lab.cluster.client
    .resource(resources.pods)
    .delete('default', on2?.metadata.name ?? '', { gracePeriodSeconds: 0 });
  await lab.kubelet();
  expect(images()).toEqual(['n1 agent:1', 'n2 agent:2', 'n3 agent:1']);
});

test('a failed pod is made anew, after a pause when it fails again', async () => {
  await start({}, [node('n1')]);
  const fail = async (): Promise<void> => finishPod(lab.cluster, pods()[0]?.metadata.name ?? '', 'Failed');
  await fail();
  await lab.kubelet();
  expect(pods()[0]?.status?.phase).toBe('Running');
  await fail();
  await lab.cluster.clock.advance(100);
  expect(pods()[0]?.status?.phase).toBe('Failed');
  await lab.pass(3);
  await lab.kubelet();
  expect(pods()[0]?.status?.phase).toBe('Running');
  expect(
    lab.events('agent').some((event) => event.startsWith('FailedDaemonPod: Found failed daemon pod default/agent-')),
  ).toBe(true);
});

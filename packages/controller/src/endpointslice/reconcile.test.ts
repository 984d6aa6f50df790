import { type Endpoints, resources } from '@skiff/api';
import { labelled, node, pod, running, service } from '@skiff/client/testing';
import { afterEach, expect, test } from 'vitest';
import { endpointsController } from '../endpoints/reconcile.ts';
import { endpointSliceMirroringController } from '../endpointslice-mirroring/reconcile.ts';
import { type Lab, startLab } from '../testing/lab.ts';
import { endpointSliceController } from './reconcile.ts';

let lab: Lab;
afterEach(() => lab.stop());
const start = async (seed: Parameters<typeof startLab>[1]): Promise<void> => {
  lab = await startLab(
    (context) => [
      endpointSliceController(context),
      endpointsController(context),
      endpointSliceMirroringController(context),
    ],
    seed,
  );
  await lab.quiet();
};
const slices = () => lab.cluster.all(resources.endpointslices);
const endpoints = () => lab.cluster.all(resources.endpoints);
const web = pod('web-1', labelled({ app: 'web' }), running('n1'), { status: { podIP: '10.0.0.1' } });

test('slices and endpoints follow the pods of a service', async () => {
  await start((cluster) => {
    cluster.seed(resources.nodes, node('n1'));
    cluster.seed(resources.services, service('web', { spec: { clusterIP: '10.96.0.7', clusterIPs: ['10.96.0.7'] } }));
    cluster.seed(resources.pods, web);
  });
  expect(slices()).toMatchObject([{ endpoints: [{ addresses: ['10.0.0.1'], conditions: { ready: true } }] }]);
  expect(endpoints()).toMatchObject([{ subsets: [{ addresses: [{ ip: '10.0.0.1' }] }] }]);
  const pods = lab.cluster.client.resource(resources.pods);
  const stored = await pods.get('default', 'web-1');
  await pods.updateStatus({
    ...stored,
    status: { ...stored.status, conditions: [{ type: 'Ready', status: 'False' }] },
  });
  await lab.quiet();
  expect(slices()).toMatchObject([{ endpoints: [{ conditions: { ready: false } }] }]);
  expect(endpoints()).toMatchObject([{ subsets: [{ notReadyAddresses: [{ ip: '10.0.0.1' }] }] }]);
  await pods.delete('default', 'web-1', { gracePeriodSeconds: 0 });
  await lab.quiet();
  expect(slices()).toMatchObject([{ endpoints: [] }]);
  expect(endpoints()[0]?.subsets ?? []).toEqual([]);
  await lab.cluster.client.resource(resources.services).delete('default', 'web');
  await lab.quiet();
  expect(endpoints()).toEqual([]);
});

test('a pod on a node that is not known yet comes in with its node', async () => {
  await start((cluster) => {
    cluster.seed(resources.services, service('web', { spec: { clusterIP: '10.96.0.7', clusterIPs: ['10.96.0.7'] } }));
    cluster.seed(resources.pods, web);
  });
  expect(slices()).toMatchObject([{ endpoints: [] }]);
  await lab.cluster.client.resource(resources.nodes).create(node('n1'));
  await lab.quiet();
  expect(slices()).toMatchObject([{ endpoints: [{ addresses: ['10.0.0.1'] }] }]);
});

const byHand = (ip: string, labels: Record<string, string> = {}): Endpoints => ({
  apiVersion: 'v1',
  kind: 'Endpoints',
  metadata: {
    name: 'outside',
    namespace: 'default',
    labels,
    annotations: { note: 'kept', 'kubectl.kubernetes.io/last-applied-configuration': '{}' },
    uid: '',
    resourceVersion: '',
    creationTimestamp: '2026-01-02T03:04:05Z',
  },
  subsets: [{ addresses: [{ ip }], notReadyAddresses: [{ ip: 'fd00::9' }], ports: [{ port: 5432 }] }],
});
const selectorless = {
  ...service('outside'),
  spec: { clusterIP: '10.96.0.8', clusterIPs: ['10.96.0.8'], ports: [{ port: 5432 }] },
};

test('endpoints kept by hand are mirrored, address family by family, and go with their service', async () => {
  await start((cluster) => {
    cluster.seed(resources.services, selectorless);
    cluster.seed(resources.endpoints, byHand('192.0.2.1'));
  });
  const [v4, v6] = [...slices()].sort((a, b) => (a.addressType < b.addressType ? -1 : 1));
  expect(v4).toMatchObject({
    addressType: 'IPv4',
    metadata: {
      annotations: { note: 'kept' },
      labels: {
        'kubernetes.io/service-name': 'outside',
        'endpointslice.kubernetes.io/managed-by': 'endpointslicemirroring-controller.k8s.io',
      },
      ownerReferences: [{ kind: 'Endpoints', name: 'outside' }],
    },
    endpoints: [{ addresses: ['192.0.2.1'], conditions: { ready: true } }],
    ports: [{ name: '', port: 5432, protocol: 'TCP' }],
  });
  expect(v4?.metadata.annotations).toEqual({ note: 'kept' });
  expect(v6).toMatchObject({ addressType: 'IPv6', endpoints: [{ conditions: { ready: false } }] });
  await lab.cluster.client
    .resource(resources.endpoints)
    .patch('default', 'outside', 'merge', { subsets: [{ addresses: [{ ip: '192.0.2.2' }], ports: [{ port: 5432 }] }] });
  await lab.quiet();
  expect(slices()).toMatchObject([{ endpoints: [{ addresses: ['192.0.2.2'] }] }]);
  await lab.cluster.client.resource(resources.services).delete('default', 'outside');
  await lab.quiet();
  expect([slices(), endpoints()]).toEqual([[], []]);
});

test('who opts out is not mirrored, and endpoints without any service are left alone', async () => {
  await start((cluster) => {
    cluster.seed(resources.services, selectorless);
    cluster.seed(resources.endpoints, byHand('192.0.2.1', { 'endpointslice.kubernetes.io/skip-mirror': 'true' }));
    const lone = byHand('192.0.2.3');
    cluster.seed(resources.endpoints, { ...lone, metadata: { ...lone.metadata, name: 'lone' } });
  });
  expect(slices()).toEqual([]);
  expect(endpoints()).toHaveLength(2);
});

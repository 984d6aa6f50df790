import {
  type ApiObject,
  type ConfigMap,
  type CustomResourceDefinition,
  type OwnerReference,
  resources,
} from '@skiff/api';
import { deployment, namespace, pod, replicaSet, running } from '@skiff/client/testing';
import { afterEach, expect, test } from 'vitest';
import { deploymentController } from '../deployment/reconcile.ts';
import { namespaceController } from '../namespace/reconcile.ts';
import { replicaSetController } from '../replicaset/reconcile.ts';
import { type Lab, names, startLab } from '../testing/lab.ts';
import { garbageController } from './reconcile.ts';

let lab: Lab;
afterEach(() => lab.stop());

const map = (name: string, owners: readonly ApiObject[] = [], inNamespace = 'default'): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: {
    name,
    namespace: inNamespace,
    uid: '',
    resourceVersion: '',
    creationTimestamp: '2026-01-02T03:04:05Z',
    ownerReferences: owners.map(
      ({ apiVersion, kind, metadata }): OwnerReference => ({
        apiVersion,
        kind,
        name: metadata.name,
        uid: metadata.uid,
        blockOwnerDeletion: true,
      }),
    ),
  },
});
const maps = () => lab.cluster.client.resource(resources.configmaps);
const left = () => names(lab.cluster.all(resources.configmaps));
const start = async (): Promise<void> => {
  lab = await startLab((context) => [
    garbageController(context),
    namespaceController(context),
    deploymentController(context),
    replicaSetController(context),
  ]);
};

test('background: dependents go after their owner, down the line', async () => {
  await start();
  const owner = await maps().create(map('owner'));
  const child = await maps().create(map('child', [owner]));
  await maps().create(map('grandchild', [child]));
  await lab.quiet();
  expect(left()).toEqual(['child', 'grandchild', 'owner']);
  await maps().delete('default', 'owner', { propagationPolicy: 'Background' });
  await lab.quiet();
  expect(left()).toEqual([]);
});

test('orphan: dependents stay, without their reference', async () => {
  await start();
  const owner = await maps().create(map('owner'));
  await maps().create(map('child', [owner]));
  await lab.quiet();
  await maps().delete('default', 'owner', { propagationPolicy: 'Orphan' });
  await lab.quiet();
  expect(left()).toEqual(['child']);
  expect((await maps().get('default', 'child')).metadata.ownerReferences ?? []).toEqual([]);
});

test('foreground: a deployment goes when its last pod is gone', async () => {
  await start();
  const template = { spec: { nodeName: 'n1', containers: [{ name: 'main', image: 'busybox' }] } };
  await lab.cluster.client.resource(resources.deployments).create(deployment('web', { spec: { template } }));
  await lab.kubelet();
  await lab.cluster.client
    .resource(resources.deployments)
    .delete('default', 'web', { propagationPolicy: 'Foreground' });
  await lab.quiet();
  const all = () =>
    [resources.deployments, resources.replicasets, resources.pods].map(
      (one) => lab.cluster.all(one as typeof resources.pods).length,
    );
  expect(all()).toEqual([1, 1, 3]);
  expect(lab.cluster.all(resources.pods).every((one) => one.metadata.deletionTimestamp !== undefined)).toBe(true);
  await lab.kubelet();
  expect(all()).toEqual([0, 0, 0]);
});

test('H-111 foreground: a circle of owners goes as well', async () => {
  await start();
  const one = await maps().create(map('one'));
  const two = await maps().create(map('two', [one]));
  await maps().patch('default', 'one', 'merge', {
    metadata: { ownerReferences: map('x', [two]).metadata.ownerReferences },
  });
  await lab.quiet();
  await maps().delete('default', 'one', { propagationPolicy: 'Foreground' });
  await lab.quiet();
  expect(left()).toEqual([]);
});

test('H-111 an owner that never was, or is in another namespace, is no owner', async () => {
  await start();
  const elsewhere = await maps().create(map('elsewhere', [], 'other'));
  await maps().create(map('child', [elsewhere]));
  await maps().create(map('lost', [{ ...map('nobody'), metadata: { ...map('nobody').metadata, uid: 'never' } }]));
  await lab.quiet();
  expect(left()).toEqual(['elsewhere']);
  expect(lab.events('child')).toEqual([
    `OwnerRefInvalidNamespace: ownerRef [v1/ConfigMap, namespace: default, name: elsewhere, uid: ${elsewhere.metadata.uid}] does not exist in namespace "default"`,
  ]);
});

test('a second owner keeps the child, which forgets the first', async () => {
  await start();
  const [one, two] = [await maps().create(map('one')), await maps().create(map('two'))];
  await maps().create(map('child', [one, two]));
  await lab.quiet();
  await maps().delete('default', 'one', { propagationPolicy: 'Background' });
  await lab.quiet();
  const owners = (await maps().get('default', 'child')).metadata.ownerReferences;
  expect(owners?.map((owner) => owner.name)).toEqual(['two']);
});

const widgets = { group: 'example.com', version: 'v1', resource: 'widgets', kind: 'Widget', namespaced: true };
const definition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'widgets.example.com', uid: '', resourceVersion: '', creationTimestamp: '2026-01-02T03:04:05Z' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' },
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
  },
  status: {
    acceptedNames: { plural: 'widgets', kind: 'Widget' },
    conditions: [
      {
        type: 'Established',
        status: 'True',
        reason: 'InitialNamesAccepted',
        message: '',
        lastTransitionTime: '2026-01-02T03:04:05Z',
      },
    ],
    storedVersions: ['v1'],
  },
} satisfies CustomResourceDefinition;
const widget = (name: string) => ({ ...map(name), apiVersion: 'example.com/v1', kind: 'Widget' });

test('kinds that come at run time own, and are emptied with their namespace', async () => {
  await start();
  await lab.quiet();
  lab.cluster.seed(resources.customresourcedefinitions, definition);
  await lab.quiet();
  const client = lab.cluster.client.resource(widgets);
  const owner = await client.create(widget('owner'));
  await maps().create(map('child', [owner]));
  await lab.quiet();
  expect(left()).toEqual(['child']);
  await client.delete('default', 'owner', { propagationPolicy: 'Background' });
  await lab.quiet();
  expect(left()).toEqual([]);
  await lab.cluster.client.resource(resources.namespaces).create(namespace('default'));
  await client.create(widget('another'));
  await lab.cluster.client.resource(resources.namespaces).delete('', 'default');
  await lab.pass(2);
  expect(lab.cluster.all(widgets)).toEqual([]);
  expect(lab.cluster.all(resources.namespaces)).toEqual([]);
});

test('a namespace goes when it is empty, and says what it waits for', async () => {
  await start();
  const namespaces = lab.cluster.client.resource(resources.namespaces);
  await namespaces.create(namespace('default'));
  await lab.cluster.client.resource(resources.pods).create(pod('held', running('n1')));
  await maps().create({ ...map('kept'), metadata: { ...map('kept').metadata, finalizers: ['example.com/hold'] } });
  await lab.cluster.client.resource(resources.replicasets).create(replicaSet('idle', { spec: { replicas: 0 } }));
  await namespaces.delete('', 'default');
  await lab.pass(1);
  const messages = async () =>
    Object.fromEntries(
      ((await namespaces.get('', 'default')).status?.conditions ?? []).map(({ type, status, message }) => [
        type,
        `${status} ${message}`,
      ]),
    );
  // Pods first: what they may need stays until they are gone.
  expect(left()).toEqual(['kept']);
  expect(await messages()).toMatchObject({
    NamespaceDeletionDiscoveryFailure: 'False All resources successfully discovered',
    NamespaceContentRemaining: 'True Some resources are remaining: pods. has 1 resource instances',
  });
  await lab.kubelet();
  await lab.pass(2);
  expect(lab.cluster.all(resources.replicasets)).toEqual([]);
  expect(await messages()).toMatchObject({
    NamespaceContentRemaining: 'True Some resources are remaining: configmaps. has 1 resource instances',
    NamespaceFinalizersRemaining:
      'True Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances',
  });
  await maps().patch('default', 'kept', 'merge', { metadata: { finalizers: null } });
  await lab.pass(2);
  expect(lab.cluster.all(resources.namespaces)).toEqual([]);
});

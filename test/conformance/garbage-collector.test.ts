/** What goes with its owner, what waits for it, and what is freed. */
import { expect } from 'vitest';
import { absent, create, get, list, merge, remove } from './support/rest.ts';
import type { Thing } from './support/shapes.ts';
import { eventually, test } from './support/test.ts';

const core = (ns: string): string => `/api/v1/namespaces/${ns}`;
const apps = (ns: string): string => `/apis/apps/v1/namespaces/${ns}`;

/** No node has this label: the pods stay objects, and the tests quick. */
const nowhere = { nodeSelector: { 'example.com/conformance': 'nowhere' } };
const podSpec = { ...nowhere, containers: [{ name: 'main', image: 'skiff/busybox:1' }] };
const template = (app: string): object => ({ metadata: { labels: { app } }, spec: podSpec });

async function deployment(ns: string): Promise<Thing> {
  await create(`${apps(ns)}/deployments`, {
    metadata: { name: 'web' },
    spec: { replicas: 2, selector: { matchLabels: { app: 'web' } }, template: template('web') },
  });
  await pods(ns, 2);
  const [replicaSet] = (await list(`${apps(ns)}/replicasets`)).items;
  if (replicaSet === undefined) throw new Error('pods without a ReplicaSet');
  return replicaSet;
}

async function controller(ns: string, name: string, replicas = 2): Promise<Thing> {
  return await create(`${core(ns)}/replicationcontrollers`, {
    metadata: { name },
    spec: { replicas, selector: { app: name }, template: template(name) },
  });
}

const pods = (ns: string, count: number): Promise<readonly Thing[]> =>
  eventually(`${count} pods`, async () => {
    const { items } = await list(`${core(ns)}/pods`);
    if (items.length !== count) throw new Error(`${items.length} pods`);
    return items;
  });

test('C056 background deletion of a Deployment takes its ReplicaSets and pods', async ({ ns }) => {
  const { metadata } = await deployment(ns);
  await remove(`${apps(ns)}/deployments/web`, { propagationPolicy: 'Background' });
  expect(await absent(`${apps(ns)}/deployments/web`)).toBe(true);
  await eventually('the ReplicaSet to be gone', () => absent(`${apps(ns)}/replicasets/${metadata.name}`));
  await pods(ns, 0);
});

test('C061 orphaning deletion of a Deployment frees its ReplicaSet', async ({ ns }) => {
  const { metadata } = await deployment(ns);
  await remove(`${apps(ns)}/deployments/web`, { propagationPolicy: 'Orphan' });
  await eventually('the Deployment to be gone', () => absent(`${apps(ns)}/deployments/web`));
  const orphan = await get(`${apps(ns)}/replicasets/${metadata.name}`);
  expect(orphan.metadata.ownerReferences ?? []).toEqual([]);
  await pods(ns, 2);
});

test('C057 background deletion of a ReplicationController takes its pods', async ({ ns }) => {
  await controller(ns, 'web');
  await pods(ns, 2);
  await remove(`${core(ns)}/replicationcontrollers/web`, { propagationPolicy: 'Background' });
  await pods(ns, 0);
});

test('C062 orphaning deletion of a ReplicationController frees its pods', async ({ ns }) => {
  await controller(ns, 'web', 10);
  await pods(ns, 10);
  await remove(`${core(ns)}/replicationcontrollers/web`, { propagationPolicy: 'Orphan' });
  await eventually('the controller to be gone', () => absent(`${core(ns)}/replicationcontrollers/web`));
  for (const { metadata } of await pods(ns, 10)) expect(metadata.ownerReferences ?? []).toEqual([]);
});

test('C058 foreground deletion keeps a ReplicationController until its pods are gone', async ({ ns }) => {
  await controller(ns, 'web');
  const [held] = await pods(ns, 2);
  const pod = `${core(ns)}/pods/${held?.metadata.name}`;
  await merge(pod, { metadata: { finalizers: ['example.com/conformance'] } });
  await remove(`${core(ns)}/replicationcontrollers/web`, { propagationPolicy: 'Foreground' });
  await pods(ns, 1);
  const { metadata } = await get(`${core(ns)}/replicationcontrollers/web`);
  expect(metadata.finalizers).toContain('foregroundDeletion');
  expect(metadata.deletionTimestamp).toBeDefined();
  await merge(pod, { metadata: { finalizers: null } });
  await eventually('the controller to be gone', () => absent(`${core(ns)}/replicationcontrollers/web`));
  await pods(ns, 0);
});

test('C059 a ring of owners is collected once one of them is deleted', async ({ ns }) => {
  const names = ['one', 'two', 'three'];
  const ring = await Promise.all(
    names.map((name) => create(`${core(ns)}/pods`, { metadata: { name }, spec: podSpec })),
  );
  for (const [index, { metadata }] of ring.entries()) {
    const owner = ring[(index + 1) % ring.length];
    await merge(`${core(ns)}/pods/${metadata.name}`, {
      metadata: { ownerReferences: [{ ...ownerOf(owner, 'Pod'), controller: true, blockOwnerDeletion: true }] },
    });
  }
  await remove(`${core(ns)}/pods/one`);
  await pods(ns, 0);
});

test('C060 foreground deletion of one of two owners spares the pods of both', async ({ ns }) => {
  const dying = await controller(ns, 'dying', 4);
  await pods(ns, 4);
  const living = await controller(ns, 'living', 0);
  const shared = (await list(`${core(ns)}/pods`)).items.slice(0, 2).map(({ metadata }) => metadata);
  for (const { name, ownerReferences = [] } of shared) {
    await merge(`${core(ns)}/pods/${name}`, {
      metadata: { ownerReferences: [...ownerReferences, ownerOf(living, 'ReplicationController')] },
    });
  }
  await remove(`${core(ns)}/replicationcontrollers/dying`, { propagationPolicy: 'Foreground' });
  await eventually('one owner to be gone', () => absent(`${core(ns)}/replicationcontrollers/dying`));
  const left = await pods(ns, 2);
  expect(left.map(({ metadata }) => metadata.name).sort()).toEqual(shared.map(({ name }) => name).sort());
  for (const { metadata } of left) {
    expect(metadata.deletionTimestamp).toBeUndefined();
    expect(metadata.ownerReferences?.map(({ uid }) => uid)).not.toContain(dying.metadata.uid);
  }
});

const ownerOf = (owner: Thing | undefined, kind: string): object => ({
  apiVersion: 'v1',
  kind,
  name: owner?.metadata.name,
  uid: owner?.metadata.uid,
});

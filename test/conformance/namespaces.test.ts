/** Namespaces: labels, status, finalizers, and what goes when they go. */
import { expect } from 'vitest';
import { absent, create, get, list, merge, remove, replace } from './support/rest.ts';
import type { Thing } from './support/shapes.ts';
import { eventually, test, unique } from './support/test.ts';

const path = (ns: string): string => `/api/v1/namespaces/${ns}`;

test('C063 finalize puts a finalizer into a namespace and takes it out', async ({ ns }) => {
  const before = await get(path(ns));
  const withOne = { ...before, spec: { finalizers: ['kubernetes', 'example.com/conformance'] } };
  expect((await replace(`${path(ns)}/finalize`, withOne)).spec).toEqual(withOne.spec);
  const without = { ...(await get(path(ns))), spec: { finalizers: ['kubernetes'] } };
  expect((await replace(`${path(ns)}/finalize`, without)).spec).toEqual(without.spec);
});

test('C064 a namespace is replaced and keeps its new label', async ({ ns }) => {
  await eventually('the replacement', async () => {
    const { metadata, ...rest } = await get(path(ns));
    return replace(path(ns), { ...rest, metadata: { ...metadata, labels: { ...metadata.labels, team: 'a' } } });
  });
  expect((await get(path(ns))).metadata.labels).toMatchObject({ team: 'a', 'kubernetes.io/metadata.name': ns });
});

test('C065 namespace status is Active, and takes conditions by patch and update', async ({ ns }) => {
  const condition = (type: string) => ({ type, status: 'True', reason: 'Tested', message: 'by a test' });
  expect((await get(`${path(ns)}/status`)).status).toMatchObject({ phase: 'Active' });
  const patched = await merge(`${path(ns)}/status`, { status: { conditions: [condition('Patched')] } });
  expect(patched.status.conditions).toMatchObject([condition('Patched')]);
  await replace(`${path(ns)}/status`, {
    ...patched,
    status: { ...patched.status, conditions: [condition('Patched'), condition('Updated')] },
  });
  expect((await get(path(ns))).status).toMatchObject({
    phase: 'Active',
    conditions: [condition('Patched'), condition('Updated')],
  });
});

test('C068 a namespace is labelled by patch', async ({ ns }) => {
  await merge(path(ns), { metadata: { labels: { team: 'b' } } });
  expect((await get(path(ns))).metadata.labels).toMatchObject({ team: 'b' });
});

test('C067 deleting a namespace takes its Services, and its successor has none', async () => {
  const name = unique('conformance');
  await create('/api/v1/namespaces', { metadata: { name } });
  await create(`${path(name)}/services`, { metadata: { name: 'web' }, spec: { ports: [{ port: 80 }] } });
  await remove(path(name));
  await eventually('the namespace to be gone', () => absent(path(name)));
  await create('/api/v1/namespaces', { metadata: { name } });
  expect((await list(`${path(name)}/services`)).items).toEqual([]);
  await remove(path(name));
});

test('C152 every namespace has the root certificate, and gets it back', async ({ ns }) => {
  const config = `${path(ns)}/configmaps/kube-root-ca.crt`;
  const first = await eventually('the root certificate', () => get<Thing>(config));
  expect(first.data['ca.crt']).toContain('BEGIN CERTIFICATE');
  await remove(config);
  const second = await eventually('it to come back', () => get<Thing>(config));
  expect(second.metadata.uid).not.toBe(first.metadata.uid);
  await merge(config, { data: { 'ca.crt': 'edited' } });
  await eventually('it to be put right', async () => (await get(config)).data['ca.crt'] === first.data['ca.crt']);
});

test('C066 deleting a namespace ends its running pods first', async () => {
  const name = unique('conformance');
  await create('/api/v1/namespaces', { metadata: { name } });
  const command = ['sh', '-c', 'trap exit TERM; sleep 1000000 & wait'];
  await eventually('a pod', () =>
    create(`${path(name)}/pods`, {
      metadata: { name: 'runs' },
      spec: { containers: [{ name: 'main', image: 'skiff/busybox:1', command }] },
    }),
  );
  await eventually('it to run', async () => (await get(`${path(name)}/pods/runs`)).status.phase === 'Running');
  await remove(path(name));
  expect((await get(path(name))).status).toMatchObject({ phase: 'Terminating' });
  await eventually('the namespace to be gone', async () => {
    const pod = await absent(`${path(name)}/pods/runs`);
    const namespace = await absent(path(name));
    if (namespace) expect(pod).toBe(true);
    return namespace;
  });
});

/** Rules of single kinds: what is refused, what may not change, what a status takes. */
import { expect } from 'vitest';
import { absent, create, get, list, merge, refused, remove, replace } from './support/rest.ts';
import { eventually, test, unique } from './support/test.ts';
import { brief, watch } from './support/watch.ts';

const core = (ns: string): string => `/api/v1/namespaces/${ns}`;
const storage = '/apis/storage.k8s.io/v1';
const container = { name: 'main', image: 'skiff/busybox:1' };
const nowhere = { nodeSelector: { 'example.com/conformance': 'nowhere' } };

test('C222 a ConfigMap with an empty key is refused', async ({ ns }) => {
  const status = await refused('POST', `${core(ns)}/configmaps`, {
    body: { metadata: { name: 'c' }, data: { '': 'a' } },
  });
  expect(status).toMatchObject({ reason: 'Invalid', code: 422 });
});

test('C290 a Secret with an empty key is refused', async ({ ns }) => {
  const status = await refused('POST', `${core(ns)}/secrets`, {
    body: { metadata: { name: 's' }, data: { '': 'YQ==' } },
  });
  expect(status).toMatchObject({ reason: 'Invalid', code: 422 });
});

async function staysImmutable(path: string, resource: string, data: object, other: object): Promise<void> {
  await create(path, { metadata: { name: 'fixed' }, data, immutable: true });
  const one = `${path}/fixed`;
  const headers = { 'content-type': 'application/merge-patch+json' };
  for (const body of [{ data: other }, { immutable: false }, { immutable: null }]) {
    const status = await refused('PATCH', one, { body, headers });
    expect(status, `${resource} ${JSON.stringify(body)}`).toMatchObject({ reason: 'Invalid', code: 422 });
  }
  expect((await merge(one, { metadata: { labels: { team: 'a' } } })).data).toEqual(data);
  await remove(one);
  expect(await absent(one)).toBe(true);
}

test('C332 an immutable ConfigMap takes labels and deletion, and nothing else', ({ ns }) =>
  staysImmutable(`${core(ns)}/configmaps`, 'configmaps', { a: '1' }, { a: '2' }));

test('C400 an immutable Secret takes labels and deletion, and nothing else', ({ ns }) =>
  staysImmutable(`${core(ns)}/secrets`, 'secrets', { a: 'MQ==' }, { a: 'Mg==' }));

test('C156 a ServiceAccount is replaced', async ({ ns }) => {
  const path = `${core(ns)}/serviceaccounts`;
  const made = await create(path, { metadata: { name: 'a' }, automountServiceAccountToken: false });
  await replace(`${path}/a`, { ...made, automountServiceAccountToken: true });
  expect(await get(`${path}/a`)).toMatchObject({ automountServiceAccountToken: true });
});

test('C259 a PodTemplate is replaced', async ({ ns }) => {
  const path = `${core(ns)}/podtemplates`;
  const template = { metadata: { labels: { app: 'a' } }, spec: { containers: [container] } };
  const made = await create(path, { metadata: { name: 'a' }, template });
  await replace(`${path}/a`, { ...made, metadata: { ...made.metadata, annotations: { replaced: 'yes' } } });
  expect((await get(`${path}/a`)).metadata.annotations).toEqual({ replaced: 'yes' });
});

test('C261 a pod with equal requests and limits is Guaranteed', async ({ ns }) => {
  const resources = { requests: { cpu: '100m', memory: '32Mi' }, limits: { cpu: '100m', memory: '32Mi' } };
  const spec = { ...nowhere, containers: [{ ...container, resources }] };
  expect((await create(`${core(ns)}/pods`, { metadata: { name: 'a' }, spec })).status).toMatchObject({
    qosClass: 'Guaranteed',
  });
});

test('C298 malformed sysctls are refused by name', async ({ ns }) => {
  const names = ['foo-', 'kernel.shmmax', 'safe-and-unsafe', 'bar..'];
  const sysctls = names.map((name) => ({ name, value: '100' }));
  const body = { metadata: { name: 'a' }, spec: { securityContext: { sysctls }, containers: [container] } };
  const { code, message } = await refused('POST', `${core(ns)}/pods`, { body });
  expect(code).toBe(422);
  for (const [index, name] of [
    [0, 'foo-'],
    [3, 'bar..'],
  ] as const)
    expect(message).toContain(`spec.securityContext.sysctls[${index}].name: Invalid value: "${name}"`);
  expect(message).not.toContain('kernel.shmmax');
});

test('C315 a PriorityClass changes in all but its value', async () => {
  const path = '/apis/scheduling.k8s.io/v1/priorityclasses';
  const name = unique('priority');
  await create(path, { metadata: { name }, value: 7, description: 'a' });
  expect((await list(path)).items.map(({ metadata }) => metadata.name)).toContain(name);
  const made = await get(`${path}/${name}`);
  expect(await replace(`${path}/${name}`, { ...made, description: 'b' })).toMatchObject({ description: 'b', value: 7 });
  expect(await merge(`${path}/${name}`, { description: 'c' })).toMatchObject({ description: 'c' });
  const changed = await refused('PUT', `${path}/${name}`, { body: { ...made, metadata: { name }, value: 8 } });
  expect(changed).toMatchObject({ reason: 'Invalid', code: 422 });
  expect(changed.message).toContain('value: Forbidden: may not be changed in an update');
  await remove(`${path}/${name}`);
});

test('C320 a pod with an inline CSI volume is stored and deleted', async ({ ns }) => {
  const volumes = [{ name: 'v', csi: { driver: 'csi.example.com', volumeAttributes: { a: 'b' } } }];
  const path = `${core(ns)}/pods`;
  const spec = { ...nowhere, containers: [container], volumes };
  await create(path, { metadata: { name: 'a' }, spec });
  const inline = ({ spec: { volumes: found } }: { spec: Readonly<Record<string, unknown>> }): unknown =>
    (found as { csi?: unknown }[]).find(({ csi }) => csi !== undefined);
  expect(inline(await get(`${path}/a`))).toMatchObject(volumes[0] ?? {});
  expect((await list(path)).items.map(inline)).toMatchObject(volumes);
  expect((await merge(`${path}/a`, { metadata: { labels: { team: 'a' } } })).metadata.labels).toEqual({ team: 'a' });
  await remove(`${path}/a`, { gracePeriodSeconds: 0 });
  await eventually('the pod to be gone', () => absent(`${path}/a`));
});

test('C407 VolumeAttachment status turns attached on and off', async () => {
  const name = unique('attachment');
  const path = `${storage}/volumeattachments`;
  const spec = { attacher: 'a.example.com', nodeName: 'none', source: { persistentVolumeName: 'none' } };
  await create(path, { metadata: { name }, spec });
  const patched = await merge(`${path}/${name}/status`, { status: { attached: true } });
  expect(patched.status).toMatchObject({ attached: true });
  await replace(`${path}/${name}/status`, { ...patched, status: { attached: false } });
  expect((await get(`${path}/${name}/status`)).status).toMatchObject({ attached: false });
  await remove(`${path}/${name}`);
});

test('C210 the status of a Service is patched and updated on its own, with watch events', async ({ ns }) => {
  const path = `${core(ns)}/services`;
  const events = await watch(path);
  await create(path, { metadata: { name: 'web' }, spec: { type: 'LoadBalancer', ports: [{ port: 80 }] } });
  const ingress = [{ ip: '203.0.113.1' }];
  const patched = await merge(`${path}/web/status`, { status: { loadBalancer: { ingress } } });
  expect(patched.status).toMatchObject({ loadBalancer: { ingress } });
  const condition = {
    type: 'Updated',
    status: 'True',
    reason: 'Tested',
    message: '',
    lastTransitionTime: '2026-01-02T03:04:05Z',
  };
  await replace(`${path}/web/status`, { ...patched, status: { ...patched.status, conditions: [condition] } });
  expect((await get(`${path}/web/status`)).status).toMatchObject({ conditions: [condition] });
  await merge(`${path}/web`, { metadata: { labels: { team: 'a' } } });
  await remove(`${path}/web`);
  const seen = ['ADDED', 'MODIFIED', 'MODIFIED', 'MODIFIED', 'DELETED'].map((type) => `${type} web`);
  expect((await events.take(5)).map(brief)).toEqual(seen);
  events.close();
});

test('C211 Services are deleted in bulk by label', async ({ ns }) => {
  const path = `${core(ns)}/services`;
  for (const [name, team] of [
    ['a', 'x'],
    ['b', 'x'],
    ['c', 'y'],
  ] as const)
    await create(path, { metadata: { name, labels: { team } }, spec: { ports: [{ port: 80 }] } });
  await remove(`${path}?labelSelector=team%3Dx`);
  expect((await list(path)).items.map(({ metadata }) => metadata.name)).toEqual(['c']);
});

test('C212 the kubernetes Service is listed among all namespaces', async () => {
  const { items } = await list('/api/v1/services');
  expect(items.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)).toContain('default/kubernetes');
});

test('C215 the kubernetes Service has an HTTPS port', async () => {
  const { spec } = await get('/api/v1/namespaces/default/services/kubernetes');
  expect(spec.ports).toContainEqual(expect.objectContaining({ name: 'https', port: 443, protocol: 'TCP' }));
});

const podOf = (runtimeClassName: string): object => ({
  metadata: { name: 'classed' },
  spec: { runtimeClassName, containers: [{ name: 'c', image: 'i' }] },
});

test('C283 a pod with a RuntimeClass that was deleted is refused', async ({ ns }) => {
  const path = '/apis/node.k8s.io/v1/runtimeclasses';
  await create(path, { metadata: { name: ns }, handler: 'runc' });
  await remove(`${path}/${ns}`);
  const status = await refused('POST', `${core(ns)}/pods`, { body: podOf(ns) });
  expect(status).toMatchObject({ reason: 'Forbidden', code: 403 });
});

test('C284 a pod with a RuntimeClass that never was is refused', async ({ ns }) => {
  const { message } = await refused('POST', `${core(ns)}/pods`, { body: podOf('never-was') });
  expect(message).toBe('pods "classed" is forbidden: pod rejected: RuntimeClass "never-was" not found');
});

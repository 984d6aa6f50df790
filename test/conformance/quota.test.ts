/** ResourceQuota: what it counts, what it refuses, and what comes back when an object goes. */
import { expect } from 'vitest';
import { absent, create, get, merge, refused, remove, replace } from './support/rest.ts';
import { eventually, test } from './support/test.ts';

const core = (ns: string): string => `/api/v1/namespaces/${ns}`;
const quotas = (ns: string): string => `${core(ns)}/resourcequotas`;
const container = { name: 'main', image: 'skiff/busybox:1' };
const nowhere = { nodeSelector: { 'example.com/conformance': 'nowhere' } };
const podTemplate = { metadata: { labels: { app: 'a' } }, spec: { ...nowhere, containers: [container] } };

/** Waits until the quota has counted exactly these. */
const used = (ns: string, wanted: Record<string, string>, name = 'quota'): Promise<unknown> =>
  eventually(`${name} to have ${JSON.stringify(wanted)} in use`, async () => {
    const { status } = await get(`${quotas(ns)}/${name}`);
    if (Object.keys(wanted).some((key) => (status.used as Record<string, string> | undefined)?.[key] !== wanted[key]))
      throw new Error(JSON.stringify(status));
    return true;
  });

const quota = (ns: string, hard: Record<string, string>, more: object = {}, name = 'quota'): Promise<unknown> =>
  create(quotas(ns), { metadata: { name }, spec: { hard, ...more } });

const pod = (name: string, resources: object = {}, more: object = {}): object => ({
  metadata: { name },
  spec: { ...nowhere, ...more, containers: [{ ...container, resources }] },
});

const removePod = (ns: string, name: string): Promise<unknown> =>
  remove(`${core(ns)}/pods/${name}`, { gracePeriodSeconds: 0 });

/** One more object is one more in use; its deletion is one less. */
async function counts(ns: string, resource: string, path: string, body: object): Promise<void> {
  const key = `count/${resource}`;
  await quota(ns, { [key]: '10' });
  const before = await eventually('a count', async () => {
    const { status } = await get(`${quotas(ns)}/quota`);
    return (status.used as Record<string, string> | undefined)?.[key];
  });
  await create(path, { metadata: { name: 'counted' }, ...body });
  await used(ns, { [key]: String(Number(before) + 1) });
  await remove(`${path}/counted`);
  await used(ns, { [key]: before });
}

const controlled = { replicas: 0, template: podTemplate };

test('C071 a quota counts ConfigMaps', ({ ns }) =>
  counts(ns, 'configmaps', `${core(ns)}/configmaps`, { data: { a: '1' } }));
test('C075 a quota counts Secrets', ({ ns }) => counts(ns, 'secrets', `${core(ns)}/secrets`, { data: { a: 'MQ==' } }));
test('C073 a quota counts ReplicaSets', ({ ns }) =>
  counts(ns, 'replicasets.apps', `/apis/apps/v1/namespaces/${ns}/replicasets`, {
    spec: { ...controlled, selector: { matchLabels: { app: 'a' } } },
  }));
test('C074 a quota counts ReplicationControllers', ({ ns }) =>
  counts(ns, 'replicationcontrollers', `${core(ns)}/replicationcontrollers`, {
    spec: { ...controlled, selector: { app: 'a' } },
  }));

test('C077 a new quota gets its status', async ({ ns }) => {
  await quota(ns, { pods: '5', services: '3' });
  await used(ns, { pods: '0', services: '0' });
  expect((await get(`${quotas(ns)}/quota`)).status).toMatchObject({ hard: { pods: '5', services: '3' } });
});

test('C070 limits of a quota are updated, and the quota deleted', async ({ ns }) => {
  await quota(ns, { 'limits.cpu': '1', 'limits.memory': '500Mi' });
  const made = await get(`${quotas(ns)}/quota`);
  const hard = { 'limits.cpu': '2', 'limits.memory': '1Gi' };
  expect((await replace(`${quotas(ns)}/quota`, { ...made, metadata: { name: 'quota' }, spec: { hard } })).spec).toEqual(
    {
      hard,
    },
  );
  expect((await get(`${quotas(ns)}/quota`)).spec).toEqual({ hard });
  await remove(`${quotas(ns)}/quota`);
  expect(await absent(`${quotas(ns)}/quota`)).toBe(true);
});

test('C072 a quota charges pods for all they ask, refuses what is over it and refunds', async ({ ns }) => {
  const extended = 'requests.example.com/dongle';
  const none = { pods: '0', cpu: '0', memory: '0', 'requests.ephemeral-storage': '0', [extended]: '0' };
  await quota(ns, { pods: '2', cpu: '1', memory: '500Mi', 'requests.ephemeral-storage': '10Gi', [extended]: '3' });
  await used(ns, none);
  const asks = (cpu: string, memory: string, dongles: string): object => ({
    requests: { cpu, memory, 'ephemeral-storage': '5Gi', 'example.com/dongle': dongles },
    limits: { 'example.com/dongle': dongles },
  });
  await create(`${core(ns)}/pods`, pod('fits', asks('500m', '252Mi', '2')));
  const charged = { pods: '1', cpu: '500m', memory: '252Mi', 'requests.ephemeral-storage': '5Gi', [extended]: '2' };
  await used(ns, charged);
  for (const [cpu, dongles] of [
    ['600m', '1'],
    ['100m', '2'],
  ] as const) {
    const status = await refused('POST', `${core(ns)}/pods`, { body: pod('over', asks(cpu, '10Mi', dongles)) });
    expect(status).toMatchObject({ reason: 'Forbidden', code: 403 });
    expect(status.message).toContain('exceeded quota: quota, requested: ');
  }
  await used(ns, charged);
  await removePod(ns, 'fits');
  await used(ns, none);
});

test('C076 a quota counts Services, node ports and load balancers, and refuses those over it', async ({ ns }) => {
  const path = `${core(ns)}/services`;
  const service = (name: string, type: string): object => ({
    metadata: { name },
    spec: { type, ports: [{ port: 80 }] },
  });
  await quota(ns, { services: '3', 'services.nodeports': '1', 'services.loadbalancers': '1' });
  await used(ns, { services: '0', 'services.nodeports': '0', 'services.loadbalancers': '0' });
  await create(path, service('inner', 'ClusterIP'));
  await create(path, service('port', 'NodePort'));
  await used(ns, { services: '2', 'services.nodeports': '1', 'services.loadbalancers': '0' });
  const over = await refused('POST', path, { body: service('balanced', 'LoadBalancer') });
  expect(over.message).toContain('exceeded quota: quota');
  await remove(`${path}/port`);
  await used(ns, { services: '1', 'services.nodeports': '0', 'services.loadbalancers': '0' });
  await create(path, {
    ...service('balanced', 'LoadBalancer'),
    spec: { type: 'LoadBalancer', allocateLoadBalancerNodePorts: false, ports: [{ port: 80 }] },
  });
  await used(ns, { services: '2', 'services.loadbalancers': '1' });
  for (const name of ['inner', 'balanced']) await remove(`${path}/${name}`);
  await used(ns, { services: '0', 'services.nodeports': '0', 'services.loadbalancers': '0' });
});

test('C079 quota scopes BestEffort and NotBestEffort charge pods of their class', async ({ ns }) => {
  await quota(ns, { pods: '5' }, { scopes: ['BestEffort'] }, 'best');
  await quota(ns, { pods: '5' }, { scopes: ['NotBestEffort'] }, 'not-best');
  const count = async (best: string, notBest: string): Promise<void> => {
    await used(ns, { pods: best }, 'best');
    await used(ns, { pods: notBest }, 'not-best');
  };
  await count('0', '0');
  await create(`${core(ns)}/pods`, pod('plain'));
  await count('1', '0');
  await removePod(ns, 'plain');
  await count('0', '0');
  await create(`${core(ns)}/pods`, pod('asks', { requests: { cpu: '10m' } }));
  await count('0', '1');
  await removePod(ns, 'asks');
  await count('0', '0');
});

test('C080 quota scopes Terminating and NotTerminating go by the deadline', async ({ ns }) => {
  await quota(ns, { pods: '5' }, { scopes: ['Terminating'] }, 'ends');
  await quota(ns, { pods: '5' }, { scopes: ['NotTerminating'] }, 'stays');
  const count = async (ends: string, stays: string): Promise<void> => {
    await used(ns, { pods: ends }, 'ends');
    await used(ns, { pods: stays }, 'stays');
  };
  await count('0', '0');
  await create(`${core(ns)}/pods`, pod('stays'));
  await count('0', '1');
  await removePod(ns, 'stays');
  await create(`${core(ns)}/pods`, pod('ends', {}, { activeDeadlineSeconds: 3600 }));
  await count('1', '0');
  await removePod(ns, 'ends');
  await count('0', '0');
});

test('C069 quota status is written alone, and the controller puts hard right again', async ({ ns }) => {
  const path = `${quotas(ns)}/quota`;
  const hard = { pods: '5' };
  await quota(ns, hard);
  await used(ns, { pods: '0' });
  for (const pods of ['6', '7']) {
    const patched = await merge(`${path}/status`, { status: { hard: { pods } } });
    expect(patched).toMatchObject({ spec: { hard }, status: { hard: { pods } } });
    await eventually('hard to be as in the spec', async () => {
      const { spec, status } = await get(path);
      return JSON.stringify(status.hard) === JSON.stringify(hard) && JSON.stringify(spec.hard) === JSON.stringify(hard);
    });
  }
});

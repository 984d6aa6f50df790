/** What controllers keep true about objects that need no node. */
import { expect } from 'vitest';
import { absent, create, get, list, merge, must, refused, remove, replace } from './support/rest.ts';
import type { Thing } from './support/shapes.ts';
import { eventually, test } from './support/test.ts';

const core = (ns: string): string => `/api/v1/namespaces/${ns}`;
const slicesOf = async (ns: string, service: string): Promise<readonly Thing[]> =>
  (
    await list(
      `/apis/discovery.k8s.io/v1/namespaces/${ns}/endpointslices?labelSelector=kubernetes.io%2Fservice-name%3D${service}`,
    )
  ).items;
const container = { name: 'main', image: 'skiff/busybox:1' };
const nowhere = { nodeSelector: { 'example.com/conformance': 'nowhere' } };
const template = { metadata: { labels: { app: 'web' } }, spec: { ...nowhere, containers: [container] } };
const conditionOf = ({ status }: Thing, type: string): { status: string } | undefined =>
  ((status.conditions ?? []) as { type: string; status: string }[]).find((each) => each.type === type);

test('C117 a disruption budget is changed in every way, and its controller observes each generation', async ({
  ns,
}) => {
  const path = `/apis/policy/v1/namespaces/${ns}/poddisruptionbudgets`;
  const observed = (): Promise<Thing> =>
    eventually<Thing>('the generation to be observed', async () => {
      const now = await get(`${path}/b`);
      return now.status.observedGeneration === now.metadata.generation && now;
    });
  await create(path, { metadata: { name: 'b' }, spec: { minAvailable: 1, selector: { matchLabels: { app: 'web' } } } });
  const first = await observed();
  await eventually('an update', async () => {
    const now = await get(`${path}/b`);
    return replace(`${path}/b`, { ...now, spec: { ...now.spec, minAvailable: 2 } });
  });
  expect((await observed()).spec).toMatchObject({ minAvailable: 2 });
  await merge(`${path}/b`, { spec: { minAvailable: '50%' } });
  const last = await observed();
  expect(last.spec).toMatchObject({ minAvailable: '50%' });
  expect(last.metadata.generation).toBe((first.metadata.generation ?? 0) + 2);
  await remove(`${path}/b`);
  expect(await absent(`${path}/b`)).toBe(true);
});

const pods = (ns: string, count: number): Promise<readonly Thing[]> =>
  eventually(`${count} pods`, async () => {
    const { items } = await list(`${core(ns)}/pods`);
    return items.length === count && items;
  });

test('C136 a ReplicationController lets go of a relabelled pod', async ({ ns }) => {
  await create(`${core(ns)}/replicationcontrollers`, {
    metadata: { name: 'web' },
    spec: { replicas: 1, selector: { app: 'web' }, template },
  });
  const [pod] = await pods(ns, 1);
  const path = `${core(ns)}/pods/${pod?.metadata.name}`;
  expect((await get(path)).metadata.ownerReferences).toMatchObject([{ kind: 'ReplicationController', name: 'web' }]);
  await merge(path, { metadata: { labels: { app: 'free' } } });
  await eventually('the pod to be free', async () => (await get(path)).metadata.ownerReferences === undefined);
  await pods(ns, 2);
});

test('C138 a ReplicationController over quota says ReplicaFailure until it fits', async ({ ns }) => {
  await create(`${core(ns)}/resourcequotas`, { metadata: { name: 'q' }, spec: { hard: { pods: '2' } } });
  await eventually('the quota', async () => (await get(`${core(ns)}/resourcequotas/q`)).status.used !== undefined);
  const path = `${core(ns)}/replicationcontrollers`;
  await create(path, { metadata: { name: 'web' }, spec: { replicas: 3, selector: { app: 'web' }, template } });
  const failure = async (): Promise<string | undefined> =>
    conditionOf(await get(`${path}/web`), 'ReplicaFailure')?.status;
  await eventually('ReplicaFailure', async () => (await failure()) === 'True');
  await merge(`${path}/web/scale`, { spec: { replicas: 2 } });
  await eventually('no ReplicaFailure', async () => (await failure()) === undefined);
});

test('C188 a Service with a selector has Endpoints and EndpointSlices as long as it lives', async ({ ns }) => {
  await create(`${core(ns)}/services`, {
    metadata: { name: 'web' },
    spec: { selector: { app: 'web' }, ports: [{ port: 80 }] },
  });
  await eventually('Endpoints', () => get<Thing>(`${core(ns)}/endpoints/web`));
  await eventually('a slice', async () => (await slicesOf(ns, 'web')).length === 1);
  await remove(`${core(ns)}/services/web`);
  await eventually('Endpoints to be gone', () => absent(`${core(ns)}/endpoints/web`));
  await eventually('slices to be gone', async () => (await slicesOf(ns, 'web')).length === 0);
});

test('C189 the kubernetes Service has the addresses of the API servers', async () => {
  const { subsets } = await get('/api/v1/namespaces/default/endpoints/kubernetes');
  const [subset] = subsets as { addresses: { ip: string }[]; ports: { port: number }[] }[];
  expect(subset?.ports).toMatchObject([{ name: 'https', protocol: 'TCP' }]);
  const [slice] = await slicesOf('default', 'kubernetes');
  expect(slice).toMatchObject({ addressType: 'IPv4', ports: subset?.ports });
  const endpoints = slice?.endpoints as { addresses: string[] }[];
  expect(endpoints.flatMap(({ addresses }) => addresses)).toEqual(subset?.addresses.map(({ ip }) => ip));
});

test('C191 Endpoints made by hand are mirrored as long as they live', async ({ ns }) => {
  await create(`${core(ns)}/services`, { metadata: { name: 'web' }, spec: { ports: [{ port: 80 }] } });
  const subsets = (ip: string) => [{ addresses: [{ ip }], ports: [{ port: 80, protocol: 'TCP' }] }];
  const mirrored = (ip: string): Promise<unknown> =>
    eventually(`a slice with ${ip}`, async () => {
      expect(await slicesOf(ns, 'web')).toMatchObject([{ endpoints: [{ addresses: [ip] }], ports: [{ port: 80 }] }]);
      return true;
    });
  await create(`${core(ns)}/endpoints`, { metadata: { name: 'web' }, subsets: subsets('192.0.2.1') });
  await mirrored('192.0.2.1');
  await merge(`${core(ns)}/endpoints/web`, { subsets: subsets('192.0.2.2') });
  await mirrored('192.0.2.2');
  await remove(`${core(ns)}/endpoints/web`);
  await eventually('no slice', async () => (await slicesOf(ns, 'web')).length === 0);
});

test('C151 a token is mounted as the pod says, else as its account says', async ({ ns }) => {
  const accounts = { unset: undefined, mount: true, 'no-mount': false };
  for (const [name, automountServiceAccountToken] of Object.entries(accounts))
    await create(`${core(ns)}/serviceaccounts`, { metadata: { name }, automountServiceAccountToken });
  for (const [serviceAccountName, account] of Object.entries(accounts))
    for (const pod of [undefined, true, false]) {
      const spec = { serviceAccountName, automountServiceAccountToken: pod, containers: [container] };
      const made = await create(`${core(ns)}/pods?dryRun=All`, { metadata: { name: 'p' }, spec });
      const [{ volumeMounts = [] } = {}] = made.spec.containers as { volumeMounts?: { mountPath: string }[] }[];
      const mounted = volumeMounts.some(
        ({ mountPath }) => mountPath === '/var/run/secrets/kubernetes.io/serviceaccount',
      );
      expect(mounted, `${serviceAccountName}, ${pod}`).toBe(pod ?? account ?? true);
    }
});

test('C157 access reviews agree with what the account may really do', async ({ ns }) => {
  const user = `system:serviceaccount:${ns}:default`;
  const verdict = async (verb: string, local: boolean): Promise<unknown> => {
    const kind = local ? 'LocalSubjectAccessReview' : 'SubjectAccessReview';
    const root = '/apis/authorization.k8s.io/v1';
    const path = local ? `${root}/namespaces/${ns}/localsubjectaccessreviews` : `${root}/subjectaccessreviews`;
    const resourceAttributes = { namespace: ns, verb, resource: 'configmaps' };
    const body = {
      apiVersion: 'authorization.k8s.io/v1',
      kind,
      metadata: local ? { namespace: ns } : {},
      spec: { user, resourceAttributes },
    };
    return (await must('POST', path, { body })).status.allowed;
  };
  const headers = { 'impersonate-user': user, 'impersonate-group': 'system:serviceaccounts' };
  const rbac = `/apis/rbac.authorization.k8s.io/v1/namespaces/${ns}`;
  await refused('GET', `${core(ns)}/configmaps`, { headers });
  expect([await verdict('list', false), await verdict('list', true)]).toEqual([false, false]);
  await create(`${rbac}/roles`, {
    metadata: { name: 'reader' },
    rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['list'] }],
  });
  await create(`${rbac}/rolebindings`, {
    metadata: { name: 'reader' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'reader' },
    subjects: [{ kind: 'ServiceAccount', name: 'default', namespace: ns }],
  });
  await eventually('the permission', () => must('GET', `${core(ns)}/configmaps`, { headers }));
  expect([await verdict('list', false), await verdict('list', true)]).toEqual([true, true]);
  await refused('DELETE', `${core(ns)}/configmaps/none`, { headers });
  expect([await verdict('delete', false), await verdict('delete', true)]).toEqual([false, false]);
});

const cron = (name: string, concurrencyPolicy: string, more: object = {}): object => ({
  metadata: { name },
  spec: {
    schedule: '* * * * *',
    concurrencyPolicy,
    jobTemplate: { spec: { template: { spec: { ...nowhere, restartPolicy: 'Never', containers: [container] } } } },
    ...more,
  },
});
const batch = (ns: string): string => `/apis/batch/v1/namespaces/${ns}`;
const jobs = async (ns: string): Promise<readonly Thing[]> => (await list(`${batch(ns)}/jobs`)).items;
const twoMinutes = 150_000;

test('C095 a suspended CronJob starts nothing', async ({ ns }) => {
  await create(`${batch(ns)}/cronjobs`, cron('asleep', 'Allow', { suspend: true }));
  await create(`${batch(ns)}/cronjobs`, cron('awake', 'Allow'));
  await eventually('a Job of the other', async () => (await jobs(ns)).length > 0, twoMinutes);
  expect((await jobs(ns)).map(({ metadata }) => metadata.ownerReferences?.[0]?.name)).toEqual(['awake']);
  expect((await get(`${batch(ns)}/cronjobs/asleep`)).status.active).toBeUndefined();
});

test('C096 a CronJob that forbids overlap waits for its Job', async ({ ns }) => {
  await create(`${batch(ns)}/cronjobs`, cron('forbids', 'Forbid'));
  await create(`${batch(ns)}/cronjobs`, cron('allows', 'Allow'));
  const of = async (name: string): Promise<number> =>
    (await jobs(ns)).filter(({ metadata }) => metadata.ownerReferences?.[0]?.name === name).length;
  await eventually('two Jobs of the other', async () => (await of('allows')) === 2, twoMinutes);
  expect(await of('forbids')).toBe(1);
  expect((await get(`${batch(ns)}/cronjobs/forbids`)).status.active).toHaveLength(1);
});

test('C097 a CronJob that replaces ends its Job at the next time', async ({ ns }) => {
  await create(`${batch(ns)}/cronjobs`, cron('replaces', 'Replace'));
  const [first] = await eventually<readonly Thing[]>(
    'a Job',
    async () => {
      const found = await jobs(ns);
      return found.length === 1 && found;
    },
    twoMinutes,
  );
  await eventually(
    'another Job alone',
    async () => {
      const found = await jobs(ns);
      return found.length === 1 && found[0]?.metadata.uid !== first?.metadata.uid;
    },
    twoMinutes,
  );
});

test('C098 a CronJob that allows overlap has two Jobs at once', async ({ ns }) => {
  await create(`${batch(ns)}/cronjobs`, cron('allows', 'Allow'));
  await eventually(
    'two active Jobs',
    async () => ((await get(`${batch(ns)}/cronjobs/allows`)).status.active as object[]).length === 2,
    twoMinutes,
  );
});

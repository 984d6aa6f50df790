/** Objects that mean no good, by the numbers of the list of hostile inputs, over the REST door. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectUnharmed } from '../http/testing/invariants.ts';
import { type Reply, startTestServer, type TestServer } from '../http/testing/server.ts';

let at: TestServer;
const core = '/api/v1/namespaces/default';
const apps = '/apis/apps/v1/namespaces/default';
const batch = '/apis/batch/v1/namespaces/default';
const policy = '/apis/policy/v1/namespaces/default';
beforeAll(async () => {
  at = await startTestServer();
  await create(`${core}/serviceaccounts`, { metadata: { name: 'default' } });
});
afterAll(() => at.close());
expectUnharmed(() => at);

const json = (reply: Reply) => JSON.parse(reply.text);
const reason = (reply: Reply): [number, string] => [reply.status, json(reply).reason];
const send = (method: string, path: string, body: object, type = 'application/json') =>
  at.request(path, { method, headers: { 'content-type': type }, body: JSON.stringify(body) });
const create = (path: string, object: object) => send('POST', path, object);
const merge = (path: string, body: object) => send('PATCH', path, body, 'application/merge-patch+json');
const container = { name: 'c', image: 'i' };
const pod = (name: string, spec: object = {}, first: object = {}) => ({
  metadata: { name },
  spec: { containers: [{ ...container, ...first }], ...spec },
});
const template = (spec: object = {}) => ({
  metadata: { labels: { a: 'b' } },
  spec: { containers: [container], ...spec },
});
const deployment = (name: string, spec: object = {}) => ({
  metadata: { name },
  spec: { selector: { matchLabels: { a: 'b' } }, template: template(), ...spec },
});
const job = (name: string, spec: object = {}) => ({
  metadata: { name },
  spec: { template: template({ restartPolicy: 'Never' }), ...spec },
});

describe('identity', () => {
  const configMap = (metadata: object) => ({ metadata });
  it('H-101 a create with a resourceVersion is refused, and nothing stored', async () => {
    const reply = await create(`${core}/configmaps`, configMap({ name: 'versioned', resourceVersion: '1' }));
    expect(reply.status).toBe(400);
    expect((await at.request(`${core}/configmaps/versioned`)).status).toBe(404);
  });

  it('H-102 a name twice is AlreadyExists', async () => {
    await create(`${core}/configmaps`, configMap({ name: 'twice' }));
    expect(reason(await create(`${core}/configmaps`, configMap({ name: 'twice' })))).toEqual([409, 'AlreadyExists']);
  });

  it('H-102 a name made from generateName that is taken is never a second object', async () => {
    const made = await Promise.all(
      Array.from({ length: 200 }, () => create(`${core}/configmaps`, configMap({ generateName: 'many-' }))),
    );
    const names = made.filter((reply) => reply.status === 201).map((reply) => json(reply).metadata.name);
    expect(new Set(names).size).toBe(names.length);
    for (const reply of made.filter((each) => each.status !== 201))
      expect(reason(reply)).toEqual([409, 'AlreadyExists']);
  });

  it('H-103 an old version, a wrong uid and a wrong precondition are conflicts', async () => {
    const made = json(await create(`${core}/configmaps`, configMap({ name: 'raced' })));
    const path = `${core}/configmaps/raced`;
    await merge(path, { data: { a: '1' } });
    expect(reason(await send('PUT', path, { ...made, data: { a: '2' } }))).toEqual([409, 'Conflict']);
    expect(reason(await send('DELETE', path, { preconditions: { uid: 'x' } }))).toEqual([409, 'Conflict']);
    const { resourceVersion } = made.metadata;
    expect(reason(await send('DELETE', path, { preconditions: { resourceVersion } }))).toEqual([409, 'Conflict']);
    expect((await at.request(path)).status).toBe(200);
  });

  it('H-104 a namespace that is missing or going takes nothing', async () => {
    expect(reason(await create('/api/v1/namespaces/nope/configmaps', configMap({ name: 'a' })))).toEqual([
      404,
      'NotFound',
    ]);
    await create('/api/v1/namespaces', configMap({ name: 'going', finalizers: ['example.com/hold'] }));
    await create('/api/v1/namespaces/going/configmaps', configMap({ name: 'held' }));
    await at.request('/api/v1/namespaces/going', { method: 'DELETE' });
    const reply = await create('/api/v1/namespaces/going/configmaps', configMap({ name: 'late' }));
    expect([...reason(reply), json(reply).details.causes[0].reason]).toEqual([
      403,
      'Forbidden',
      'NamespaceTerminating',
    ]);
  });

  it.each<[string, object]>([
    ['an unknown policy', { propagationPolicy: 'Sideways' }],
    ['both options', { propagationPolicy: 'Orphan', orphanDependents: true }],
  ])('H-106 a delete with %s is a 422', async (_, options) => {
    await create(`${core}/configmaps`, configMap({ name: 'stays' }));
    expect(reason(await send('DELETE', `${core}/configmaps/stays`, options))).toEqual([422, 'Invalid']);
    expect((await at.request(`${core}/configmaps/stays`)).status).toBe(200);
  });

  it('H-107 a grace period below zero is one second', async () => {
    await create(`${core}/pods`, pod('grace', { nodeName: 'n' }));
    const reply = await send('DELETE', `${core}/pods/grace`, { gracePeriodSeconds: -5 });
    expect([reply.status, json(reply).metadata.deletionGracePeriodSeconds]).toEqual([200, 1]);
  });

  it('H-109 what the server owns is the server’s', async () => {
    const metadata = {
      ...{ name: 'owned', uid: '00000000-0000-0000-0000-000000000000', creationTimestamp: '1999-01-01T00:00:00Z' },
      ...{ deletionTimestamp: '1999-01-01T00:00:00Z', deletionGracePeriodSeconds: 9, generation: 99, selfLink: '/x' },
    };
    const status = { replicas: 99, readyReplicas: 99, observedGeneration: 99 };
    const made = json(await create(`${apps}/deployments`, { ...deployment('owned'), metadata, status }));
    expect(made.metadata.uid).not.toBe(metadata.uid);
    expect(made.metadata.creationTimestamp > '2020').toBe(true);
    expect([made.metadata.deletionTimestamp, made.metadata.selfLink, made.metadata.generation]).toEqual([
      undefined,
      undefined,
      1,
    ]);
    expect(made.status).toEqual({});
    const put = await send('PUT', `${apps}/deployments/owned`, { ...made, status });
    expect(json(put).status).toEqual({});
  });
});

describe('numbers', () => {
  it.each([2_147_483, 2_147_484, 2_147_483_647, 2 ** 53])(
    'H-108 periods of %d are taken or refused, and nothing fires',
    async (seconds) => {
      const replies = [
        await create(
          `${core}/pods`,
          pod(`p${seconds}`, {
            terminationGracePeriodSeconds: seconds,
            activeDeadlineSeconds: seconds,
            tolerations: [{ key: 'k', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: seconds }],
          }),
        ),
        await create(
          `${batch}/jobs`,
          job(`j${seconds}`, { activeDeadlineSeconds: seconds, ttlSecondsAfterFinished: seconds }),
        ),
        await create('/apis/coordination.k8s.io/v1/namespaces/default/leases', {
          metadata: { name: `l${seconds}` },
          spec: { leaseDurationSeconds: seconds },
        }),
        await create(
          `${core}/pods`,
          pod(`q${seconds}`, {}, { livenessProbe: { tcpSocket: { port: 1 }, periodSeconds: seconds } }),
        ),
      ];
      for (const reply of replies) expect([201, 400, 422], reply.text).toContain(reply.status);
      if (seconds < 2 ** 31) expect(replies.map((reply) => reply.status)).toEqual([201, 201, 201, 201]);
      const watch = await at.request(`${core}/pods?watch=1&timeoutSeconds=1`);
      expect(watch.text).not.toContain('"DELETED"');
    },
  );

  it('H-108 a watch for 2^40 seconds does not end at once', async () => {
    const ended = at.request(`${core}/pods?watch=1&timeoutSeconds=1099511627776`).then(
      () => 'ended',
      () => 'cut',
    );
    const other = at.request(`${core}/pods?watch=1&timeoutSeconds=1`).then(() => 'other');
    expect(await Promise.race([ended, other])).toBe('other');
  });

  it.each(['1e1000', '-1', '1Ki1', 'NaN', '0x10', '1e', '.', '١'])('H-122 a limit of %s is refused', async (cpu) => {
    expect([400, 422]).toContain(
      (await create(`${core}/pods`, pod('limit', {}, { resources: { limits: { cpu } } }))).status,
    );
  });

  it('H-122 a million digits are refused as quickly', async () => {
    const cpu = '1'.repeat(1024 * 1024);
    const body = pod('limit', {}, { resources: { limits: { cpu } } });
    expect([400, 422]).toContain((await create(`${core}/pods`, body)).status);
  });

  it('H-122 a limit below the request is a 422', async () => {
    const resources = { limits: { cpu: '1' }, requests: { cpu: '2' } };
    expect(reason(await create(`${core}/pods`, pod('limit', {}, { resources })))).toEqual([422, 'Invalid']);
  });

  it.each<[string, string, object]>([
    ['both zero', 'deployments', deployment('d', { strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 0 } } })],
    ['101 %', 'deployments', deployment('d', { strategy: { rollingUpdate: { maxUnavailable: '101%' } } })],
  ])('H-121 a rollout with %s is a 422', async (_, plural, object) => {
    expect(reason(await create(`${apps}/${plural}`, object))).toEqual([422, 'Invalid']);
  });

  it('H-121 an autoscaler upside down and a budget with both fields are a 422', async () => {
    const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' };
    const scaler = { metadata: { name: 'h' }, spec: { scaleTargetRef, minReplicas: 5, maxReplicas: 2 } };
    expect(reason(await create('/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers', scaler))).toEqual([
      422,
      'Invalid',
    ]);
    const budget = { metadata: { name: 'b' }, spec: { minAvailable: 1, maxUnavailable: 1, selector: {} } };
    expect(reason(await create(`${policy}/poddisruptionbudgets`, budget))).toEqual([422, 'Invalid']);
  });
});

describe('what may not change', () => {
  it('H-112 immutable fields are a 422', async () => {
    await create(`${core}/pods`, pod('fixed', { nodeName: 'n' }));
    expect(reason(await merge(`${core}/pods/fixed`, { spec: { nodeName: 'm' } }))).toEqual([422, 'Invalid']);
    await create(`${core}/services`, { metadata: { name: 'fixed' }, spec: { ports: [{ port: 1 }] } });
    expect(
      reason(await merge(`${core}/services/fixed`, { spec: { clusterIP: '10.96.9.9', clusterIPs: ['10.96.9.9'] } })),
    ).toEqual([422, 'Invalid']);
    await create(`${batch}/jobs`, job('fixed'));
    expect(reason(await merge(`${batch}/jobs/fixed`, { spec: { selector: { matchLabels: { x: 'y' } } } }))).toEqual([
      422,
      'Invalid',
    ]);
    const claim = (name: string) => ({
      metadata: { name },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    });
    await create(`${apps}/statefulsets`, {
      ...deployment('fixed', { serviceName: 's', volumeClaimTemplates: [claim('a')] }),
    });
    expect(reason(await merge(`${apps}/statefulsets/fixed`, { spec: { volumeClaimTemplates: [claim('b')] } }))).toEqual(
      [422, 'Invalid'],
    );
  });

  it('H-113 a pod that is bound or going is not bound again', async () => {
    await create(`${core}/pods`, pod('bound', { nodeName: 'n' }));
    const target = { apiVersion: 'v1', kind: 'Node', name: 'm' };
    const bind = (name: string) => create(`${core}/pods/${name}/binding`, { metadata: { name }, target });
    expect(reason(await bind('bound'))).toEqual([409, 'Conflict']);
    await create(`${core}/pods`, {
      ...pod('going'),
      metadata: { name: 'going', finalizers: ['example.com/hold'] },
    });
    await at.request(`${core}/pods/going`, { method: 'DELETE' });
    expect(reason(await bind('going'))).toEqual([409, 'Conflict']);
  });

  it('H-114 evictions keep to their budgets', async () => {
    const labels = { app: 'evict' };
    await create(`${core}/pods`, {
      ...pod('evict', { nodeName: 'n' }),
      metadata: { name: 'evict', labels },
    });
    await send(
      'PATCH',
      `${core}/pods/evict/status`,
      { status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } },
      'application/merge-patch+json',
    );
    const evict = (name: string) =>
      create(`${core}/pods/evict/eviction`, { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name } });
    expect(reason(await evict('other'))).toEqual([400, 'BadRequest']);
    const budget = (name: string) => ({
      metadata: { name },
      spec: { minAvailable: 1, selector: { matchLabels: labels } },
    });
    await create(`${policy}/poddisruptionbudgets`, budget('one'));
    const full = await evict('evict');
    expect([...reason(full), json(full).details.causes[0].reason]).toEqual([
      429,
      'TooManyRequests',
      'DisruptionBudget',
    ]);
    await create(`${policy}/poddisruptionbudgets`, budget('two'));
    expect((await evict('evict')).status).toBe(500);
    expect((await at.request(`${core}/pods/evict`)).status).toBe(200);
  });
});

describe('addresses and ports', () => {
  const service = (spec: object) =>
    create(`${core}/services`, { metadata: { generateName: 's-' }, spec: { ports: [{ port: 1 }], ...spec } });
  it.each(['010.0.0.1', '127.1', '0x7f.1', '::ffff:127.0.0.1', 'fe80::1%eth0', '1.2.3.4/8', '１.2.3.4'])(
    'H-118 %s is no address',
    async (ip) => {
      expect([403, 422]).toContain((await service({ externalIPs: [ip] })).status);
      expect((await service({ clusterIP: ip })).status).toBe(422);
      const slice = {
        metadata: { generateName: 'e-' },
        addressType: 'IPv4',
        endpoints: [{ addresses: [ip] }],
        ports: [],
      };
      expect((await create('/apis/discovery.k8s.io/v1/namespaces/default/endpointslices', slice)).status).toBe(422);
    },
  );

  it('H-116 a Service may not take external addresses, and keeps its own fields', async () => {
    expect([...reason(await service({ externalIPs: ['192.0.2.1'] }))]).toEqual([403, 'Forbidden']);
    const { name } = json(await service({})).metadata;
    const refused = await merge(`${core}/services/${name}`, { spec: { externalIPs: ['192.0.2.1'] } });
    expect([...reason(refused), json(refused).message]).toEqual([
      ...[403, 'Forbidden'],
      `services "${name}" is forbidden: Use of external IPs is denied by admission control`,
    ]);
    expect((await merge(`${core}/services/${name}`, { metadata: { labels: { a: 'b' } } })).status).toBe(200);
  });

  it('H-117 whoever may edit Services may not say where their load balancer is', async () => {
    const jane = await at.issue('jane');
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'admin' };
    const subjects = [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'jane' }];
    await create('/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings', {
      ...{ metadata: { name: 'jane' }, roleRef, subjects },
    });
    const { name } = json(await service({ type: 'LoadBalancer' })).metadata;
    await expect.poll(async () => (await at.request(`${core}/services/${name}`, { as: jane })).status).toBe(200);
    const status = { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } };
    const patch = (path: string) =>
      at.request(`${core}/services/${name}${path}`, {
        ...{ method: 'PATCH', as: jane, body: JSON.stringify({ status }) },
        headers: { 'content-type': 'application/merge-patch+json' },
      });
    expect(reason(await patch('/status'))).toEqual([403, 'Forbidden']);
    expect(json(await patch('')).status).toEqual({ loadBalancer: {} });
  });

  it('H-119 ports and addresses out of range or taken are a 422', async () => {
    for (const spec of [
      { type: 'NodePort', ports: [{ port: 1, nodePort: 80 }] },
      { type: 'NodePort', ports: [{ port: 1, nodePort: 70_000 }] },
      { clusterIP: '192.168.1.1' },
      { ports: [{ port: 0 }] },
      { ports: [{ port: 65_536 }] },
    ])
      expect(reason(await service(spec)), JSON.stringify(spec)).toEqual([422, 'Invalid']);
    const taken = { type: 'NodePort', clusterIP: '10.96.7.7', ports: [{ port: 1, nodePort: 31_111 }] };
    expect((await service(taken)).status).toBe(201);
    expect(reason(await service({ clusterIP: '10.96.7.7' }))).toEqual([422, 'Invalid']);
    expect(reason(await service({ type: 'NodePort', ports: [{ port: 1, nodePort: 31_111 }] }))).toEqual([
      422,
      'Invalid',
    ]);
  });
});

describe('texts that reach a node', () => {
  it.each(['', ' i', 'i ', '\ni'])('H-123 the image %j is a 422', async (image) => {
    expect(reason(await create(`${core}/pods`, pod('image', {}, { image })))).toEqual([422, 'Invalid']);
  });

  it.each(['alpine --privileged', '$(id)', 'a\nb', 'a'.repeat(5 * 1024)])(
    'H-123 the image %j is stored as text, for the node to refuse by name',
    async (image) => {
      const reply = await create(`${core}/pods`, { ...pod('x', {}, { image }), metadata: { generateName: 'image-' } });
      expect([reply.status, json(reply).spec.containers[0].image]).toEqual([201, image]);
    },
  );

  it.each<[string, object]>([
    ['an empty env name', { env: [{ name: '' }] }],
    ['an env name with =', { env: [{ name: 'a=b' }] }],
    ['an env name with NUL', { env: [{ name: 'a\0b' }] }],
    ['an env value with NUL', { env: [{ name: 'a', value: 'a\0b' }] }],
    ['a command with NUL', { command: ['a', 'b\0c'] }],
    ['an argument with NUL', { args: ['\0'] }],
  ])('H-124 %s is a 422', async (_, first) => {
    expect(reason(await create(`${core}/pods`, pod('env', {}, first)))).toEqual([422, 'Invalid']);
  });

  const mount = (rest: object) => ({ volumeMounts: [{ name: 'v', mountPath: '/v', ...rest }] });
  const volumes = [{ name: 'v', emptyDir: {} }];
  it.each<[string, object, object]>([
    ['hostPath', { volumes: [{ name: 'v', hostPath: { path: '/a/../b' } }] }, {}],
    ['subPath', { volumes }, mount({ subPath: '../x' })],
    ['an absolute subPath', { volumes }, mount({ subPath: '/etc' })],
    ['subPathExpr', { volumes }, mount({ subPathExpr: '../$(A)' })],
    ['both kinds of subPath', { volumes }, mount({ subPath: 'a', subPathExpr: 'b' })],
    [
      'a configMap item',
      { volumes: [{ name: 'v', configMap: { name: 'c', items: [{ key: 'k', path: '../x' }] } }] },
      {},
    ],
    ['a secret item', { volumes: [{ name: 'v', secret: { secretName: 'c', items: [{ key: 'k', path: '/x' }] } }] }, {}],
    [
      'a projected item',
      {
        volumes: [
          {
            name: 'v',
            projected: { sources: [{ configMap: { name: 'c', items: [{ key: 'k', path: 'a/../../x' }] } }] },
          },
        ],
      },
      {},
    ],
    [
      'a downward item',
      {
        volumes: [{ name: 'v', downwardAPI: { items: [{ path: '../x', fieldRef: { fieldPath: 'metadata.name' } }] } }],
      },
      {},
    ],
  ])('H-126 .. in %s is a 422', async (_, spec, first) => {
    expect(reason(await create(`${core}/pods`, pod('paths', spec, first)))).toEqual([422, 'Invalid']);
  });

  it.each([undefined, '../x', '/x', ''])('H-132 a localhost profile %j is a 422', async (localhostProfile) => {
    const securityContext = { seccompProfile: { type: 'Localhost', localhostProfile } };
    expect(reason(await create(`${core}/pods`, pod('seccomp', { securityContext })))).toEqual([422, 'Invalid']);
  });

  it('H-134 a pod for a node that is not there is stored', async () => {
    const reply = await create(`${core}/pods`, pod('preset', { nodeName: 'no-such-node' }));
    expect([reply.status, json(reply).spec.nodeName]).toEqual([201, 'no-such-node']);
  });
});

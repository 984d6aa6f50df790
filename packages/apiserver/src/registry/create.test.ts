import type { JsonObject } from '@skiff/api';
import { parseJson } from '@skiff/api/json';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { configMap, deployment, pod } from './fixtures.ts';
import {
  type Caller,
  createMemoryRegistry,
  type MemoryRegistry,
  statusOf,
  target,
  testContext,
  writeOptions,
} from './testing.ts';

let memory: MemoryRegistry;
let call: Caller;
beforeEach(async () => {
  memory = await createMemoryRegistry();
  call = memory.call;
});
afterEach(() => memory.close());

const send = (of: string, namespace: string, document: JsonObject, duplicates: string[] = []) => {
  const context = testContext();
  const sent = (fieldValidation: 'Ignore' | 'Warn' | 'Strict') =>
    memory.registry.create(context, target(of, namespace), { document, duplicates }, writeOptions({ fieldValidation }));
  return { context, sent };
};

describe('create', () => {
  test('gives an object its identity, defaults, generation and an empty status', async () => {
    const made = await call.create('apps/v1/deployments', 'default', deployment('web'));
    expect(made.metadata).toMatchObject({
      name: 'web',
      namespace: 'default',
      generation: 1,
      creationTimestamp: '2026-01-02T03:04:05Z',
    });
    const { uid, resourceVersion } = made.metadata as Record<string, string>;
    expect(uid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(Number(resourceVersion)).toBeGreaterThan(0);
    expect(made.spec).toMatchObject({ replicas: 1, strategy: { type: 'RollingUpdate' } });
    expect(made.status).toEqual({});
    expect(await call.get('apps/v1/deployments', 'default', 'web')).toEqual(made);
  });

  test('containers show their resources, in templates too: what a typed client sends back is the same template', async () => {
    const containers = [{ name: 'main', image: 'web:1' }];
    const made = await call.create('pods', 'default', pod('p', { initContainers: [{ name: 'i', image: 'web:1' }] }));
    expect(made.spec).toMatchObject({ containers: [{ resources: {} }], initContainers: [{ resources: {} }] });
    const web = await call.create('apps/v1/deployments', 'default', deployment('web'));
    const template = { spec: { containers: [{ resources: {} }] } };
    expect(web.spec).toMatchObject({ template });
    const job = { metadata: { name: 'j' }, spec: { template: { spec: { restartPolicy: 'Never', containers } } } };
    expect((await call.create('batch/v1/jobs', 'default', job)).spec).toMatchObject({ template });
    const jobTemplate = { spec: job.spec };
    const cron = { metadata: { name: 'c' }, spec: { schedule: '* * * * *', jobTemplate } };
    const { spec } = await call.create('batch/v1/cronjobs', 'default', cron);
    expect(spec).toMatchObject({ jobTemplate: { spec: { template } } });
    const set = { template: { metadata: { labels: { a: 'b' } }, spec: { containers } }, selector: { a: 'b' } };
    const rc = await call.create('replicationcontrollers', 'default', { metadata: { name: 'r' }, spec: set });
    expect(rc.spec).toMatchObject({ template });
  });

  test('what only the server sets is ignored', async () => {
    const made = await call.create('configmaps', 'default', {
      ...configMap('c'),
      metadata: {
        name: 'c',
        uid: 'mine',
        generation: 7,
        creationTimestamp: '2000-01-01T00:00:00Z',
        deletionTimestamp: '2000-01-01T00:00:00Z',
        deletionGracePeriodSeconds: 5,
        selfLink: '/x',
      },
    });
    const metadata = made.metadata as JsonObject;
    expect(metadata.uid).not.toBe('mine');
    expect(metadata.creationTimestamp).toBe('2026-01-02T03:04:05Z');
    for (const key of ['generation', 'deletionTimestamp', 'deletionGracePeriodSeconds', 'selfLink']) {
      expect(metadata).not.toHaveProperty(key);
    }
  });

  test('a body may leave kind, apiVersion and namespace out', async () => {
    const made = await call.create('configmaps', 'default', { metadata: { name: 'c' }, data: { a: '1' } });
    expect(made).toMatchObject({ kind: 'ConfigMap', apiVersion: 'v1', metadata: { namespace: 'default' } });
  });

  test('generateName makes a name of five safe characters and tries again when it is taken', async () => {
    const made = await call.create('configmaps', 'default', { metadata: { generateName: 'job-' } });
    expect((made.metadata as JsonObject).name).toMatch(/^job-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
  });

  test('gives up on generated names after eight that are taken', async () => {
    const stuck = await createMemoryRegistry({ random: () => 0 });
    const generated = { metadata: { generateName: 'job-' } };
    await stuck.call.create('configmaps', 'default', generated);
    expect(await statusOf(stuck.call.create('configmaps', 'default', generated))).toMatchObject({
      code: 409,
      reason: 'AlreadyExists',
      message:
        'configmaps "job-bbbbb" already exists, the server was not able to generate a unique name for the object',
      details: { name: 'job-bbbbb', kind: 'configmaps', retryAfterSeconds: 1 },
    });
    await stuck.close();
  });

  test.each<[string, string, string, JsonObject, object]>([
    [
      'without a name',
      'configmaps',
      'default',
      { metadata: {} },
      {
        code: 422,
        message: 'ConfigMap "" is invalid: metadata.name: Required value: name or generateName is required',
      },
    ],
    [
      'of another namespace',
      'configmaps',
      'default',
      { metadata: { name: 'c', namespace: 'other' } },
      {
        code: 400,
        reason: 'BadRequest',
        message: 'the namespace of the provided object does not match the namespace sent on the request',
      },
    ],
    [
      'of another version',
      'apps/v1/deployments',
      'default',
      { ...deployment('web'), apiVersion: 'apps/v1beta1' },
      {
        code: 400,
        message: 'the API version in the data (apps/v1beta1) does not match the expected API version (apps/v1)',
      },
    ],
    ['of another kind', 'pods', 'default', configMap('c'), { code: 400, reason: 'BadRequest' }],
    [
      'with a resourceVersion',
      'configmaps',
      'default',
      { metadata: { name: 'c', resourceVersion: '5' } },
      { code: 400, message: 'resourceVersion should not be set on objects to be created' },
    ],
    [
      'in a missing namespace',
      'configmaps',
      'nowhere',
      configMap('c'),
      { code: 404, reason: 'NotFound', message: 'namespaces "nowhere" not found' },
    ],
    [
      'of a wrong type',
      'apps/v1/deployments',
      'default',
      { ...deployment('web'), spec: { replicas: 'three' } },
      {
        code: 400,
        message:
          'Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32',
      },
    ],
  ])('refuses an object %s', async (_, of, namespace, object, expected) => {
    expect(await statusOf(call.create(of, namespace, object))).toMatchObject(expected);
  });

  test('refuses a name that is taken', async () => {
    await call.create('configmaps', 'default', configMap('c'));
    expect(await statusOf(call.create('configmaps', 'default', configMap('c')))).toMatchObject({
      code: 409,
      reason: 'AlreadyExists',
      message: 'configmaps "c" already exists',
      details: { name: 'c', kind: 'configmaps' },
    });
  });

  test('says when what has the name is on its way out', async () => {
    await call.create('configmaps', 'default', { metadata: { name: 'c', finalizers: ['x.io/y'] } });
    await call.remove('configmaps', 'default', 'c');
    expect(await statusOf(call.create('configmaps', 'default', configMap('c')))).toMatchObject({
      reason: 'AlreadyExists',
      message: 'object is being deleted: configmaps "c" already exists',
    });
  });

  test('unknown and repeated fields: refused, told or ignored', async () => {
    const odd = (name: string) => ({ ...deployment(name), spec: { ...(deployment(name).spec as JsonObject), foo: 1 } });
    const strict = send('apps/v1/deployments', 'default', odd('a'), ['duplicate field "spec.replicas"']);
    expect(await statusOf(strict.sent('Strict'))).toMatchObject({
      code: 400,
      reason: 'BadRequest',
      message:
        'Deployment in version "v1" cannot be handled as a Deployment: strict decoding error: unknown field "spec.foo", duplicate field "spec.replicas"',
    });
    const warn = send('apps/v1/deployments', 'default', odd('b'), ['duplicate field "spec.replicas"']);
    const { text } = await warn.sent('Warn');
    expect(JSON.parse(text).spec).not.toHaveProperty('foo');
    expect(warn.context.warnings).toEqual(['unknown field "spec.foo"', 'duplicate field "spec.replicas"']);
    const ignore = send('apps/v1/deployments', 'default', odd('c'), ['duplicate field "spec.replicas"']);
    await ignore.sent('Ignore');
    expect(ignore.context.warnings).toEqual([]);
  });

  test('a dry run stores nothing and still finds what is there', async () => {
    const made = await call.create('configmaps', 'default', configMap('c'), { dryRun: true });
    expect(made.metadata).toMatchObject({ name: 'c', uid: expect.any(String) });
    expect(made.metadata).not.toHaveProperty('resourceVersion');
    expect(await statusOf(call.get('configmaps', 'default', 'c'))).toMatchObject({
      code: 404,
      message: 'configmaps "c" not found',
    });
    await call.create('configmaps', 'default', configMap('c'));
    expect(await statusOf(call.create('configmaps', 'default', configMap('c'), { dryRun: true }))).toMatchObject({
      reason: 'AlreadyExists',
    });
  });

  test('ownerReferences that stand twice stand once, and the client is told', async () => {
    const owner = { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u1' };
    const { context, sent } = send('configmaps', 'default', {
      metadata: { name: 'c', ownerReferences: [owner, { ...owner }] },
    });
    const made = JSON.parse((await sent('Strict')).text);
    expect(made.metadata.ownerReferences).toEqual([owner]);
    expect(context.warnings).toEqual([
      '.metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: u1',
    ]);
  });

  test('keys that a prototype has are plain keys', async () => {
    const document = JSON.parse(
      '{"metadata":{"name":"c"},"data":{"constructor":"1","toString":"2","hasOwnProperty":"3"}}',
    );
    await call.create('configmaps', 'default', document);
    expect((await call.get('configmaps', 'default', 'c')).data).toEqual({
      constructor: '1',
      toString: '2',
      hasOwnProperty: '3',
    });
  });

  test('integers beyond 2^53 stay exact, in what is answered, read and listed', async () => {
    const exact = parseJson(
      '{"kind":"ControllerRevision","apiVersion":"apps/v1","metadata":{"name":"r"},"data":{},"revision":9007199254740993}',
    ).value as JsonObject;
    const made = await memory.registry.create(
      testContext(),
      target('apps/v1/controllerrevisions', 'default'),
      { document: exact, duplicates: [] },
      writeOptions(),
    );
    expect(made.text).toContain('"revision":9007199254740993');
    const patched = await memory.registry.patch(
      testContext(),
      target('apps/v1/controllerrevisions', 'default', 'r'),
      { type: 'merge', patch: { metadata: { labels: { a: 'b' } } }, duplicates: [], force: false },
      writeOptions(),
    );
    expect(patched.text).toContain('"revision":9007199254740993');
  });

  test('an unknown resource is not found', async () => {
    expect(await statusOf(call.create('widgets', 'default', {}))).toMatchObject({
      code: 404,
      message: 'the server could not find the requested resource',
    });
  });
});

describe('admission of new objects', () => {
  test('a pod gets an account, a priority and tolerations', async () => {
    const made = await call.create('pods', 'default', pod('p'));
    expect(made.spec).toMatchObject({
      serviceAccountName: 'default',
      serviceAccount: 'default',
      priority: 0,
      preemptionPolicy: 'PreemptLowerPriority',
      tolerations: [
        { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 },
        { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 },
      ],
    });
    expect(made.spec).not.toHaveProperty('volumes');
    expect(made.status).toEqual({ phase: 'Pending', qosClass: 'BestEffort' });
  });

  test('a pod of an account that is not there is forbidden', async () => {
    const object = pod('p');
    (object.spec as JsonObject).serviceAccountName = 'ghost';
    expect(await statusOf(call.create('pods', 'default', object))).toMatchObject({
      code: 403,
      message:
        'pods "p" is forbidden: error looking up service account default/ghost: serviceaccount "ghost" not found',
    });
  });

  test('a token volume is mounted when the server can mint tokens', async () => {
    const minting = await createMemoryRegistry({ tokens: { issue: async () => ({}) } });
    const made = await minting.call.create('pods', 'default', pod('p'));
    const spec = made.spec as JsonObject;
    const [volume] = spec.volumes as JsonObject[];
    expect(volume?.name).toMatch(/^kube-api-access-.{5}$/);
    const another = await minting.call.create('pods', 'default', pod('q'));
    expect((another.spec as JsonObject).volumes).toEqual(spec.volumes);
    expect(spec.containers).toMatchObject([
      {
        volumeMounts: [
          { name: volume?.name, readOnly: true, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' },
        ],
      },
    ]);
    await minting.close();
  });

  test('a volume tells since when it has its phase', async () => {
    const spec = { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/x' } };
    const made = await call.create('persistentvolumes', '', { metadata: { name: 'v' }, spec });
    const { lastPhaseTransitionTime: since } = made.status as JsonObject;
    expect(since).toEqual(expect.any(String));
    const update = (status: JsonObject): Promise<JsonObject> =>
      call.update('persistentvolumes/status', '', 'v', { ...made, metadata: { name: 'v' }, status });
    expect((await update({ phase: 'Pending', message: 'm' })).status).toMatchObject({ lastPhaseTransitionTime: since });
    const told = { phase: 'Bound', lastPhaseTransitionTime: '2020-01-01T00:00:00Z' };
    expect((await update(told)).status).toMatchObject(told);
  });

  test('an update that does not repeat the priority keeps it', async () => {
    await call.create('pods', 'default', pod('web'));
    const object = pod('web');
    const stored = await call.get('pods', 'default', 'web');
    const { priority: _, preemptionPolicy: __, ...spec } = stored.spec as JsonObject;
    const updated = await call.update('pods', 'default', 'web', { ...object, spec });
    expect(updated.spec).toMatchObject({ priority: 0, preemptionPolicy: 'PreemptLowerPriority' });
  });

  test('a claim names what fills it in the old field and in the new one', async () => {
    const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
    const source = { kind: 'PersistentVolumeClaim', name: 'other' };
    const make = (name: string, more: JsonObject): Promise<JsonObject> =>
      call.create('persistentvolumeclaims', 'default', { metadata: { name }, spec: { ...spec, ...more } });
    const made = [await make('old', { dataSource: source }), await make('new', { dataSourceRef: source })];
    for (const { spec } of made) expect(spec).toMatchObject({ dataSource: source, dataSourceRef: source });
    const far = await make('far', { dataSourceRef: { ...source, namespace: 'kube-system' } });
    for (const name of ['dataSource', 'dataSourceRef']) expect(far.spec).not.toHaveProperty(name);
  });

  test('a priority class gives its value; an unknown one is forbidden', async () => {
    await call.create('scheduling.k8s.io/v1/priorityclasses', '', { metadata: { name: 'high' }, value: 1000 });
    const object = pod('p');
    (object.spec as JsonObject).priorityClassName = 'high';
    expect((await call.create('pods', 'default', object)).spec).toMatchObject({
      priority: 1000,
      priorityClassName: 'high',
    });
    (object.spec as JsonObject).priorityClassName = 'none';
    expect(await statusOf(call.create('pods', 'default', { ...object, metadata: { name: 'q' } }))).toMatchObject({
      code: 403,
      message: 'pods "q" is forbidden: no PriorityClass with name none was found',
    });
  });

  test('a new node is tainted until it is ready', async () => {
    const made = await call.create('nodes', '', { metadata: { name: 'n' } });
    expect(made.spec).toEqual({ taints: [{ key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }] });
  });

  test('nothing is made in a namespace that is going', async () => {
    await call.create('namespaces', '', { metadata: { name: 'going' } });
    await call.remove('namespaces', '', 'going');
    await memory.cache.reaches(await memory.store.revision(), 1_000);
    expect(await statusOf(call.create('configmaps', 'going', configMap('c')))).toMatchObject({
      code: 403,
      reason: 'Forbidden',
      message:
        'configmaps "c" is forbidden: unable to create new content in namespace going because it is being terminated',
      details: {
        causes: [
          {
            reason: 'NamespaceTerminating',
            message: 'namespace going is being terminated',
            field: 'metadata.namespace',
          },
        ],
      },
    });
  });

  test('a claim without a class gets the default one', async () => {
    await call.create('storage.k8s.io/v1/storageclasses', '', {
      metadata: { name: 'fast', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
      provisioner: 'x.io/fast',
    });
    await memory.cache.reaches(await memory.store.revision(), 1_000);
    const made = await call.create('persistentvolumeclaims', 'default', {
      metadata: { name: 'c' },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    });
    expect(made.spec).toMatchObject({ storageClassName: 'fast' });
    expect(made.status).toEqual({ phase: 'Pending' });
  });
});

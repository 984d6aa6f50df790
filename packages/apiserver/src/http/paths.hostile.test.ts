/** Paths, queries and headers that mean no good, by the numbers of the list of hostile inputs. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectUnharmed } from './testing/invariants.ts';
import { type Reply, type RequestOptions, startTestServer, type TestServer } from './testing/server.ts';

let at: TestServer;
const configMaps = '/api/v1/namespaces/default/configmaps';
const json = (reply: Reply) => JSON.parse(reply.text);
const post = (headers: Record<string, string> = {}): RequestOptions => ({
  method: 'POST',
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'never' } }),
});

beforeAll(async () => {
  at = await startTestServer();
  for (const name of ['a', 'b', 'c'])
    await at.create(configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } });
});
afterAll(() => at.close());
expectUnharmed(() => at);

/** What a Status says: code, reason, and the causes as `reason field`. */
async function refusal(path: string, options: RequestOptions = {}): Promise<[number, string, string[]]> {
  const reply = await at.request(path, options);
  const status = json(reply);
  expect(status).toMatchObject({ kind: 'Status', apiVersion: 'v1', status: 'Failure', code: reply.status });
  const causes = (status.details?.causes ?? []) as { reason: string; field: string }[];
  return [reply.status, status.reason, causes.map((cause) => `${cause.reason} ${cause.field}`)];
}

describe('paths', () => {
  it.each([
    [`${configMaps}/.`, `may not be '.'`],
    [`${configMaps}/..`, `may not be '..'`],
    [`${configMaps}/%2e%2e`, `may not be '..'`],
    [`${configMaps}/a%2fb`, `may not contain '/'`],
    [`${configMaps}/a%25b`, `may not contain '%'`],
    ['/api/v1/namespaces/..%2fkube-system/secrets', `may not contain '/'`],
  ])('H-031 the name in %s is a 400', async (path, why) => {
    const reply = await at.request(path);
    expect([reply.status, json(reply).message]).toEqual([400, expect.stringContaining('Name parameter invalid')]);
    expect(json(reply).message).toContain(why);
  });

  it.each([
    '//api//v1//pods',
    '/api//v1/pods',
    '/api/v1/pods/',
    '/API/v1/pods',
    '/api/v1/pods;x=y',
    '/api/v1%2fpods',
    '/api/v1/pods%00',
    '/api/v1/namespaces/default/pods/a%00/log',
    '/api/../api/v1/pods',
    '/%61pi/v1/pods',
    '/api/v1/namespaces/default/pods/a/log/b',
    '/api/v1/%zz',
    '/apis//v1/x',
  ])('H-032 %s is nothing', async (path) => {
    expect([301, 404]).toContain((await at.request(path)).status);
  });

  it('H-032 who may nothing gets nothing by spelling it otherwise', async () => {
    const jane = await at.issue('jane');
    for (const path of [
      '//api/v1/secrets',
      '/api/v1/secrets/',
      '/api/v1//secrets',
      '/api/v1/%73ecrets',
      '/openapi/../api/v1/secrets',
    ])
      expect([403, 404], path).toContain((await at.request(path, { as: jane })).status);
  });

  it('H-033 a cluster-scoped custom resource has no path in a namespace', async () => {
    const made = await at.create('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
      ...{ apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' },
      metadata: { name: 'moons.example.com' },
      spec: {
        ...{ group: 'example.com', scope: 'Cluster', names: { plural: 'moons', singular: 'moon', kind: 'Moon' } },
        versions: [
          {
            ...{ name: 'v1', served: true, storage: true },
            schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
          },
        ],
      },
    });
    expect(made.status).toBe(201);
    await expect.poll(async () => (await at.request('/apis/example.com/v1/moons')).status).toBe(200);
    // A role of a namespace grants nothing that stands in none.
    const rbac = '/apis/rbac.authorization.k8s.io/v1/namespaces/default';
    const [of, jane] = [{ apiGroup: 'rbac.authorization.k8s.io' }, await at.issue('jane')];
    const rules = [{ verbs: ['*'], apiGroups: ['example.com'], resources: ['*'] }];
    await at.create(`${rbac}/roles`, { metadata: { name: 'moons' }, rules });
    const bound = {
      roleRef: { ...of, kind: 'Role', name: 'moons' },
      subjects: [{ ...of, kind: 'User', name: 'jane' }],
    };
    await at.create(`${rbac}/rolebindings`, { metadata: { name: 'moons' }, ...bound });
    const within = '/apis/example.com/v1/namespaces/default';
    await expect.poll(async () => (await at.request(`${within}/moons`, { as: jane })).status).toBe(404);
    for (const path of ['moons', 'moons/luna']) {
      for (const as of [at.admin, jane]) expect((await at.request(`${within}/${path}`, { as })).status).toBe(404);
      expect((await at.request(`/apis/example.com/v1/${path}`, { as: jane })).status).toBe(403);
    }
  });

  it.each<[string, string]>([
    ['POST', `${configMaps}/a`],
    ['PUT', configMaps],
    ['PATCH', configMaps],
    ['OPTIONS', configMaps],
    ['TRACE', configMaps],
    ['POST', '/api/v1/configmaps'],
    ['DELETE', '/api/v1/configmaps'],
    ['POST', '/version'],
    ['POST', '/apis/apps/v1'],
  ])('H-034 %s %s is a 405', async (method, path) => {
    expect((await refusal(path, { ...post(), method })).slice(0, 2)).toEqual([405, 'MethodNotAllowed']);
  });

  it.each([`/${'a'.repeat(65_536)}`, `${configMaps}/${'a'.repeat(65_536)}`, `/api/v1/${'a/'.repeat(32_768)}`])(
    'H-057 a path of 64 KiB is nothing, and fills no log',
    async (path) => {
      expect([404, 414]).toContain((await at.request(path)).status);
      expect(Math.max(0, ...at.log.map((line) => line.length))).toBeLessThan(8192);
    },
  );
});

describe('queries', () => {
  it('H-036 watch=banana watches', async () => {
    const reply = await at.request(`${configMaps}?watch=banana&timeoutSeconds=1&fieldSelector=metadata.name%3Da`);
    expect([reply.status, json(reply).type]).toEqual([200, 'ADDED']);
    for (const no of ['0', 'false', 'False'])
      expect(json(await at.request(`${configMaps}?watch=${no}`)).kind).toBe('ConfigMapList');
  });

  const watch = `${configMaps}?watch=1&timeoutSeconds=1`;
  it.each<[string, string, number, string, string[]]>([
    ['H-037', `${configMaps}?limit=abc`, 400, 'BadRequest', []],
    ['H-037', `${configMaps}?limit=99999999999999999999`, 400, 'BadRequest', []],
    ['H-037', `${configMaps}?watch=1&timeoutSeconds=x`, 400, 'BadRequest', []],
    ['H-037', `${configMaps}?timeoutSeconds=x`, 400, 'BadRequest', []],
    ['H-038', `${configMaps}?timeout=abc`, 400, 'BadRequest', []],
    ['H-042', `${configMaps}?resourceVersion=abc`, 400, 'BadRequest', []],
    ['H-042', `${configMaps}?resourceVersion=-1`, 400, 'BadRequest', []],
    ['H-042', `${configMaps}/a?resourceVersion=1.5`, 400, 'BadRequest', []],
    ['H-043', `${watch}&resourceVersion=abc`, 422, 'Invalid', ['FieldValueInvalid resourceVersion']],
    [
      'H-046 no version',
      `${configMaps}?resourceVersionMatch=Exact`,
      422,
      'Invalid',
      ['FieldValueForbidden resourceVersionMatch'],
    ],
    [
      'H-046 0',
      `${configMaps}?resourceVersion=0&resourceVersionMatch=Exact`,
      422,
      'Invalid',
      ['FieldValueForbidden resourceVersionMatch'],
    ],
    [
      'H-046 unknown',
      `${configMaps}?resourceVersion=1&resourceVersionMatch=x`,
      422,
      'Invalid',
      ['FieldValueNotSupported resourceVersionMatch'],
    ],
    [
      'H-046 continue',
      `${configMaps}?resourceVersion=1&resourceVersionMatch=Exact&continue=x`,
      422,
      'Invalid',
      ['FieldValueForbidden resourceVersionMatch'],
    ],
    [
      'H-046 initial events of a list',
      `${configMaps}?sendInitialEvents=true`,
      422,
      'Invalid',
      ['FieldValueForbidden sendInitialEvents'],
    ],
    [
      'H-046 initial events without a match',
      `${watch}&sendInitialEvents=true`,
      422,
      'Invalid',
      ['FieldValueForbidden resourceVersionMatch'],
    ],
    [
      'H-046 a match without initial events',
      `${watch}&resourceVersionMatch=NotOlderThan&resourceVersion=1`,
      422,
      'Invalid',
      ['FieldValueForbidden resourceVersionMatch'],
    ],
    [
      'H-046 Exact on a watch',
      `${watch}&sendInitialEvents=true&resourceVersionMatch=Exact`,
      422,
      'Invalid',
      ['FieldValueForbidden resourceVersionMatch', 'FieldValueNotSupported resourceVersionMatch'],
    ],
    ['H-051', `${configMaps}?fieldSelector=spec.x%3D1`, 400, 'BadRequest', []],
    ['H-051', `${configMaps}?fieldSelector=%3D%3D`, 400, 'BadRequest', []],
    ['H-051', `${configMaps}?labelSelector=a%3D%3D%3Db`, 400, 'BadRequest', []],
    ['H-052', `${configMaps}/a?export=true`, 400, 'BadRequest', []],
    ['a table’s objects', `${configMaps}?includeObject=x`, 200, '', []],
  ])('%s: %s', async (id, path, code, reason, causes) => {
    if (code !== 200) expect(await refusal(path), id).toEqual([code, reason, causes]);
    else expect((await at.request(path)).status).toBe(200);
  });

  it.each<[string, string, RequestOptions]>([
    ['H-039 dryRun of a create', `${configMaps}?dryRun=Everything`, post()],
    ['H-039 dryRun twice', `${configMaps}?dryRun=All&dryRun=None`, post()],
    ['H-039 dryRun of a delete', `${configMaps}/a?dryRun=x`, { method: 'DELETE' }],
    ['H-041 fieldValidation', `${configMaps}?fieldValidation=Loose`, post()],
    ['a field manager of 129 characters', `${configMaps}?fieldManager=${'m'.repeat(129)}`, post()],
    ['a field manager that cannot be printed', `${configMaps}?fieldManager=%00`, post()],
  ])('%s is a 422, and nothing is stored', async (_, path, options) => {
    expect((await refusal(path, options)).slice(0, 2)).toEqual([422, 'Invalid']);
    expect((await at.request(`${configMaps}/never`)).status).toBe(404);
    expect((await at.request(`${configMaps}/a`)).status).toBe(200);
  });

  it('H-044 a version of the far future is a 504 that says when to come again', async () => {
    for (const path of [
      `${configMaps}?resourceVersion=999999999&resourceVersionMatch=NotOlderThan`,
      `${configMaps}/a?resourceVersion=999999999`,
    ]) {
      const reply = await at.request(path);
      expect([reply.status, reply.headers['retry-after']], path).toEqual([504, '1']);
      expect(json(reply)).toMatchObject({
        reason: 'Timeout',
        message: expect.stringContaining('Too large resource version: 999999999, current: '),
        details: {
          retryAfterSeconds: 1,
          causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
        },
      });
    }
  });

  it('H-044 a watch from the far future is held, and not told what was before', async () => {
    const reply = await at.request(`${watch}&resourceVersion=999999999`);
    expect(reply).toMatchObject({ status: 200, text: '' });
  });

  const token = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const v = 'meta.k8s.io/v1';
  it.each<[string, string]>([
    ['is not base64', '!!!'],
    ['is not JSON', Buffer.from('x').toString('base64url')],
    ['is a list', token([])],
    ['has another version', token({ v: 'v9', rv: 1, start: 'core/configmaps/default/a\0' })],
    ['has version 0', token({ v, rv: 0, start: 'core/configmaps/default/a\0' })],
    ['has a text for a version', token({ v, rv: '1', start: 'core/configmaps/default/a\0' })],
    ['starts nowhere', token({ v, rv: 1, start: '' })],
    ['climbs', token({ v, rv: 1, start: 'core/configmaps/default/../../secrets/a\0' })],
    ['is of another resource', token({ v, rv: 1, start: 'core/secrets/default/a\0' })],
    ['is of another namespace', token({ v, rv: 1, start: 'core/configmaps/kube-system/a\0' })],
    ['is long', 'A'.repeat(900_000)],
  ])('H-047 a continue token that %s is a 400', async (_, text) => {
    expect((await refusal(`${configMaps}?continue=${encodeURIComponent(text)}`)).slice(0, 2)).toEqual([
      400,
      'BadRequest',
    ]);
  });

  it('H-049 continue with a resourceVersion is a 400', async () => {
    const { metadata } = json(await at.request(`${configMaps}?limit=1`));
    const path = `${configMaps}?continue=${encodeURIComponent(metadata.continue)}`;
    expect((await refusal(`${path}&resourceVersion=1`)).slice(0, 2)).toEqual([400, 'BadRequest']);
    expect((await at.request(path)).status).toBe(200);
  });

  it('H-056 keys of prototypes, thousands of keys and repeated keys do nothing', async () => {
    expect((await at.request(`${configMaps}?__proto__[x]=1&constructor=1&__proto__=2`)).status).toBe(200);
    const many = Array.from({ length: 5000 }, (_, i) => `k${i}=v`).join('&');
    expect((await at.request(`${configMaps}?${many}`)).status).toBe(200);
    expect(json(await at.request(`${configMaps}?limit=1&limit=abc`)).items).toHaveLength(1);
    expect((await at.request(`${configMaps}?labelSelector=__proto__`)).status).toBe(400);
    expect(json(await at.request(`${configMaps}?labelSelector=constructor`)).items).toEqual([]);
    expect((await at.request(`${configMaps}?fieldSelector=constructor%3Dx`)).status).toBe(400);
  });
});

describe('negotiation', () => {
  const accept = (value: string): RequestOptions => ({ headers: { accept: value } });
  it.each([
    'application/xml',
    'application/json;as=Table;v=v9;g=meta.k8s.io',
    'application/json;as=Chair;v=v1;g=meta.k8s.io',
    'application/json;as=__proto__;v=v1;g=meta.k8s.io',
    'application/vnd.kubernetes.protobuf;as=Table;v=v1;g=meta.k8s.io',
    'application/cbor',
    `${'x/y,'.repeat(10_000)}z/z`,
  ])('H-053 Accept: %s is a 406', async (value) => {
    expect((await refusal(configMaps, accept(value))).slice(0, 2)).toEqual([406, 'NotAcceptable']);
  });

  it.each<[string, string, string]>([
    ['POST', configMaps, 'text/plain'],
    ['POST', configMaps, 'application/cbor'],
    ['POST', configMaps, 'application/x-www-form-urlencoded'],
    ['POST', configMaps, '__proto__/constructor'],
    ['PUT', `${configMaps}/a`, 'text/plain'],
    ['PATCH', `${configMaps}/a`, 'application/json'],
    ['PATCH', `${configMaps}/a`, 'application/cbor'],
    ['PATCH', `${configMaps}/a`, 'text/plain; charset=utf-8'],
    ['DELETE', `${configMaps}/a`, 'text/plain'],
  ])('H-054 %s %s of %s is a 415 that lists what is taken', async (method, path, type) => {
    const reply = await at.request(path, { method, headers: { 'content-type': type }, body: '{}' });
    expect([reply.status, json(reply).reason]).toEqual([415, 'UnsupportedMediaType']);
    expect(json(reply).message).toMatch(/accepted media types include: application\//);
  });
});

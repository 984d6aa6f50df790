/** Bodies that mean no good, by the numbers of the list of hostile inputs. */
import type { Json } from '@skiff/api';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { expectMeasuredUnharmed } from './testing/invariants.ts';
import { type MeasuredServer, startMeasuredServer } from './testing/measured.ts';
import type { Reply } from './testing/server.ts';

let at: MeasuredServer;
beforeAll(async () => {
  at = await startMeasuredServer();
  await at.create(`${core}/serviceaccounts`, { metadata: { name: 'default' } });
  await at.create('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
    ...{ apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' },
    metadata: { name: 'things.example.com' },
    spec: {
      ...{ group: 'example.com', scope: 'Namespaced', names: { plural: 'things', kind: 'Thing' } },
      versions: [
        {
          ...{ name: 'v1', served: true, storage: true },
          schema: {
            openAPIV3Schema: {
              type: 'object',
              properties: {
                spec: {
                  type: 'object',
                  properties: {
                    big: { type: 'integer', format: 'int64' },
                    slow: { type: 'string', pattern: '^(a+)+$' },
                  },
                  'x-kubernetes-preserve-unknown-fields': true,
                },
              },
            },
          },
        },
      ],
    },
  });
  await vi.waitFor(async () => expect((await at.request(things)).status).toBe(200), 10_000);
});
afterAll(() => at.close());
expectMeasuredUnharmed(() => at);

const core = '/api/v1/namespaces/default';
const configMaps = `${core}/configmaps`;
const deployments = '/apis/apps/v1/namespaces/default/deployments';
const things = '/apis/example.com/v1/namespaces/default/things';
const json = (reply: Reply) => JSON.parse(reply.text);
const reason = (reply: Reply): [number, string] => [reply.status, json(reply).reason];
const types = {
  json: 'application/json',
  yaml: 'application/yaml',
  protobuf: 'application/vnd.kubernetes.protobuf',
  jsonPatch: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
};
const post = (path: string, body: string | Buffer, type: keyof typeof types = 'json', accept = types.json) =>
  at.request(path, { method: 'POST', headers: { 'content-type': types[type], accept }, body });
const patch = (path: string, body: string, type: keyof typeof types) =>
  at.request(path, { method: 'PATCH', headers: { 'content-type': types[type] }, body });
const configMap = (name: string, rest = ''): string =>
  `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"${name}"}${rest}}`;
const thing = (name: string, spec: string): string =>
  `{"apiVersion":"example.com/v1","kind":"Thing","metadata":{"name":"${name}"},"spec":${spec}}`;
const deployment = (name: string, spec: string): string =>
  `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"${name}"},"spec":{${spec}"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}}`;
const pod = (name: string, spec: string, metadata = ''): string =>
  `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"${name}"${metadata}},"spec":{${spec}"containers":[{"name":"c","image":"i"}]}}`;
const pods = `${core}/pods`;

/** CPU milliseconds of a turn, however the machine is loaded: nothing that a client sends may block others for longer. */
const turnMs = 50;

describe('size and depth', () => {
  it('H-061 3 145 729 bytes are a 413, in the words clients know', async () => {
    const reply = await post(configMaps, configMap('big', `,"x":"${'y'.repeat(3_145_729)}"`));
    expect([...reason(reply), json(reply).message]).toEqual([
      ...[413, 'RequestEntityTooLarge', 'Request entity too large: limit is 3145728'],
    ]);
  });

  const nested = (depth: number): string => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
  const lists = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`;
  it.each<[string, string]>([
    ['H-063 10 001 objects', nested(10_001)],
    ['H-064 5 001 objects', nested(5_001)],
    ['H-063 1 000 000 lists', lists(1_000_000)],
    ['H-063 lists that never end', '['.repeat(1_000_000)],
  ])('%s in each other are a 400, and the type still lists', async (_, deep) => {
    let reply: Reply | undefined;
    const work = async () => (reply = await post(things, thing('deep', `{"free":${deep}}`)));
    expect(await at.longestTurn(work, turnMs)).toBeLessThan(turnMs);
    expect(reason(reply as unknown as Reply)).toEqual([400, 'BadRequest']);
    expect((await at.request(`${things}/deep`)).status).toBe(404);
  });

  it('H-064 as deep as is allowed is stored, listed, watched, and shown as YAML', async () => {
    expect((await post(things, thing('deep', `{"free":${nested(900)}}`))).status).toBe(201);
    const list = await at.request(things);
    expect(json(list).items).toHaveLength(1);
    expect((await at.request(`${things}?watch=1&timeoutSeconds=1`)).text).toContain('"ADDED"');
    expect((await at.request(`${things}/deep`, { headers: { accept: types.yaml } })).status).toBe(200);
    expect((await patch(`${things}/deep`, '{"spec":{"x":1}}', 'merge')).status).toBe(200);
    expect((await at.request(`${things}/deep`, { method: 'DELETE' })).status).toBe(200);
  });

  it.each<[string, string, keyof typeof types]>([
    ['a merge patch', `{"data":${nested(5000)}}`, 'merge'],
    ['a strategic patch', `{"data":${nested(5000)}}`, 'strategic'],
    ['a JSON patch', `[{"op":"add","path":"/data/x","value":${nested(5000)}}]`, 'jsonPatch'],
    ['an apply', configMap('deep', `,"data":${nested(5000)}`), 'apply'],
  ])('H-064 %s that is as deep is a 400', async (_, body, type) => {
    await post(configMaps, configMap('deep'));
    expect(reason(await patch(`${configMaps}/deep?fieldManager=m`, body, type))).toEqual([400, 'BadRequest']);
  });

  it('H-089 an object that the store cannot hold is a 413', async () => {
    const big = thing('big', `{"free":${JSON.stringify('y'.repeat(2 * 1024 * 1024))}}`);
    expect(reason(await post(things, big))).toEqual([413, 'RequestEntityTooLarge']);
    expect((await at.request(`${things}/big`)).status).toBe(404);
  });
});

describe('as many values as are taken', () => {
  const many = (count: number, item: (i: number) => string): string =>
    Array.from({ length: count }, (_, i) => item(i)).join();
  const free = (value: string): string => thing('many', `{"free":${value}}`);
  const finalizers = (count: number): string =>
    `{"metadata":{"name":"f","finalizers":[${many(count, (i) => `"example.com/f${i}"`)}]}}`;
  const rules = (path: string): string => `/apis/rbac.authorization.k8s.io/v1/${path}`;
  it.each<[string, string, () => string, readonly number[]]>([
    ['numbers', things, () => free(`[${many(190_000, () => '1')}]`), [201]],
    ['objects', things, () => free(`[${many(70_000, () => '{"a":1}')}]`), [201]],
    ['keys of their own', things, () => free(`{${many(19_000, (i) => `"k${i}":1`)}}`), [201]],
    ['keys that claims make too many', things, () => free(`{${many(39_000, (i) => `"k${i}":1`)}}`), [413]],
    ['repeated keys', things, () => free(`{${many(90_000, () => '"k":1')}}`), [201]],
    ['numbers beyond 2^53', things, () => free(`[${many(19_000, () => '9007199254740993')}]`), [201]],
    ['too many numbers beyond 2^53', things, () => free(`[${many(80_000, () => '9007199254740993')}]`), [413]],
    ['data', configMaps, () => configMap('many', `,"data":{${many(19_000, (i) => `"k${i}":"v"`)}}`), [201]],
    ['finalizers', configMaps, () => finalizers(19_000), [201]],
    ['too many finalizers', configMaps, () => finalizers(100_000), [413]],
    ['bad keys of data', configMaps, () => configMap('bad', `,"data":{${many(19_000, (i) => `"!${i}":"v"`)}}`), [422]],
    [
      'owners',
      configMaps,
      () =>
        `{"metadata":{"name":"o","ownerReferences":[${many(15_000, (i) => `{"apiVersion":"v1","kind":"Pod","name":"n","uid":"u${i}"}`)}]}}`,
      [201],
    ],
    [
      'rules',
      rules('clusterroles'),
      () =>
        `{"metadata":{"name":"many"},"rules":[${many(15_000, (i) => `{"apiGroups":[""],"resources":["r${i}"],"verbs":["get"]}`)}]}`,
      [201],
    ],
    [
      'environment',
      pods,
      () =>
        pod('env', '').replace(
          '"image":"i"',
          `"image":"i","env":[${many(15_000, (i) => `{"name":"E${i}","value":"v"}`)}]`,
        ),
      [201, 413],
    ],
    ['too many numbers', things, () => free(`[${many(1_400_000, () => '1')}]`), [413]],
    ['too many objects', things, () => free(`[${many(900_000, () => '{}')}]`), [413]],
    ['too many keys', things, () => free(`{${many(200_000, (i) => `"k${i}":1`)}}`), [413]],
  ])('H-100 %s hold nobody up', async (_, path, make, codes) => {
    const body = make();
    let status = 0;
    const work = async () => ({ status } = await post(`${path}?dryRun=All`, body));
    expect(await at.longestTurn(work, turnMs)).toBeLessThan(turnMs);
    expect(codes).toContain(status);
  });

  it('H-100 a large configuration that is applied again and again, and shown in each form, holds nobody up', async () => {
    const fields = (value: number): string => thing('applied', `{"free":{${many(6000, (i) => `"k${i}":${value}`)}}}`);
    const path = `${things}/applied`;
    const accepts = [types.json, types.yaml, 'application/json;as=Table;v=v1;g=meta.k8s.io'];
    const codes: number[] = [];
    const work = async () => {
      for (const [i, manager] of ['a', 'b'].entries())
        codes.push((await patch(`${path}?fieldManager=${manager}&force=true`, fields(i), 'apply')).status);
      codes.push((await patch(path, `{"spec":{"other":${codes.length}}}`, 'merge')).status);
      for (const accept of accepts) codes.push((await at.request(path, { headers: { accept } })).status);
    };
    expect(await at.longestTurn(work, turnMs)).toBeLessThan(turnMs);
    expect(codes.filter((code) => code !== 200 && code !== 201)).toEqual([]);
  });

  it('H-100 thousands of operations on a long list hold nobody up', async () => {
    await post(things, thing('list', `{"x":[${many(90_000, () => '1')}]}`));
    const inserts = `[${many(10_000, () => '{"op":"add","path":"/spec/x/0","value":1}')}]`;
    const moves = `[${many(10_000, (i) => `{"op":"move","from":"/spec/${'xy'[i % 2]}","path":"/spec/${'yx'[i % 2]}"}`)}]`;
    for (const operations of [inserts, moves]) {
      let status = 0;
      const work = async () => ({ status } = await patch(`${things}/list?dryRun=All`, operations, 'jsonPatch'));
      expect(await at.longestTurn(work, turnMs)).toBeLessThan(turnMs);
      expect(status).toBe(200);
    }
  });
});

describe('keys', () => {
  it('H-066 duplicate keys: Strict refuses, Warn warns, Ignore takes the last', async () => {
    const body = (name: string): string => configMap(name, ',"data":{"k":"1","k":"2"}');
    const strict = await post(`${configMaps}?fieldValidation=Strict`, body('twice'));
    expect([...reason(strict), json(strict).message]).toEqual([
      ...[400, 'BadRequest'],
      'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: duplicate field "data.k"',
    ]);
    const warned = await post(configMaps, body('twice'));
    expect([warned.status, warned.headers.warning]).toEqual([201, '299 - "duplicate field \\"data.k\\""']);
    const ignored = await post(`${configMaps}?fieldValidation=Ignore`, body('twice-ignored'));
    expect([ignored.status, ignored.headers.warning, json(ignored).data.k]).toEqual([201, undefined, '2']);
    const yaml = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: twice-yaml}\ndata:\n  k: "1"\n  k: "2"\n';
    const strictYaml = await post(`${configMaps}?fieldValidation=Strict`, yaml, 'yaml');
    expect([strictYaml.status, json(strictYaml).message]).toEqual([
      400,
      expect.stringContaining('"k" already set in map'),
    ]);
  });

  it('H-067 unknown fields: Strict names them all, Warn warns of each', async () => {
    const body = configMap('unknown', ',"dat":{},"metadate":1');
    const strict = await post(`${configMaps}?fieldValidation=Strict`, body);
    expect(json(strict).message).toBe(
      'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "dat", unknown field "metadate"',
    );
    const warned = await post(configMaps, body);
    expect(warned.headers.warning).toBe('299 - "unknown field \\"dat\\"", 299 - "unknown field \\"metadate\\""');
    const patched = await patch(`${configMaps}/unknown?fieldValidation=Strict`, '{"dat":{}}', 'merge');
    expect([...reason(patched), json(patched).message]).toEqual([
      ...[422, 'Invalid', expect.stringContaining('strict decoding error: unknown field "dat"')],
    ]);
  });

  it('H-067 warnings of thousands of unknown fields fit a header', async () => {
    const many = Array.from({ length: 5000 }, (_, i) => `"unknown${i}":1`).join(',');
    const reply = await post(configMaps, configMap('many-unknown', `,${many}`));
    expect(reply.status).toBe(201);
    expect(String(reply.headers.warning).length).toBeLessThan(16 * 1024);
  });

  const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty'];
  const data = `{${names.map((name) => `"${name}":"x"`).join(',')}}`;
  it('H-072 data keys that are names of Object.prototype are data', async () => {
    for (const [name, type, body] of [
      ['names', 'json', configMap('names', `,"data":${data}`)],
      ['names-yaml', 'yaml', configMap('names-yaml', `,"data":${data}`)],
    ] as const) {
      const made = await post(configMaps, body, type);
      expect(made.status).toBe(201);
      for (const path of [`${configMaps}/${name}`, `${configMaps}?fieldSelector=metadata.name%3D${name}`])
        for (const key of names) expect((await at.request(path)).text).toContain(`"${key}":"x"`);
      const put = await at.request(`${configMaps}/${name}`, {
        method: 'PUT',
        headers: { 'content-type': types.json },
        body: made.text,
      });
      expect(Object.keys(json(put).data).sort()).toEqual([...names].sort());
    }
    const yaml = await at.request(`${configMaps}/names`, { headers: { accept: types.yaml } });
    for (const key of names) expect(yaml.text).toContain(`${key}: x`);
  });

  it('H-073 a label key __proto__ is a 422', async () => {
    const labelled = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"l","labels":{"__proto__":"x"}}}';
    expect(reason(await post(configMaps, labelled))).toEqual([422, 'Invalid']);
    const taken = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"l","labels":{"constructor":"x"}}}';
    expect(json(await post(configMaps, taken)).metadata.labels).toEqual({ constructor: 'x' });
    expect(json(await at.request(`${configMaps}?labelSelector=constructor%3Dx`)).items).toHaveLength(1);
    expect(json(await at.request(`${configMaps}?labelSelector=toString`)).items).toHaveLength(0);
  });

  it.each<[string, string, number]>([
    ['annotation constructor', pod('k1', '', ',"annotations":{"constructor":"x"}'), 201],
    ['annotation __proto__', pod('k2', '', ',"annotations":{"__proto__":"x"}'), 422],
    ['nodeSelector constructor', pod('k3', '"nodeSelector":{"constructor":"x"},'), 201],
    ['nodeSelector __proto__', pod('k4', '"nodeSelector":{"__proto__":"x"},'), 422],
    [
      'env __proto__',
      pod('k5', '"initContainers":[{"name":"i","image":"i","env":[{"name":"__proto__","value":"x"}]}],'),
      201,
    ],
    [
      'limit constructor',
      pod('k6', '"initContainers":[{"name":"i","image":"i","resources":{"limits":{"constructor":"1"}}}],'),
      422,
    ],
    [
      'limit __proto__',
      pod('k7', '"initContainers":[{"name":"i","image":"i","resources":{"limits":{"__proto__":"1"}}}],'),
      422,
    ],
  ])('H-074 %s', async (_, body, code) => {
    const reply = await post(pods, body);
    expect(reply.status, reply.text).toBe(code);
  });

  it('H-074 matchLabels __proto__ never matches everything', async () => {
    const set = deployment('sel', '').replaceAll('{"a":"b"}', '{"__proto__":"b"}');
    expect(reason(await post(deployments, set))).toEqual([422, 'Invalid']);
  });

  it('H-076 H-077 patches reach no prototype', async () => {
    await post(configMaps, configMap('patched'));
    const path = `${configMaps}/patched`;
    for (const body of [
      '{"__proto__":{"polluted":true}}',
      '{"constructor":{"prototype":{"p":1}}}',
      '{"metadata":{"__proto__":{"p":1}}}',
    ])
      for (const type of ['merge', 'strategic'] as const) expect((await patch(path, body, type)).status).toBe(200);
    for (const pointer of ['/__proto__/x', '/constructor/prototype/x', '/data/__proto__/x'])
      expect(reason(await patch(path, `[{"op":"add","path":"${pointer}","value":"x"}]`, 'jsonPatch'))).toEqual([
        422,
        'Invalid',
      ]);
    const label =
      '[{"op":"add","path":"/metadata/labels","value":{}},{"op":"add","path":"/metadata/labels/__proto__","value":"x"}]';
    expect(reason(await patch(path, label, 'jsonPatch'))).toEqual([422, 'Invalid']);
    expect(json(await at.request(path)).metadata.labels).toBeUndefined();
  });
});

describe('values', () => {
  it.each(['2147483648', '1.5', '1.0', '"3"', '1e400', '-1'])('H-068 replicas: %s is refused', async (replicas) => {
    const reply = await post(deployments, deployment('replicas', `"replicas":${replicas},`));
    expect([400, 422]).toContain(reply.status);
    expect((await at.request(`${deployments}/replicas`)).status).toBe(404);
  });

  it('H-068 1e400 is never stored as null, -0 is 0', async () => {
    expect((await post(things, thing('huge', '{"free":1e400}'))).status).toBe(400);
    expect(json(await post(deployments, deployment('minus-zero', '"replicas":-0,'))).spec.replicas).toBe(0);
  });

  it('H-069 64-bit integers keep their digits', async () => {
    const exact = '9007199254740993';
    const made = await post(things, thing('exact', `{"big":${exact},"free":{"n":-${exact}}}`));
    expect(made.status, made.text).toBe(201);
    await patch(`${things}/exact`, '{"spec":{"other":1}}', 'merge');
    for (const path of [`${things}/exact`, things]) {
      const { text } = await at.request(path);
      expect(text).toContain(`"big":${exact}`);
      expect(text).toContain(`"n":-${exact}`);
    }
    const yaml = await at.request(`${things}/exact`, { headers: { accept: types.yaml } });
    expect(yaml.text).toContain(`big: ${exact}`);
    const job = `{"apiVersion":"batch/v1","kind":"Job","metadata":{"name":"exact"},"spec":{"activeDeadlineSeconds":${exact},"template":{"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"i"}]}}}}`;
    const jobMade = await post('/apis/batch/v1/namespaces/default/jobs', job);
    expect(jobMade.status, jobMade.text).toBe(201);
    expect((await at.request('/apis/batch/v1/namespaces/default/jobs/exact')).text).toContain(
      `"activeDeadlineSeconds":${exact}`,
    );
  });

  it('H-071 half a surrogate pair becomes U+FFFD, in what is answered and in what is stored', async () => {
    const made = await post(configMaps, configMap('half', ',"data":{"k":"a\\ud800b","l":"\\udc00"}'));
    expect(json(made).data).toEqual({ k: 'a\ufffdb', l: '\ufffd' });
    expect((await at.request(`${configMaps}/half`)).text).toBe(made.text);
    const bytes = Buffer.concat([
      Buffer.from(configMap('bytes', ',"data":{"k":"')).subarray(0, -1),
      Buffer.from([0xff, 0xfe]),
      Buffer.from('"}}'),
    ]);
    expect(json(await post(configMaps, bytes)).data.k).toBe('\ufffd\ufffd');
  });

  it.each<[string, string]>([
    ['H-087 annotations over 256 KiB', `"annotations":{"a":"${'x'.repeat(262_145)}"}`],
    ['H-087 a label value of 64', `"labels":{"a":"${'x'.repeat(64)}"}`],
    ['H-087 a label name of 64', `"labels":{"${'x'.repeat(64)}":"a"}`],
  ])('%s is a 422', async (_, metadata) => {
    expect(reason(await post(configMaps, `{"metadata":{"name":"m",${metadata}}}`))).toEqual([422, 'Invalid']);
  });

  it('H-087 a name of 254 characters is a 422', async () => {
    expect(reason(await post(configMaps, configMap('n'.repeat(254))))).toEqual([422, 'Invalid']);
    expect((await post(configMaps, configMap('n'.repeat(253)))).status).toBe(201);
  });

  it('H-088 a Secret of more than 1 MiB is a 422', async () => {
    const data = Buffer.alloc(1_048_577).toString('base64');
    expect(reason(await post(`${core}/secrets`, `{"metadata":{"name":"s"},"data":{"k":"${data}"}}`))).toEqual([
      422,
      'Invalid',
    ]);
  });

  it('H-092 lists and their pages follow the order of bytes', async () => {
    const made = ['b', '10', '9', 'a', 'a.b', 'a-b', 'a0'];
    for (const name of made)
      await post(`${configMaps}`, configMap(name).replace('"name"', '"labels":{"order":"y"},"name"'));
    const sorted = [...made].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    const seen: string[] = [];
    let token = '';
    do {
      const page = json(
        await at.request(`${configMaps}?labelSelector=order%3Dy&limit=2&continue=${encodeURIComponent(token)}`),
      );
      seen.push(...page.items.map((item: { metadata: { name: string } }) => item.metadata.name));
      token = page.metadata.continue ?? '';
    } while (token !== '');
    expect(seen).toEqual(sorted);
  });
});

describe('patches', () => {
  beforeAll(async () => {
    await post(configMaps, configMap('target', ',"data":{"a":"1"}'));
  });
  const target = `${configMaps}/target`;

  it('H-078 10 001 operations are a 413', async () => {
    const operations = JSON.stringify(
      Array.from({ length: 10_001 }, () => ({ op: 'test', path: '/kind', value: 'ConfigMap' })),
    );
    expect(reason(await patch(target, operations, 'jsonPatch'))).toEqual([413, 'RequestEntityTooLarge']);
  });

  it('H-079 a patch that doubles by copying ends at 3 MiB', async () => {
    const operations: Json[] = [{ op: 'add', path: '/data', value: { a: 'x'.repeat(1000) } }];
    for (let i = 0; i < 30; i++) operations.push({ op: 'copy', from: '/data', path: `/data/c${i}` });
    let reply: Reply | undefined;
    const work = async () => (reply = await patch(target, JSON.stringify(operations), 'jsonPatch'));
    expect(await at.longestTurn(work, turnMs)).toBeLessThan(turnMs);
    expect((reply as Reply).status).toBe(422);
    expect(json(await at.request(target)).data).toEqual({ a: '1' });
  });

  it('H-081 apply without a manager, and force on another patch, are a 422', async () => {
    const applied = await patch(target, configMap('target'), 'apply');
    expect([...reason(applied), json(applied).details.causes]).toEqual([
      ...[422, 'Invalid'],
      [{ reason: 'FieldValueRequired', message: 'Required value: is required for apply patch', field: 'fieldManager' }],
    ]);
    const forced = await patch(`${target}?force=true`, '{}', 'merge');
    expect([...reason(forced), json(forced).details.causes]).toEqual([
      ...[422, 'Invalid'],
      [
        {
          reason: 'FieldValueForbidden',
          message: 'Forbidden: may not be specified for non-apply patch',
          field: 'force',
        },
      ],
    ]);
  });

  it('H-082 a conflicting apply names each field', async () => {
    const fields = (value: string): string => configMap('owned', `,"data":{"a":"${value}","b":"${value}"}`);
    await patch(`${configMaps}/owned?fieldManager=one`, fields('1'), 'apply');
    const reply = await patch(`${configMaps}/owned?fieldManager=two`, fields('2'), 'apply');
    expect(reason(reply)).toEqual([409, 'Conflict']);
    expect(json(reply).details.causes).toEqual([
      { reason: 'FieldManagerConflict', message: 'conflict with "one"', field: '.data.a' },
      { reason: 'FieldManagerConflict', message: 'conflict with "one"', field: '.data.b' },
    ]);
  });

  it.each<[string, string, keyof typeof types, number]>([
    ['a patch that is no list', '{}', 'jsonPatch', 400],
    ['an operation that is none', '[{"op":"jump","path":"/a"}]', 'jsonPatch', 400],
    ['an operation without a path', '[{"op":"add"}]', 'jsonPatch', 400],
    ['a list for a merge patch', '[]', 'merge', 400],
    ['half a document', '{"a":', 'merge', 400],
    ['nothing', '', 'strategic', 400],
    ['null', 'null', 'merge', 400],
    ['another name', '{"metadata":{"name":"other"}}', 'merge', 400],
    ['another namespace', '{"metadata":{"namespace":"other"}}', 'merge', 400],
    ['another kind', '{"kind":"Secret"}', 'merge', 400],
    ['another uid', '{"metadata":{"uid":"x"}}', 'merge', 409],
    ['an unknown directive', '{"$patch":"explode"}', 'strategic', 400],
  ])('%s changes nothing', async (_, body, type, code) => {
    const before = (await at.request(target)).text;
    const reply = await patch(target, body, type);
    expect([code, 422], reply.text).toContain(reply.status);
    expect((await at.request(target)).text).toBe(before);
  });
});

describe('patches that cannot be read', () => {
  const type = (kind: string, into: string): string => `json: cannot unmarshal ${kind} into Go value of type ${into}`;
  const half = 'unexpected end of JSON input';
  it.each<[keyof typeof types, string, string]>([
    ['jsonPatch', '[{"op":', `error decoding patch: ${half}`],
    ['jsonPatch', '{}', `error decoding patch: ${type('object', '[]handlers.jsonPatchOp')}`],
    ['jsonPatch', '[1]', `error decoding patch: ${type('number', 'handlers.jsonPatchOp')}`],
    ['merge', '{"a":', `error decoding patch: ${half}`],
    ['merge', '[]', `error decoding patch: ${type('array', 'map[string]interface {}')}`],
    ['strategic', '{"a":', half],
    ['strategic', '[]', type('array', 'map[string]interface {}')],
    ['apply', 'a: b: c', 'error decoding YAML: yaml: line 1: Nested mappings are not allowed in compact mappings'],
  ])('a %s patch of %s says why', async (kind, body, message) => {
    await post(configMaps, configMap('unread'));
    const reply = await patch(`${configMaps}/unread?fieldManager=m`, body, kind);
    expect([...reason(reply), json(reply).message]).toEqual([400, 'BadRequest', message]);
  });
});

describe('YAML and protobuf', () => {
  const bomb = [
    'a: &a ["lol","lol","lol","lol","lol","lol","lol","lol","lol"]',
    ...['b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'].map((key, i) => {
      const before = 'abcdefgh'[i];
      return `${key}: &${key} [${Array.from({ length: 9 }, () => `*${before}`).join(',')}]`;
    }),
  ].join('\n');
  const nestedFlow = `a: ${'['.repeat(20_000)}${']'.repeat(20_000)}`;
  const nestedBlock = `a:\n  ${'- '.repeat(20_000)}b`;
  const head = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: yaml}\n';
  it.each<[string, string]>([
    ['H-083 an alias bomb', head + bomb],
    ['H-083 an alias bomb in data', `${head}data:\n${bomb.replace(/^/gm, '  ')}`],
    ['H-084 20 000 levels', head + nestedFlow],
    ['H-084 levels of blocks', head + nestedBlock],
    ['H-084 a function', `${head}data: {a: !!js/function 'function () {}'}`],
    ['H-084 bytes', `${head}data: {a: !!binary aGVsbG8=}`],
    ['H-084 a merge of no map', `${head}data: {<<: 1}`],
    ['H-084 two documents', `${head}---\n${head}`],
    ['H-084 an anchor in itself', `${head}data: &a {x: *a}`],
    ['H-084 tabs', `${head}data:\n\ta: b`],
    ['H-084 nothing', '---\n'],
  ])('%s is a 400, as a body and as an apply', async (_, text) => {
    let replies: Reply[] = [];
    const work = async () => {
      replies = [];
      replies.push(await post(configMaps, text, 'yaml'));
      replies.push(await patch(`${configMaps}/yaml?fieldManager=m`, text, 'apply'));
    };
    expect(await at.longestTurn(work, turnMs)).toBeLessThan(turnMs);
    expect(replies.map((reply) => reason(reply))).toEqual([
      [400, 'BadRequest'],
      [400, 'BadRequest'],
    ]);
    expect((await at.request(`${configMaps}/yaml`)).status).toBe(404);
  });

  it('H-084 merge keys and aliases within reason are taken', async () => {
    const text = `${head.replace('yaml', 'merged')}data:\n  <<: {a: x}\n  b: z\n`;
    expect(json(await post(configMaps, text, 'yaml')).data).toEqual({ a: 'x', b: 'z' });
  });

  const magic = Buffer.from('k8s\0');
  it.each<[string, Buffer]>([
    ['no magic', Buffer.from('garbage')],
    ['only the magic', magic],
    ['garbage', Buffer.concat([magic, Buffer.from('garbage garbage')])],
    ['a length beyond its end', Buffer.concat([magic, Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f])])],
    ['a varint without end', Buffer.concat([magic, Buffer.alloc(100, 0xff)])],
    [
      'an unknown kind',
      Buffer.concat([magic, Buffer.from([0x0a, 0x08, 0x0a, 0x02, 0x76, 0x31, 0x12, 0x02, 0x58, 0x58])]),
    ],
    ['groups in groups', Buffer.concat([magic, Buffer.alloc(100_000, 0x0b)])],
    ['messages in messages', Buffer.concat([magic, Buffer.alloc(3_000_000, 0x0a)])],
  ])('H-086 protobuf of %s is a 400', async (_, body) => {
    expect(reason(await post(configMaps, body, 'protobuf'))).toEqual([400, 'BadRequest']);
  });
});

describe('patterns', () => {
  const mega = 1024 * 1024;
  it.each<[string, () => Promise<Reply>]>([
    [
      'a label selector',
      () => at.request(`${configMaps}?labelSelector=${encodeURIComponent(`${'a'.repeat(200_000)}!`)}`),
    ],
    ['a selector of commas', () => at.request(`${configMaps}?labelSelector=${','.repeat(200_000)}`)],
    ['a selector of brackets', () => at.request(`${configMaps}?labelSelector=a+in+(${'b,'.repeat(100_000)}`)],
    ['a field selector', () => at.request(`${configMaps}?fieldSelector=${'\\\\'.repeat(100_000)}`)],
    ['a name', () => post(configMaps, configMap(`${'a-'.repeat(mega / 2)}`))],
    ['a label value', () => post(configMaps, `{"metadata":{"name":"p","labels":{"a":"${'a.'.repeat(mega / 2)}"}}}`)],
    [
      'an annotation key',
      () => post(configMaps, `{"metadata":{"name":"p","annotations":{"${'a.'.repeat(mega / 2)}/":"a"}}}`),
    ],
    ['a data key', () => post(configMaps, configMap('p', `,"data":{"${'.'.repeat(mega)}":"a"}`))],
    [
      'a quantity',
      () =>
        post(
          pods,
          pod('p', `"initContainers":[{"name":"i","image":"i","resources":{"limits":{"cpu":"${'1'.repeat(mega)}"}}}],`),
        ),
    ],
    [
      'an image of spaces',
      () => post(pods, pod('p', `"initContainers":[{"name":"i","image":"${' '.repeat(50_000)}y"}],`)),
    ],
    [
      'a schedule',
      () =>
        post(
          '/apis/batch/v1/namespaces/default/cronjobs',
          `{"metadata":{"name":"p"},"spec":{"schedule":"${'*/1,'.repeat(mega / 4)} * * * *","jobTemplate":{"spec":{"template":{"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"i"}]}}}}}}`,
        ),
    ],
    [
      'a schedule of spaces',
      () =>
        post(
          '/apis/batch/v1/namespaces/default/cronjobs',
          `{"metadata":{"name":"p"},"spec":{"schedule":"*${' '.repeat(50_000)}x","jobTemplate":{"spec":{"template":{"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"i"}]}}}}}}`,
        ),
    ],
    [
      'a host',
      () =>
        post(
          '/apis/networking.k8s.io/v1/namespaces/default/ingresses',
          `{"metadata":{"name":"p"},"spec":{"rules":[{"host":"${'a-.'.repeat(mega / 3)}"}]}}`,
        ),
    ],
    [
      'an address',
      () =>
        post(
          `${core}/services`,
          `{"metadata":{"name":"p"},"spec":{"ports":[{"port":1}],"externalIPs":["${'1:'.repeat(mega / 2)}"]}}`,
        ),
    ],
    ['a pattern of a custom resource', () => post(things, thing('p', `{"slow":"${'a'.repeat(50_000)}!"}`))],
    ['a duration', () => at.request(`${configMaps}?timeout=${'1h'.repeat(100_000)}`)],
    ['a media type', () => at.request(configMaps, { headers: { accept: `a/b;${'x="'.repeat(100_000)}` } })],
  ])('H-091 %s of its worst case is refused at once', async (_, send) => {
    let reply: Reply | undefined;
    expect(await at.longestTurn(async () => (reply = await send()), turnMs)).toBeLessThan(turnMs);
    expect([400, 406, 422], (reply as Reply).text.slice(0, 200)).toContain((reply as Reply).status);
    expect((reply as Reply).text.length).toBeLessThan(8 * mega);
  });
});

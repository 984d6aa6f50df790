/** Keys that mean no good: repeated, unknown, or named as what objects inherit, by the numbers of the list of hostile inputs. */
import { expect, it } from 'vitest';
import {
  configMap,
  configMaps,
  deployment,
  deployments,
  json,
  pod,
  pods,
  reason,
  serverOfThings,
  types,
} from '../testing/bodies.ts';

const at = serverOfThings();
const { post, patch } = at;

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

/** Values that mean no good, and what must be kept of them exactly, by the numbers of the list of hostile inputs. */
import { expect, it } from 'vitest';
import {
  configMap,
  configMaps,
  core,
  deployment,
  deployments,
  json,
  reason,
  serverOfThings,
  thing,
  things,
  types,
} from '../testing/bodies.ts';

const at = serverOfThings();
const { post, patch } = at;

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

/** Bodies of as many values as are taken, and of more, by the numbers of the list of hostile inputs. */
import { expect, it } from 'vitest';
import { configMap, configMaps, pod, pods, serverOfThings, thing, things, turnMs, types } from '../testing/bodies.ts';

const at = serverOfThings();
const { post, patch } = at;

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

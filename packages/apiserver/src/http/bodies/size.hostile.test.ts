/** Bodies that are too large, or too deep, by the numbers of the list of hostile inputs. */
import { expect, it } from 'vitest';
import {
  type BodyType,
  configMap,
  configMaps,
  json,
  reason,
  serverOfThings,
  thing,
  things,
  turnMs,
  types,
} from '../testing/bodies.ts';
import type { Reply } from '../testing/server.ts';

const at = serverOfThings();
const { post, patch } = at;

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

it.each<[string, string, BodyType]>([
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

/** YAML and protobuf that mean no good, by the numbers of the list of hostile inputs. */
import { expect, it } from 'vitest';
import { configMaps, json, reason, serverOfThings, turnMs } from '../testing/bodies.ts';
import type { Reply } from '../testing/server.ts';

const at = serverOfThings();
const { post, patch } = at;

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
  ['H-084 a merge key', `${head}data: {<<: {a: x}, b: z}`],
  ['H-084 a merge key of an alias', `${head}data:\n  <<: &base {a: x}\nbinaryData:\n  <<: *base`],
  ['H-084 a merge key of no map', `${head}data: {<<: 1}`],
  ['H-084 a merge key with its tag', `${head}data: {!!merge <<: {a: x}}`],
  ['H-084 two documents', `${head}---\n${head}`],
  ['H-084 an anchor in itself', `${head}data: &a {x: *a}`],
  ['H-084 tabs', `${head}data:\n\ta: b`],
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

it.each(['', '---\n', '# nothing\n', 'null'])('H-084 the YAML %j is an object without anything', async (text) => {
  expect(reason(await post(configMaps, text, 'yaml'))).toEqual([422, 'Invalid']);
});

it('H-084 aliases within reason are taken, and a text that looks like a merge key is a text', async () => {
  const text = `${head.replace('yaml', 'aliases')}data:\n  a: &a x\n  b: *a\n  c: <<\n`;
  expect(json(await post(configMaps, text, 'yaml')).data).toEqual({ a: 'x', b: 'x', c: '<<' });
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

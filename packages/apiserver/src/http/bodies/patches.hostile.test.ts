/** Patches that mean no good, by the numbers of the list of hostile inputs. */
import type { Json } from '@skiff/api';
import { beforeAll, describe, expect, it } from 'vitest';
import { type BodyType, configMap, configMaps, json, reason, serverOfThings, turnMs } from '../testing/bodies.ts';
import type { Reply } from '../testing/server.ts';

const at = serverOfThings();
const { post, patch } = at;

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

  it.each<[string, string, BodyType, number]>([
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
  it.each<[BodyType, string, string]>([
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

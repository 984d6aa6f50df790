import type { Json } from '@skiff/api';
import { describe, expect, test } from 'vitest';
import { PatchError } from './errors.ts';
import { jsonPatch } from './json-patch.ts';

const run = (document: Json, ...patch: Json[]): Promise<Json> => jsonPatch(document, patch);
const faultOf = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work;
  } catch (error) {
    if (error instanceof PatchError) return error.fault;
    throw error;
  }
  return 'none';
};

describe('json patch', () => {
  test('carries out each operation and leaves the document alone', async () => {
    const document = { a: [1, 2, 3], b: { c: 'x' } };
    expect(await run(document, { op: 'add', path: '/a/1', value: 9 })).toEqual({ a: [1, 9, 2, 3], b: { c: 'x' } });
    expect(await run(document, { op: 'add', path: '/a/-', value: 4 })).toEqual({ a: [1, 2, 3, 4], b: { c: 'x' } });
    expect(await run(document, { op: 'remove', path: '/a/0' })).toEqual({ a: [2, 3], b: { c: 'x' } });
    expect(await run(document, { op: 'replace', path: '/b', value: null })).toEqual({ a: [1, 2, 3], b: null });
    expect(await run(document, { op: 'move', from: '/b/c', path: '/d' })).toEqual({ a: [1, 2, 3], b: {}, d: 'x' });
    expect(await run(document, { op: 'copy', from: '/b', path: '/e' })).toEqual({ ...document, e: { c: 'x' } });
    expect(await run(document, { op: 'test', path: '/b', value: { c: 'x' } })).toEqual(document);
    expect(document).toEqual({ a: [1, 2, 3], b: { c: 'x' } });
  });

  test('moving within a list counts places after the removal', async () => {
    expect(await run({ a: [1, 2, 3] }, { op: 'move', from: '/a/0', path: '/a/2' })).toEqual({ a: [2, 3, 1] });
    expect(await faultOf(run({ a: [1, 2, 3] }, { op: 'move', from: '/a/0', path: '/a/3' }))).toBe('inapplicable');
  });

  test('escapes in pointers', async () => {
    expect(
      await run({ 'a/b': 1, 'm~n': 2 }, { op: 'remove', path: '/a~1b' }, { op: 'replace', path: '/m~0n', value: 3 }),
    ).toEqual({
      'm~n': 3,
    });
  });

  test.each<[string, Json]>([
    ['an absent key to remove', { op: 'remove', path: '/x' }],
    ['an absent parent', { op: 'add', path: '/x/y', value: 1 }],
    ['an index before the start', { op: 'add', path: '/a/-3', value: 1 }],
    ['an absent item to replace', { op: 'replace', path: '/a/1', value: 1 }],
    ['an absent key to move', { op: 'move', from: '/x', path: '/y' }],
    ['a whole document that is added', { op: 'add', path: '', value: {} }],
    ['a whole document that is no object', { op: 'replace', path: '', value: 1 }],
    ['a whole document to copy', { op: 'copy', from: '', path: '/x' }],
    ['no operation', null],
    ['an index behind the end', { op: 'add', path: '/a/9', value: 1 }],
    ['a key that a list has by its prototype', { op: 'replace', path: '/a/length', value: 0 }],
    ['a failed test', { op: 'test', path: '/a/0', value: 2 }],
    ['a move into its own child', { op: 'move', from: '/b', path: '/b/c' }],
    ['the prototype', { op: 'add', path: '/__proto__/polluted', value: true }],
    ['the prototype as a key', { op: 'add', path: '/b/__proto__', value: {} }],
    ['the constructor', { op: 'add', path: '/constructor/prototype/polluted', value: true }],
    ['an unknown operation', { op: 'merge', path: '/a' }],
    ['a path that is no pointer', { op: 'add', path: 'a', value: 1 }],
  ])('refuses %s', async (_, operation) => {
    expect(await faultOf(run({ a: [1], b: { c: 1 } }, operation))).toBe('inapplicable');
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });

  test.each<[string, Json, Json]>([
    ['an absent key to replace', { op: 'replace', path: '/x', value: 1 }, { a: [1, 2], b: { c: 1 }, x: 1 }],
    ['an absent key to copy', { op: 'copy', from: '/x', path: '/y' }, { a: [1, 2], b: { c: 1 }, y: null }],
    ['an absent key that is tested for nothing', { op: 'test', path: '/x', value: null }, { a: [1, 2], b: { c: 1 } }],
    ['an add without a value', { op: 'add', path: '/b' }, { a: [1, 2], b: null }],
    ['an index with a leading zero', { op: 'add', path: '/a/01', value: 9 }, { a: [1, 9, 2], b: { c: 1 } }],
    ['an index from the end', { op: 'replace', path: '/a/-1', value: 9 }, { a: [1, 9], b: { c: 1 } }],
    ['an index from behind the end', { op: 'add', path: '/a/-1', value: 9 }, { a: [1, 2, 9], b: { c: 1 } }],
    ['the whole document', { op: 'replace', path: '', value: { z: 1 } }, { z: 1 }],
    [
      'the whole document to test',
      { op: 'test', path: '', value: { b: { c: 1 }, a: [1, 2] } },
      { a: [1, 2], b: { c: 1 } },
    ],
  ])('takes %s', async (_, operation, result) => {
    expect(await run({ a: [1, 2], b: { c: 1 } }, operation)).toEqual(result);
  });

  test('no patch at all changes nothing', async () => {
    expect(await jsonPatch({ a: 1 }, null)).toEqual({ a: 1 });
  });

  test('refuses what is no patch, too many operations and copies that double', async () => {
    expect(await faultOf(jsonPatch({}, {}))).toBe('malformed');
    expect(await faultOf(jsonPatch({}, [1]))).toBe('malformed');
    expect(await faultOf(jsonPatch({}, [{ op: 5 }]))).toBe('malformed');
    expect(await faultOf(jsonPatch({}, [{ op: 'add', path: {} }]))).toBe('malformed');
    const many = Array.from({ length: 10_001 }, () => ({ op: 'test', path: '', value: {} }));
    expect(await faultOf(jsonPatch({}, many))).toBe('too-many-operations');
    const doubling = Array.from({ length: 40 }, (_, index) => ({ op: 'copy', from: '/a', path: `/a/x${index}` }));
    expect(await faultOf(jsonPatch({ a: { text: 'x'.repeat(1000) } }, doubling))).toBe('too-large');
  });
});

test('nothing becomes deeper than what can be read again', async () => {
  const nest = (levels: number): Json => JSON.parse(`${'['.repeat(levels)}${']'.repeat(levels)}`);
  const inside = `/a${'/0'.repeat(599)}`;
  const document = { a: nest(600), b: nest(400) };
  expect(await jsonPatch(document, [{ op: 'add', path: `${inside}/-`, value: nest(399) }])).toHaveProperty('a');
  for (const operation of [
    { op: 'add', path: `${inside}/-`, value: nest(400) },
    { op: 'copy', from: '/b', path: `${inside}/-` },
    { op: 'move', from: '/b', path: `${inside}/-` },
  ])
    await expect(jsonPatch(document, [operation])).rejects.toMatchObject({ fault: 'too-large' });
});

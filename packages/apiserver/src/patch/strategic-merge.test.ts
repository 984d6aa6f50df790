import type { ArraySchema, JsonObject, ObjectSchema, Schema } from '@skiff/api';
import { describe, expect, test } from 'vitest';
import { PatchError } from './errors.ts';
import { strategicMergePatch } from './strategic-merge.ts';

const object = (properties: Record<string, Schema>): ObjectSchema => ({ type: 'object', properties, required: [] });
const string: Schema = { type: 'string' };
const byName = (items: Schema): ArraySchema => ({ type: 'array', items, patchMergeKey: 'name' });
const item = object({
  name: string,
  value: string,
  args: { type: 'array', items: string },
  env: byName(object({ name: string, value: string })),
});
const schema = object({
  metadata: object({
    labels: { type: 'map', values: string },
    finalizers: { type: 'array', items: string, patchMergeKey: '' },
  }),
  list: byName(item),
  atomic: { type: 'array', items: item },
  strategy: object({ type: string, rollingUpdate: object({ maxSurge: string }) }),
});

const patch = (document: JsonObject, change: JsonObject): JsonObject => strategicMergePatch(document, change, schema);
const named = (...names: string[]): JsonObject[] => names.map((name) => ({ name }));

describe('strategic merge patch', () => {
  test('merges objects, deletes by null, replaces primitives', () => {
    expect(patch({ metadata: { labels: { a: '1', b: '2' } } }, { metadata: { labels: { a: null, c: '3' } } })).toEqual({
      metadata: { labels: { b: '2', c: '3' } },
    });
  });

  test('merges a list by its key and keeps the live order', () => {
    const live: JsonObject = {
      list: [
        { name: 'a', value: '1', args: ['x', 'y'] },
        { name: 'b', value: '2' },
      ],
    };
    expect(patch(live, { list: [{ name: 'b', value: '3' }, { name: 'c' }] })).toEqual({
      list: [{ name: 'a', value: '1', args: ['x', 'y'] }, { name: 'b', value: '3' }, { name: 'c' }],
    });
    expect(patch(live, { list: [{ name: 'a', args: ['z'] }] })).toEqual({
      list: [
        { name: 'a', value: '1', args: ['z'] },
        { name: 'b', value: '2' },
      ],
    });
  });

  test('a list without a merge key is replaced', () => {
    expect(patch({ atomic: named('a', 'b') }, { atomic: named('c') })).toEqual({ atomic: named('c') });
  });

  test('nested lists merge too', () => {
    const live: JsonObject = {
      list: [
        {
          name: 'a',
          env: [
            { name: 'X', value: '1' },
            { name: 'Y', value: '2' },
          ],
        },
      ],
    };
    expect(patch(live, { list: [{ name: 'a', env: [{ name: 'Y', value: '3' }] }] })).toEqual({
      list: [
        {
          name: 'a',
          env: [
            { name: 'X', value: '1' },
            { name: 'Y', value: '3' },
          ],
        },
      ],
    });
  });

  test('$patch: delete removes an item, replace replaces the list or the object', () => {
    expect(patch({ list: named('a', 'b') }, { list: [{ name: 'a', $patch: 'delete' }] })).toEqual({ list: named('b') });
    expect(patch({ list: named('a', 'b') }, { list: [{ $patch: 'replace' }, { name: 'c' }] })).toEqual({
      list: named('c'),
    });
    expect(
      patch({ metadata: { labels: { a: '1' } } }, { metadata: { labels: { $patch: 'replace', b: '2' } } }),
    ).toEqual({
      metadata: { labels: { b: '2' } },
    });
    expect(patch({ metadata: { labels: { a: '1' } } }, { metadata: { labels: { $patch: 'delete' } } })).toEqual({
      metadata: { labels: {} },
    });
    expect(patch({}, { list: [{ name: 'a', $patch: 'delete' }, { name: 'b' }] })).toEqual({ list: named('b') });
  });

  test('$deleteFromPrimitiveList and a merging list of primitives', () => {
    const live = { metadata: { finalizers: ['a', 'b', 'c'] } };
    expect(patch(live, { metadata: { '$deleteFromPrimitiveList/finalizers': ['b'], finalizers: ['d'] } })).toEqual({
      metadata: { finalizers: ['d', 'a', 'c'] },
    });
    expect(patch({}, { metadata: { '$deleteFromPrimitiveList/finalizers': ['b'] } })).toEqual({ metadata: {} });
  });

  test('$setElementOrder sorts patched items and keeps the others where they stood', () => {
    const live = { list: named('a', 'server', 'b', 'c') };
    expect(patch(live, { '$setElementOrder/list': named('c', 'b', 'a') })).toEqual({
      list: named('server', 'c', 'b', 'a'),
    });
    expect(
      patch(live, {
        '$setElementOrder/list': named('d', 'a', 'b'),
        list: [{ name: 'd' }, { name: 'c', $patch: 'delete' }],
      }),
    ).toEqual({ list: named('d', 'a', 'server', 'b') });
  });

  test('$setElementOrder must hold the items of the patch in the same order', () => {
    expect(() =>
      patch(
        { list: named('a') },
        { '$setElementOrder/list': named('a', 'b'), list: [{ name: 'b' }, { name: 'a', value: '1' }] },
      ),
    ).toThrow(/doesn't match \$setElementOrder list/);
  });

  test('$retainKeys clears the fields it does not list', () => {
    expect(
      patch(
        { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '1' } } },
        { strategy: { $retainKeys: ['type'], type: 'Recreate' } },
      ),
    ).toEqual({ strategy: { type: 'Recreate' } });
    expect(() => patch({ strategy: {} }, { strategy: { $retainKeys: ['type'], rollingUpdate: {} } })).toThrow(
      'invalid patch format of retainKeys',
    );
  });

  test.each<[string, JsonObject, RegExp]>([
    [
      'an item without its key',
      { list: [{ value: '1' }] },
      /^map: map\[value:1\] does not contain declared merge key: name$/,
    ],
    ['an unknown directive', { strategy: { $patch: 'shuffle' } }, /unknown patch type: "shuffle"/],
    ['mixed lists', { list: ['a'] }, /list element types are not identical/],
    ['an order that is no list', { '$setElementOrder/list': 'a' }, /invalid patch format of setElementOrder list/],
  ])('refuses %s', (_, change, message) => {
    expect(() => patch({ list: named('a'), strategy: {} }, change)).toThrow(message);
    expect(() => patch({ list: named('a'), strategy: {} }, change)).toThrow(PatchError);
  });

  test('neither argument changes', () => {
    const live = { list: named('a', 'b') };
    const change = { list: [{ name: 'a', $patch: 'delete' }], '$setElementOrder/list': named('b') };
    patch(live, change);
    expect(live).toEqual({ list: named('a', 'b') });
    expect(change).toEqual({ list: [{ name: 'a', $patch: 'delete' }], '$setElementOrder/list': named('b') });
  });
});

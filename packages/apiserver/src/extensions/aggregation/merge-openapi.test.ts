import { describe, expect, test } from 'vitest';
import { mergedOpenApi } from './merge-openapi.ts';

const ref = (name: string) => ({ $ref: `#/definitions/${name}` });
const own = {
  swagger: '2.0',
  paths: { '/api/v1/pods': { get: { schema: ref('Pod') } } },
  definitions: { Pod: { type: 'object' }, Meta: { type: 'object', description: 'ours' }, Same: { type: 'string' } },
};
const far = {
  swagger: '2.0',
  paths: {
    '/apis/far.io/v1/stars': { get: { schema: ref('Star') } },
    '/apis/far.io/v1': { get: {} },
    '/apis/far.io/v1beta1/stars': { get: { schema: ref('Old') } },
    '/api/v1/pods': { get: { schema: ref('Evil') } },
  },
  definitions: {
    Star: { properties: { meta: ref('Meta'), more: { type: 'array', items: ref('Star') }, same: ref('Same') } },
    Meta: { type: 'object', description: 'theirs' },
    Same: { type: 'string' },
    Old: { type: 'object' },
    Evil: { type: 'object' },
  },
};

describe('documents of servers behind this one', () => {
  test('add the paths of their group versions, and what these use', () => {
    const merged = mergedOpenApi(own, [{ group: 'far.io', version: 'v1', document: far }]);
    expect(merged.paths).toEqual({
      ...own.paths,
      '/apis/far.io/v1/stars': { get: { schema: ref('Star') } },
      '/apis/far.io/v1': { get: {} },
    });
    expect(merged.definitions).toEqual({
      ...own.definitions,
      Star: { properties: { meta: ref('Meta_v2'), more: { type: 'array', items: ref('Star') }, same: ref('Same') } },
      Meta_v2: { type: 'object', description: 'theirs' },
    });
    expect(own.paths).not.toHaveProperty('/apis/far.io/v1/stars');
  });

  test('that say nonsense add nothing', () => {
    const document = {
      paths: { '/apis/far.io/v1/a': { get: { schema: ref('Gone') } }, __proto__: null },
      definitions: 3,
    };
    expect(mergedOpenApi(own, [{ group: 'far.io', version: 'v1', document: document as never }])).toMatchObject({
      definitions: own.definitions,
    });
    expect(mergedOpenApi(own, [{ group: 'far.io', version: 'v1', document: {} }])).toEqual(own);
  });
});

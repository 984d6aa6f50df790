import type { Json } from '@skiff/api';
import { describe, expect, test } from 'vitest';
import { decodeCustom } from './decode-custom.ts';
import type { JsonSchema } from './json-schema.ts';
import { toObjectSchema } from './to-schema.ts';

const decoded = (property: JsonSchema, value: Json) => {
  const schema = toObjectSchema({ type: 'object', properties: { a: property } });
  const { value: object, unknown } = decodeCustom(schema, { a: value });
  return { a: (object as { a: Json }).a, unknown };
};

const preserve = { 'x-kubernetes-preserve-unknown-fields': true } as const;
const item: JsonSchema = {
  type: 'object',
  properties: { b: { type: 'object', properties: { c: { type: 'string' } } } },
};

describe('unknown fields', () => {
  test.each<[string, JsonSchema, Json, Json, string[]]>([
    ['of items', { type: 'array', items: item }, [{ x: 1 }], [{}], ['a[0].x']],
    ['of items whose list preserves them', { type: 'array', items: item, ...preserve }, [{ x: 1 }], [{ x: 1 }], []],
    [
      'of items of a list in such a list',
      { type: 'array', items: { type: 'array', items: item }, ...preserve },
      [[{ x: 1 }]],
      [[{ x: 1 }]],
      [],
    ],
    [
      'of declared fields below such items',
      { type: 'array', items: item, ...preserve },
      [{ b: { x: 1 } }],
      [{ b: {} }],
      ['a[0].b.x'],
    ],
  ])('%s', (_, schema, sent, kept, unknown) => expect(decoded(schema, sent)).toEqual({ a: kept, unknown }));
});

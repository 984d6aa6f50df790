import type { Json } from '@skiff/api';
import { describe, expect, test } from 'vitest';
import type { JsonSchema } from './json-schema.ts';
import { duplicateItems } from './lists.ts';
import { validateValue } from './validate-value.ts';

const texts = (schema: JsonSchema, value: Json, old?: Json) =>
  validateValue(schema, value, old, ['a']).map((fault) => `${fault.field}: ${fault.message}`);

describe('a value', () => {
  test.each<[JsonSchema, Json, string[]]>([
    [{ type: 'integer' }, 1, []],
    [{ type: 'integer' }, 1.5, ['a: Invalid value: "number": a in body must be of type integer: "number"']],
    [{ type: 'number' }, 1, []],
    [{ type: 'string' }, null, ['a: Invalid value: "null": a in body must be of type string: "null"']],
    [{ type: 'string', nullable: true }, null, []],
    [{ 'x-kubernetes-int-or-string': true }, 'x', []],
    [
      { 'x-kubernetes-int-or-string': true },
      true,
      ['a: Invalid value: "boolean": a in body must be of type integer,string: "boolean"'],
    ],
    [{ type: 'string', enum: ['x', 'y'] }, 'z', ['a: Unsupported value: "z": supported values: "x", "y"']],
    [{ type: 'string', maxLength: 1 }, 'zz', ['a: Too long: may not be more than 1 bytes']],
    [{ type: 'string', maxLength: 1 }, '😀', []],
    [{ type: 'string', minLength: 3 }, 'zz', ['a: Invalid value: "zz": a in body should be at least 3 chars long']],
    [{ type: 'string', pattern: '^a+$' }, 'b', [`a: Invalid value: "b": a in body should match '^a+$'`]],
    [
      { type: 'string', pattern: '^(a+)+$' },
      `${'a'.repeat(50_000)}!`,
      [`a: Invalid value: "${'a'.repeat(50_000)}!": a in body should match '^(a+)+$'`],
    ],
    [{ type: 'string', format: 'date-time' }, 'x', ['a: Invalid value: "x": a in body must be of type date-time: "x"']],
    [{ type: 'string', format: 'made-up' }, 'x', []],
    [{ type: 'integer', maximum: 3 }, 4, ['a: Invalid value: 4: a in body should be less than or equal to 3']],
    [
      { type: 'integer', minimum: 3, exclusiveMinimum: true },
      3,
      ['a: Invalid value: 3: a in body should be greater than 3'],
    ],
    [{ type: 'number', multipleOf: 0.1 }, 0.3, []],
    [
      { type: 'integer', format: 'int32', maximum: 9, multipleOf: 100 },
      2_147_483_649,
      [
        '<nil>: Invalid value: "": Checked value must be of type integer with format int32 in a',
        'a: Invalid value: 2147483649: a in body should be a multiple of 100',
        'a: Invalid value: 2147483649: a in body should be less than or equal to 9',
      ],
    ],
    [{ type: 'integer', format: 'int32' }, -2_147_483_648, []],
    [{ type: 'integer', multipleOf: 2 }, 3, ['a: Invalid value: 3: a in body should be a multiple of 2']],
    [{ type: 'array', maxItems: 1, items: { type: 'integer' } }, [1, 2], ['a: Too many: 2: must have at most 1 items']],
    [
      { type: 'array', minItems: 1, items: { type: 'integer' } },
      [],
      ['a: Invalid value: 0: a in body should have at least 1 items'],
    ],
    [
      { type: 'array', items: { type: 'integer' } },
      ['x'],
      ['a[0]: Invalid value: "string": a[0] in body must be of type integer: "string"'],
    ],
    [{ type: 'object', required: ['b'] }, {}, ['a.b: Required value']],
    [
      { type: 'object', additionalProperties: { type: 'integer' } },
      { b: 'x' },
      ['a.b: Invalid value: "string": a.b in body must be of type integer: "string"'],
    ],
    [
      { oneOf: [{ required: ['x'] }, { required: ['y'] }] },
      {},
      [
        '<nil>: Invalid value: "": "a" must validate one and only one schema (oneOf). Found none valid',
        'a.x: Required value',
      ],
    ],
    [
      { oneOf: [{}, {}] },
      1,
      ['<nil>: Invalid value: "": "a" must validate one and only one schema (oneOf). Found 2 valid alternatives'],
    ],
    [{ not: {} }, 1, ['<nil>: Invalid value: "": "a" must not validate the schema (not)']],
  ])('%j of %j', (schema, value, faults) => expect(texts(schema, value)).toEqual(faults));

  test('that did not change is taken as it is, wherever it can be told', () => {
    const item: JsonSchema = {
      type: 'object',
      properties: { k: { type: 'string' }, v: { type: 'integer', maximum: 1 } },
    };
    const list = { type: 'array', items: item, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['k'] };
    const schema: JsonSchema = { type: 'object', properties: { list, n: { type: 'integer' } } };
    const old = { list: [{ k: 'a', v: 9 }] };
    expect(
      texts(
        schema,
        {
          n: 1,
          list: [
            { k: 'b', v: 1 },
            { k: 'a', v: 9 },
          ],
        },
        old,
      ),
    ).toEqual([]);
    expect(texts(schema, { list: [{ k: 'a', v: 8 }] }, old)).toHaveLength(1);
  });
});

test('a pattern that would take long on a long text refuses it', () => {
  const faults = texts({ type: 'string', pattern: '(a?){500}a{500}' }, 'a'.repeat(200_000));
  expect(faults).toEqual([expect.stringContaining('is too long to be matched against')]);
});

describe('lists with identities', () => {
  test.each<[JsonSchema, Json, string[]]>([
    [{ 'x-kubernetes-list-type': 'set' }, ['a', 'b', 'a', 'a'], ['a[2]: Duplicate value: "a"']],
    [
      { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['k'] },
      [{ k: 'x' }, { k: 'x', v: 2 }],
      ['a[1]: Duplicate value: map[string]interface {}{"k":"x"}'],
    ],
    [
      { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['k'] },
      [1],
      ['a[0]: Invalid value: 1: must be an object for an array of list-type map'],
    ],
  ])('%j of %j', (schema, value, faults) =>
    expect(duplicateItems(schema, value, ['a']).map((fault) => `${fault.field}: ${fault.message}`)).toEqual(faults),
  );
});

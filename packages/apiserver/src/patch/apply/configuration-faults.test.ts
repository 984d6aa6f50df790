import type { Json, JsonObject, ObjectSchema, Schema } from '@skiff/api';
import { builtinType } from '@skiff/api/kinds';
import { describe, expect, test } from 'vitest';
import { configurationFault } from './configuration-faults.ts';

const holding = (schema: Schema): ObjectSchema => ({ type: 'object', required: [], properties: { a: schema } });
const fault = (schema: Schema, a: Json): string | undefined => configurationFault({ a }, holding(schema));
const keyed: Schema = {
  type: 'array',
  listType: 'map',
  listMapKeys: ['k', 'p'],
  items: {
    type: 'object',
    required: [],
    properties: { k: { type: 'string' }, p: { type: 'string' }, v: { type: 'integer' } },
  },
};
const set: Schema = { type: 'array', listType: 'set', items: { type: 'string' } };

describe('a configuration', () => {
  test.each<[string, Schema, Json, string]>([
    ['of text for a number', { type: 'integer' }, '3', '.a: expected numeric (int or float), got string'],
    [
      'of an object for a number',
      { type: 'number' },
      {},
      '.a: expected numeric (int or float), got map[string]interface {}',
    ],
    ['of a number for text', { type: 'string' }, 80, '.a: expected string, got &value.valueUnstructured{Value:80}'],
    [
      'of an object for text',
      { type: 'string' },
      { b: 1 },
      '.a: expected string, got &value.valueUnstructured{Value:map[string]interface {}{"b":1}}',
    ],
    ['of text for a truth', { type: 'boolean' }, 'yes', '.a: expected boolean, got &{yes}'],
    ['of a list for a map', { type: 'map', values: { type: 'any' } }, ['x'], '.a: expected map, got &{[x]}'],
    ['of a list for an object', holding({ type: 'any' }), [], '.a: expected map, got &{[]}'],
    ['of a map for a list', set, { b: 1 }, '.a: expected list, got &{map[b:1]}'],
    [
      'of an object for a quantity',
      { type: 'string', format: 'quantity' },
      {},
      '.a: expected any scalar, got &{map[]}',
    ],
    ['of a list for a port', { type: 'int-or-string' }, [], '.a: expected any scalar, got &{[]}'],
    ['with a field nobody declared', holding({ type: 'any' }), { b: 1 }, '.a.b: field not declared in schema'],
    [
      'with faults in items of all kinds of lists',
      { type: 'array', items: keyed },
      [[{ k: 'x', p: 'y', v: true, w: 1 }]],
      [
        'errors:',
        '  .a[0][k="x",p="y"].v: expected numeric (int or float), got bool',
        '  .a[0][k="x",p="y"].w: field not declared in schema',
      ].join('\n'),
    ],
    ['with one item twice', keyed, [{ k: 'x' }, { k: 'x', v: 1 }], '.a: duplicate entries for key [k="x"]'],
    ['with one member twice', set, ['x', 'x'], '.a: duplicate entries for key [="x"]'],
    [
      'with an item without a key',
      keyed,
      [{ k: 'x' }, { v: 1 }],
      `.a: element 1: associative list with keys has an element that omits all key fields ["k" "p"] (and doesn't have default values for any key fields)`,
    ],
    ['with no item', keyed, [null], '.a: element 0: associative list with keys may not have a null element'],
    [
      'with an item that is no object',
      keyed,
      ['x'],
      '.a: element 0: associative list with keys may not have non-map elements',
    ],
    [
      'with no member',
      set,
      [null],
      `.a: element 0: associative list without keys has an element that's an explicit null`,
    ],
    [
      'with an object as a member',
      set,
      [{}],
      `.a: element 0: associative list without keys has an element that's a map type`,
    ],
    ['with a list as a member', set, [[]], '.a: element 0: not supported: associative list with lists as elements'],
  ])('%s is refused', (_, schema, value, expected) => expect(fault(schema, value)).toBe(expected));

  test.each<[string, Schema, Json]>([
    ['null', { type: 'integer' }, null],
    ['an integer too wide for a number', { type: 'integer' }, (2n ** 60n) as unknown as number],
    ['a number for a quantity', { type: 'string', format: 'quantity' }, 1],
    ['items told apart by one key', keyed, [{ k: 'x' }, { p: 'x' }]],
    ['anything', { type: 'any' }, [{ b: [1] }]],
    ['unknown fields that are kept', { ...holding({ type: 'any' }), preserveUnknown: true }, { b: 1 }],
  ])('%s is fine', (_, schema, value) => expect(fault(schema, value)).toBeUndefined());

  test('a key with a default tells an item apart', () => {
    const ports = (...list: JsonObject[]) =>
      configurationFault({ spec: { ports: list } }, builtinType('io.k8s.api.core.v1.Service'));
    expect(ports({ name: 'a' })).toBeUndefined();
    expect(ports({ port: 1 }, { port: 1, protocol: 'UDP' })).toBeUndefined();
    expect(ports({ port: 1 }, { port: 1, protocol: 'TCP' })).toBe(
      '.spec.ports: duplicate entries for key [port=1,protocol="TCP"]',
    );
  });

  test('of thousands of faults shows a hundred', () => {
    const many = Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`k${index}`, 1]));
    expect(configurationFault(many, holding({ type: 'any' }))?.split('\n')).toHaveLength(101);
  });
});

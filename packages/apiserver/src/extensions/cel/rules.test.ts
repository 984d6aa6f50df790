import type { Json, JsonObject } from '@skiff/api';
import { describe, expect, test } from 'vitest';
import { defaultsIn } from '../schema/default-faults.ts';
import type { JsonSchema, ValidationRule } from '../schema/json-schema.ts';
import { defaultRuleFaults, ruleChecker } from './check-rules.ts';
import { ruleFaults } from './rule-faults.ts';

const withRules = (schema: JsonSchema, ...rules: readonly ValidationRule[]): JsonSchema => ({
  ...schema,
  'x-kubernetes-validations': rules,
});
const root = (properties: Readonly<Record<string, JsonSchema>>): JsonSchema => ({
  type: 'object',
  properties: { spec: { type: 'object', properties } },
});
const faultsOf = (schema: JsonSchema): string[] =>
  ruleFaults(schema, '#', false).map((fault) => `${fault.field}: ${fault.message}`);
const check = async (schema: JsonSchema, spec: Json, old?: Json): Promise<string[]> => {
  const object = (of: Json): JsonObject => ({ apiVersion: 'x/v1', kind: 'X', metadata: { name: 'a' }, spec: of });
  const faults = await ruleChecker(schema)(object(spec), old === undefined ? undefined : object(old));
  return faults.map((fault) => `${fault.field}: ${fault.message}`);
};

describe('rules in a schema', () => {
  test('that make sense are accepted', () => {
    const spec: JsonSchema = {
      type: 'object',
      properties: { min: { type: 'integer' }, max: { type: 'integer' }, 'a-b': { type: 'string' } },
    };
    const schema = {
      ...root({}),
      properties: { spec: withRules(spec, { rule: 'self.min <= self.max && self.a__dash__b != ""' }) },
    };
    expect(faultsOf(withRules(schema, { rule: 'self.metadata.name.startsWith("a") && self.spec.min > 0' }))).toEqual(
      [],
    );
  });

  test('may look back inside an atomic map, which is one value', () => {
    const pinned = withRules({ type: 'integer' }, { rule: 'self == oldSelf' });
    const reference = { type: 'object', 'x-kubernetes-map-type': 'atomic', properties: { pinned } } as const;
    expect(faultsOf(root({ reference }))).toEqual([]);
  });

  test('in lists without a bound count presence and times as cheap', () => {
    const wait = withRules({ type: 'string' }, { rule: "duration(self) >= duration('1ms')" });
    const either = { rule: '(has(self.a) && !has(self.b)) || (!has(self.a) && has(self.b))' };
    const properties = { a: { type: 'string' }, b: { type: 'string' }, wait } as const;
    expect(
      faultsOf(root({ steps: { type: 'array', items: withRules({ type: 'object', properties }, either) } })),
    ).toEqual([]);
  });

  test.each<[string, JsonSchema, string]>([
    [
      'an undefined field',
      withRules({ type: 'object', properties: { a: { type: 'integer' } } }, { rule: 'self.z == 1' }),
      `compilation failed: ERROR: <input>:1:5: undefined field 'z'\\n | self.z == 1\\n | ....^`.replaceAll('\\n', '\n'),
    ],
    ['a syntax error', withRules({ type: 'object', properties: {} }, { rule: 'self = 42' }), 'Syntax error: '],
    ['another outcome', withRules({ type: 'integer' }, { rule: 'self + 1' }), 'cel expression must evaluate to a bool'],
    [
      'a message that is no text',
      withRules({ type: 'integer' }, { rule: 'self > 1', messageExpression: 'self' }),
      'messageExpression must evaluate to a string',
    ],
    [
      'H-233 a cost beyond measure',
      {
        type: 'array',
        items: withRules({ type: 'array', items: { type: 'string' } }, { rule: 'self.all(x, self.all(y, x == y))' }),
      },
      'estimated rule cost exceeds budget by factor of more than 100x',
    ],
    [
      'oldSelf where nothing can be compared',
      { type: 'array', maxItems: 3, items: withRules({ type: 'integer' }, { rule: 'self > oldSelf' }) },
      'oldSelf cannot be used on the uncorrelatable portion of the schema within #.properties[spec].properties[a]',
    ],
    [
      'optionalOldSelf without oldSelf',
      withRules({ type: 'integer' }, { rule: 'self > 1', optionalOldSelf: true }),
      'may not be set if oldSelf is not used in rule',
    ],
  ])('with %s are refused', (_, schema, fault) => expect(faultsOf(root({ a: schema })).join('\n')).toContain(fault));

  test('H-233 together may cost no more than a schema may', () => {
    const list = (rule: string): JsonSchema =>
      withRules({ type: 'array', maxItems: 1000, items: { type: 'string', maxLength: 500 } }, { rule });
    const properties = Object.fromEntries(
      Array.from({ length: 40 }, (_, index) => [`p${index}`, list('self.all(x, self.exists(y, x != y))')]),
    );
    expect(faultsOf(root(properties)).join('\n')).toContain(
      'x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema exceeds budget',
    );
  });
});

describe('objects under rules', () => {
  const bounded = withRules({ type: 'integer' }, { rule: 'self < 10', message: 'too much' });

  test('are judged where the rules stand', async () => {
    expect(await check(root({ n: bounded }), { n: 1 })).toEqual([]);
    expect(await check(root({ n: bounded }), { n: 11 })).toEqual(['spec.n: Invalid value: 11: too much']);
    expect(await check(root({ l: { type: 'array', items: bounded } }), { l: [1, 12] })).toEqual([
      'spec.l[1]: Invalid value: 12: too much',
    ]);
    expect(await check(root({ m: { type: 'object', additionalProperties: bounded } }), { m: { a: 12 } })).toEqual([
      'spec.m[a]: Invalid value: 12: too much',
    ]);
  });

  test('are refused in the words of the rule', async () => {
    const of = (rule: ValidationRule) =>
      check(root({ o: withRules({ type: 'object', properties: { a: { type: 'integer' } } }, rule) }), { o: { a: 1 } });
    expect(await of({ rule: 'self.a > 1' })).toEqual(['spec.o: Invalid value: "object": failed rule: self.a > 1']);
    expect(await of({ rule: 'self.a > 1', messageExpression: '"a is " + string(self.a)' })).toEqual([
      'spec.o: Invalid value: "object": a is 1',
    ]);
    expect(await of({ rule: 'self.a > 1', reason: 'FieldValueForbidden', fieldPath: '.a', message: 'no' })).toEqual([
      'spec.o.a: Forbidden: no',
    ]);
    expect(await of({ rule: '1 / (self.a - 1) == 1' })).toEqual([
      'spec.o: Invalid value: "object": division by zero evaluating rule: 1 / (self.a - 1) == 1',
    ]);
  });

  test('may depend on what they were', async () => {
    const fixed = root({ n: withRules({ type: 'integer' }, { rule: 'self == oldSelf', message: 'is fixed' }) });
    expect(await check(fixed, { n: 1 })).toEqual([]);
    expect(await check(fixed, { n: 2 }, { n: 1 })).toEqual(['spec.n: Invalid value: 2: is fixed']);
    const optional = root({
      n: withRules(
        { type: 'integer' },
        { rule: '!oldSelf.hasValue() || oldSelf.value() <= self', optionalOldSelf: true },
      ),
    });
    expect(await check(optional, { n: 1 })).toEqual([]);
    expect(await check(optional, { n: 1 }, { n: 2 })).toHaveLength(1);
  });

  test('that break a rule and do not change it are let through', async () => {
    const schema = root({ n: bounded, m: bounded });
    expect(await check(schema, { n: 11, m: 1 }, { n: 11 })).toEqual([]);
    expect(await check(schema, { n: 12 }, { n: 11 })).toHaveLength(1);
  });

  test('of sets are equal in any order', async () => {
    const schema = root({
      l: withRules(
        { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' },
        { rule: 'self == ["b", "a"]' },
      ),
    });
    expect(await check(schema, { l: ['a', 'b'] })).toEqual([]);
  });

  test('H-234 that cost too much to judge are refused', async () => {
    const list = withRules(
      { type: 'array', items: { type: 'integer' } },
      { rule: 'self.all(a, self.all(b, a != b || a == b))' },
    );
    const long = Array.from({ length: 2000 }, (_, index) => index);
    expect(await check(root({ l: list }), { l: long })).toEqual([
      `spec.l: Invalid value: "array": 'operation cancelled: actual cost limit exceeded': no further validation rules will be run due to call cost exceeds limit for rule: self.all(a, self.all(b, a != b || a == b))`,
    ]);
  });
});

describe('the rules of a default', () => {
  const faultsIn = async (spec: JsonSchema): Promise<string[]> => {
    const schema: JsonSchema = { type: 'object', properties: { spec } };
    return (await defaultRuleFaults(defaultsIn(schema, '#'))).map((fault) => `${fault.field}: ${fault.message}`);
  };
  const at = '#.properties[spec].default';
  const positive = { rule: 'self > 0' };

  test.each<[string, JsonSchema, string[]]>([
    ['hold', withRules({ type: 'integer', default: 1 }, positive, { rule: 'self == oldSelf' }), []],
    [
      'do not hold',
      withRules({ type: 'integer', default: 0 }, positive),
      [`${at}: Invalid value: 0: failed rule: self > 0`],
    ],
    [
      'are those of what is in it',
      { type: 'object', properties: { a: withRules({ type: 'integer' }, positive) }, default: { a: -1 } },
      [`${at}.a: Invalid value: -1: failed rule: self > 0`],
    ],
    [
      'forbid that it stays',
      withRules({ type: 'integer', default: 1 }, { rule: 'self > oldSelf' }),
      [`${at}: Invalid value: 1: failed rule: self > oldSelf`],
    ],
    [
      'forbid that it is new',
      withRules({ type: 'integer', default: 1 }, { rule: 'oldSelf.hasValue()', optionalOldSelf: true }),
      [`${at}: Invalid value: 1: failed rule: oldSelf.hasValue()`],
    ],
    [
      'are asked in items',
      { type: 'array', items: withRules({ type: 'integer', default: 0 }, positive) },
      ['#.properties[spec].items.default: Invalid value: 0: failed rule: self > 0'],
    ],
    ['say nothing of null', withRules({ type: 'integer', nullable: true, default: null }, positive), []],
  ])('%s', async (_, spec, faults) => expect(await faultsIn(spec)).toEqual(faults));

  test('all together cost no more than those of an object', async () => {
    const costly = withRules(
      { type: 'array', items: { type: 'integer' }, default: Array.from({ length: 300 }, () => 1) as Json[] },
      { rule: 'self.all(x, self.all(y, x + y > 0))' },
    );
    const spec: JsonSchema = {
      type: 'object',
      properties: Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`p${index}`, costly])),
    };
    const faults = await faultsIn(spec);
    expect(faults.at(-1)).toContain('running out of cost budget');
  });
});

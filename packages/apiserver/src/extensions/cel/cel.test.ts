import { describe, expect, test } from 'vitest';
import { Budget, BudgetExceeded, perCallLimit } from './budget.ts';
import { toValue } from './convert.ts';
import { compile } from './program.ts';
import { dyn, type Type, typeOfSchema } from './types.ts';
import type { Value } from './values.ts';
import { textOf } from './values.ts';

const self = {
  n: 5,
  d: 1.5,
  s: 'hello',
  list: [1, 2, 3],
  names: ['a', 'b'],
  map: { a: 1, b: 2 },
  objects: [
    { k: 'a', v: 1 },
    { k: 'b', v: 2 },
  ],
  nothing: null,
};

const run = (text: string, budget = new Budget(perCallLimit)): Value =>
  compile(text, new Map([['self', dyn]])).run(new Map([['self', toValue(self)]]), budget);

describe('expressions', () => {
  test.each<[string, unknown]>([
    ['1 + 2 * 3', 7n],
    ['7 / 2', 3n],
    ['-7 % 3', -1n],
    ['1.5 * 2.0', 3],
    ['self.d > 1', true],
    ['self.n == 5 && self.s == "hello"', true],
    ['self.missing == 1 || self.n == 5', true],
    ['self.n == 5 || self.missing == 1', true],
    ['has(self.missing)', false],
    ['has(self.map.a)', true],
    ['self.nothing == null', true],
    ['self.list.all(x, x > 0)', true],
    ['self.list.exists(x, x == 2)', true],
    ['self.list.exists_one(x, x > 2)', true],
    ['self.list.filter(x, x > 1).size()', 2n],
    ['self.list.map(x, x * 2)', [2n, 4n, 6n]],
    ['self.list.map(x, x > 1, x * 2)', [4n, 6n]],
    ['self.list.all(i, v, v == i + 1)', true],
    ['self.map.all(k, v, self.map[k] == v)', true],
    ['self.map.transformList(k, v, v).sum()', 3n],
    ['2 in self.list', true],
    ['"a" in self.map', true],
    ['self.?missing.orValue(9)', 9n],
    ['self.?n.hasValue()', true],
    ['self.?n.optMap(x, x + 1).value()', 6n],
    ['optional.none().or(optional.of(1)).value()', 1n],
    ['self.s.startsWith("he") && self.s.matches("^h.*o$")', true],
    ['self.s.matches("(?i)^HELLO$")', true],
    ['"a,b,c".split(",")', ['a', 'b', 'c']],
    ['"abc".replace("b", "x").upperAscii()', 'AXC'],
    ['"%s is %d".format(["a", 3])', 'a is 3'],
    ['"abc123".find("[0-9]+")', '123'],
    ['cidr("10.1.2.3/16").masked() == cidr("10.1.0.0/16")', true],
    ['string(cidr("2001:db8::5/64").masked())', '2001:db8::/64'],
    ['cidr("10.1.0.0/16").masked().ip().family()', 4n],
    ['ip.isCanonical("2001:DB8::1")', false],
    ['ip("10.0.0.1").isLoopback() || ip.isCanonical("::1")', true],
    ['["b", "a"].isSorted()', false],
    ['[3, 1, 2].min() + [3, 1, 2].max()', 4n],
    ['self.names.join("-")', 'a-b'],
    ['quantity("1Gi").isGreaterThan(quantity("1000M"))', true],
    ['quantity("500m").add(quantity("0.5")).asInteger()', 1n],
    ['isQuantity("x")', false],
    ['url("https://a.b:8/c?d=e").getHost()', 'a.b:8'],
    ['isURL("x")', false],
    ['ip("10.0.0.1").family()', 4n],
    ['cidr("10.0.0.0/8").containsIP("10.1.2.3")', true],
    ['isCIDR("10.0.0.0/33")', false],
    ['format.dns1123Label().validate("x").hasValue()', false],
    ['duration("90m") > duration("1h")', true],
    ['timestamp("2024-01-02T00:00:00Z") - timestamp("2024-01-01T00:00:00Z") == duration("24h")', true],
    ['timestamp("2024-03-05T00:00:00Z").getDayOfMonth()', 4n],
    ['type(self.n) == int', true],
    ['int("42") + int(1.9)', 43n],
    ['string(5) + string(true)', '5true'],
    ['cel.bind(x, self.n, x + x)', 10n],
    ['{"a": 1}["a"]', 1n],
    ['self.objects.filter(o, o.k == "b").map(o, o.v)[0]', 2n],
    ['sets.contains(self.list, [1, 3])', true],
    ['math.greatest(1, 2.5)', 2.5],
    ['"héllo".size()', 5n],
    ['self.n > 3 ? "big" : "small"', 'big'],
    ['b"abc" == bytes("abc")', true],
  ])('%s', (text, value) => expect(run(text)).toEqual(value));

  test.each([
    ['1 / 0', 'division by zero'],
    ['self.missing', 'no such key: missing'],
    ['self.list[9]', 'index out of bounds: 9'],
    ['9223372036854775807 + 1', 'integer overflow'],
    ['self.s + self.n', 'no such overload'],
    ['self.constructor', 'no such key: constructor'],
    ['self.__proto__', 'no such key: __proto__'],
    ['"a".matches("(")', 'invalid matches argument'],
    ['"a".matches("(" + "")', 'error parsing regexp'],
  ])('%s has no value', (text, why) => expect(() => run(text)).toThrow(why));

  test.each([
    ['self.', 'ERROR: <input>:1:6: Syntax error'],
    ['foo(1)', `ERROR: <input>:1:1: undeclared reference to 'foo' (in container '')`],
    ['other', `undeclared reference to 'other' (in container '')`],
    ['1 + "a"', `found no matching overload for '_+_' applied to '(int, string)'`],
    ['"a".size("b")', `found no matching overload for 'size' applied to 'string.(string)'`],
    ['has(1)', 'invalid argument to has() macro'],
    ['"a".all(x, true)', `expression of type 'string' cannot be range of a comprehension`],
  ])('%s makes no sense', (text, why) => expect(() => run(text)).toThrow(why));

  test.each([
    'self.list.all(a, self.list.all(b, self.list.all(c, [1,2,3,4,5,6,7,8,9].all(d, [1,2,3,4,5,6,7,8,9].all(e, [1,2,3,4,5,6,7,8,9].all(f, [1,2,3,4,5,6,7,8,9].all(g, [1,2,3,4,5,6,7,8,9].all(h, true))))))))',
    `cel.bind(a, "${'x'.repeat(1000)}", cel.bind(b, a+a+a+a+a+a+a+a, cel.bind(c, b+b+b+b+b+b+b+b, cel.bind(d, c+c+c+c+c+c+c+c, cel.bind(e, d+d+d+d+d+d+d+d, e+e+e+e+e == "")))))`,
  ])('that would run for long are ended: %#', (text) => expect(() => run(text)).toThrow(BudgetExceeded));

  test('have texts', () => expect(textOf(run('[1, {"a": duration("1h")}]'))).toBe('[1, {a: 3600s}]'));
});

describe('what an expression may cost', () => {
  const text: Type = { kind: 'string', max: 1000 };
  const object = typeOfSchema({ type: 'object', properties: { a: { type: 'string' }, b: { type: 'integer' } } });
  const cost = (expression: string): number =>
    compile(
      expression,
      new Map([
        ['s', text],
        ['o', object],
        ['l', { kind: 'list', max: 10, item: text }],
      ]),
    ).cost;

  test.each<[string, number]>([
    ['has(o.a)', 1],
    ['has(o.a) && !has(o.b)', 3],
    ['o.a == ""', 2],
    ['o.b == 3', 2],
    ['o.b < 3', 3],
    ['duration(s) >= duration("1m")', 4],
    ['int(s) > 0', 3],
    ['s == "0123456789abc"', 3],
    ['s.startsWith("abc")', 2],
    ['s.contains("a")', 101],
    ['s.contains("")', 1],
    ['s.matches("^[a-z]+$")', 1 + 101 * 2],
    ['url(s).getHost() == ""', 102],
    ['cidr(s) == cidr(s).masked()', 204],
    ['"a" in ["a", "b"]', 12],
    ['l.all(x, x == "")', 1 + 10 * 4 + 2],
    ['l.exists(x, x == "")', 1 + 10 * 5 + 2],
    ['l.isSorted()', 1 + 10 * 101],
  ])('%s: %d', (expression, expected) => expect(cost(expression)).toBe(expected));
});

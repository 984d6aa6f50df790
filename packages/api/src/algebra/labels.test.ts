import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ApiError } from '../errors.ts';
import { everything, formatSelector, matchesLabels, parseSelector, selectorOfLabels, toSelector } from './labels.ts';

test.each([
  ['', { a: '1' }, true],
  ['a=1', { a: '1' }, true],
  ['a==1', { a: '2' }, false],
  ['a!=1', { a: '2' }, true],
  ['a!=1', {}, true],
  ['a', { a: '' }, true],
  ['a', {}, false],
  ['!a', {}, true],
  ['! a', { a: '1' }, false],
  ['a in (x,y)', { a: 'y' }, true],
  ['a in (x, y)', { a: 'z' }, false],
  ['a notin (x,y)', {}, true],
  ['a notin (x)', { a: 'x' }, false],
  ['a in (,x)', { a: '' }, true],
  ['a=', { a: '' }, true],
  ['a>3', { a: '4' }, true],
  ['a<3', { a: '4' }, false],
  ['a>3', { a: 'x' }, false],
  ['a=b,c!=d,e in (x,y),!f,g', { a: 'b', e: 'x', g: '1' }, true],
  ['a=b,c!=d,e in (x,y),!f,g', { a: 'b', e: 'x', g: '1', f: '' }, false],
  ['example.com/role=web', { 'example.com/role': 'web' }, true],
  ['in=notin', { in: 'notin' }, true],
  ['in in (in)', { in: 'in' }, true],
])('%j against %j is %j', (text, labels, expected) => {
  expect(matchesLabels(parseSelector(text), labels)).toBe(expected);
});

test.each([
  ['a in', "found '', expected: '('".replace(',', '')],
  ['a=b,', "found '', expected: identifier after ','"],
  ['a=b c', "found 'c', expected: ',' or 'end of string'"],
  [',', "found ',', expected: !, identifier, or 'end of string'"],
  ['a in (x', "unable to parse requirement: found '', expected: ',' or ')'"],
  ['a ? b', "unable to parse requirement: found '?', expected: in, notin, =, ==, !=, gt, lt"],
  ['a in (', "unable to parse requirement: found '', expected: ',', ')' or identifier"],
  ['a in (b,', "unable to parse requirement: found '', expected: ',', or identifier"],
  [
    'a>x',
    `unable to parse requirement: values[0]: Invalid value: "x": for 'Gt', 'Lt' operators, the value must be an integer`,
  ],
  ['a=b=c', "found '=', expected: ',' or 'end of string'"],
  ['-a', 'name part must consist of alphanumeric characters'],
  ['a=-', 'a valid label must be an empty string'],
  ['a>x', "for 'Gt', 'Lt' operators, the value must be an integer"],
])('%j is refused', (text, message) => {
  expect(() => parseSelector(text)).toThrow(ApiError);
  expect(() => parseSelector(text)).toThrow(message);
});

test('keys of the prototype are no labels', () => {
  expect(matchesLabels(parseSelector('constructor'), {})).toBe(false);
  expect(matchesLabels(parseSelector('!toString'), {})).toBe(true);
});

test('the object form: absent is nothing, empty is everything', () => {
  expect(matchesLabels(toSelector(undefined), {})).toBe(false);
  expect(matchesLabels(toSelector({}), { a: '1' })).toBe(true);
  expect(matchesLabels(everything, undefined)).toBe(true);
  const selector = toSelector({
    matchLabels: { app: 'web' },
    matchExpressions: [
      { key: 'tier', operator: 'In', values: ['a', 'b'] },
      { key: 'old', operator: 'DoesNotExist' },
    ],
  });
  expect(formatSelector(selector)).toBe('app=web,!old,tier in (a,b)');
  expect(matchesLabels(selector, { app: 'web', tier: 'b' })).toBe(true);
  expect(matchesLabels(selector, { app: 'web', tier: 'b', old: '' })).toBe(false);
  expect(matchesLabels(toSelector({ matchExpressions: [{ key: 'a', operator: 'toString' }] }), {})).toBe(false);
  expect(matchesLabels(selectorOfLabels({ a: '1' }), { a: '1', b: '2' })).toBe(true);
});

test('a selector reads back what it writes', () => {
  const word = fc.stringMatching(/^[a-z][a-z0-9]{0,5}$/);
  const requirement = fc.oneof(
    word,
    word.map((key) => `!${key}`),
    fc.tuple(word, fc.constantFrom('=', '==', '!='), word).map((parts) => parts.join('')),
    fc
      .tuple(word, fc.constantFrom('in', 'notin'), fc.uniqueArray(word, { minLength: 1, maxLength: 3 }))
      .map(([key, operator, values]) => `${key} ${operator} (${values.join()})`),
  );
  fc.assert(
    fc.property(fc.array(requirement, { maxLength: 4 }), (requirements) => {
      const text = formatSelector(parseSelector(requirements.join(',')));
      expect(formatSelector(parseSelector(text))).toBe(text);
    }),
  );
});

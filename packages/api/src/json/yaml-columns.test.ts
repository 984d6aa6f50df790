import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { parseYaml } from './yaml.ts';
import { indentContinued } from './yaml-columns.ts';

const yaml = (text: string): unknown => parseYaml(text)[0]?.value;

describe('texts and collections that go on at the column of their key', () => {
  it.each<[string, unknown]>([
    ['a:\n  b: "x\n  y"\n', { a: { b: 'x y' } }],
    ["a: 'x\n\ny'\nb: 1\n", { a: 'x\ny', b: 1 }],
    ['a: "x\\\ny"\n', { a: 'xy' }],
    ["a: '''\n# no'\n", { a: "' # no" }],
    ['a: "x\n\ty"\n', { a: 'x y' }],
    ['a: "x\r\ny"\r\n', { a: 'x y' }],
    ['- "b\nc"\n- [\n]\n', ['b c', []]],
    ['a:\n  - b: [\n  ]\n', { a: [{ b: [] }] }],
    ['- b: {\n  a: 1\n  }\n', [{ b: { a: 1 } }]],
    ['a: [\n1, # it\'s "\n"x\n]", {b: c d\ne}\n]\n', { a: [1, 'x ]', { b: 'c d e' }] }],
    ['a: &x {\nb: *y}\n'.replace('*y', '!!str 1'), { a: { b: '1' } }],
    ['---\na: "x\ny"\n---\nb: 1\n', { a: 'x y' }],
    ['? "x\ny"\n: 1\n', { 'x y': 1 }],
  ])('%j', (text, value) => expect(yaml(text)).toEqual(value));

  it.each<[string, unknown]>([
    ['a: |\n  "x\n  y\nb: |2\n   [\nc: "x\ny"\n', { a: '"x\ny\n', b: ' [\n', c: 'x y' }],
    ['a: >-\n\n  [ x\nb: |\nc: [\n]\n', { a: '\n[ x', b: '', c: [] }],
    ['a: it\'s\n  "more\nb: x"[{ #"\nc: [\n]\n', { a: 'it\'s "more', b: 'x"[{', c: [] }],
    ['a: b\n  c\n"d": "x\ny"\n', { a: 'b c', d: 'x y' }],
    ['- k: 1\n  "m": |\n    "\n- - >\n    {\n  - "x\ny"\n', [{ k: 1, m: '"\n' }, ['{\n', 'x y']]],
  ])('quotes and brackets that are none do not count: %j', (text, value) => expect(yaml(text)).toEqual(value));

  it.each([
    'a: x\ny\n',
    'a: "x\n---\ny"\n',
    'a: [1,\n---\n2]\n',
    'a: "x\n...\n"\n',
    '"x\ny": 1\n',
    '[a,\nb]: 1\n',
    'a: "x\n y\n',
    'a: [\n1\n',
    'a: |\nx\n',
  ])('what go-yaml refuses stays refused: %j', (text) => expect(() => parseYaml(text)).toThrow('yaml: line'));
});

test('a fault is told of by the line it is in', () => {
  expect(() => parseYaml('a: "x\ny"\nb: c: d\n')).toThrow('yaml: line 3');
  expect(parseYaml('a: [\n]\nb: 1\nb: 2\n')[0]?.duplicates).toEqual(['line 4: key "b" already set in map']);
});

test('what is far enough in is left alone, and no text grows past twice its length', () => {
  const usual = 'a:\n  b: [\n    1,\n   ]\n  c: "x\n    y"\n  d: |\n    "\n';
  expect(indentContinued(usual)).toBe(usual);
  const deep = `${'- '.repeat(100)}"${'\nx'.repeat(1000)}"`;
  expect(indentContinued(deep)).toBe(deep);
});

test('any text is moved in a straight line, and once', () => {
  const piece = fc.constantFrom(
    ...['a', ': ', '- ', '"', "'", '[', ']', '{', '}', ',', '\n', '\n  ', ' ', '|', '#', '&', '?', '\\'],
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      const text = pieces.join('');
      const moved = indentContinued(text);
      expect(moved.split('\n').map((line) => line.trimStart())).toEqual(
        text.split('\n').map((line) => line.trimStart()),
      );
      expect(indentContinued(moved)).toBe(moved);
    }),
    { numRuns: 1000 },
  );
});

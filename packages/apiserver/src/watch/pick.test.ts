import { maxJsonDepth, parseJson } from '@skiff/api/json';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { pick, wanted } from './pick.ts';

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const picked = (text: string, ...paths: string[][]) => pick(Buffer.from(text), wanted(paths));

test.each([
  ['{"a":1,"b":{"c":"x","d":[true]}}', [['a'], ['b', 'c']], { a: 1, b: { c: 'x' } }],
  ['{"b":{"c":"x"}}', [['b', 'c'], ['b']], { b: { c: 'x' } }],
  [
    '{"b":[{"c":1}],"d":"x"}',
    [
      ['b', 'c'],
      ['d', 'e'],
    ],
    { b: {}, d: {} },
  ],
  ['{"b":null}', [['b', 'c']], { b: {} }],
  ['{"a":1,"a":{"b":2}}', [['a']], { a: { b: 2 } }],
  [
    '{"a":{"x":1},"a":{"y":2}}',
    [
      ['a', 'x'],
      ['a', 'y'],
    ],
    { a: { y: 2 } },
  ],
  ['{"\\u0061":"\\u00e9\\n"}', [['a']], { a: 'é\n' }],
  ['{"ä":"ö"}', [['ä']], { ä: 'ö' }],
  ['{"a":"","":7}', [['a']], { a: '' }],
  [' { "a" : [ ] , "b" : -0.5e+3 } \n', [['a'], ['b']], { a: [], b: -500 }],
])('picks out of %s', (text, paths, expected) => {
  expect(picked(text, ...paths).object).toEqual(expected);
});

test.each([
  ['{"metadata":{"name":"a"}}', 13],
  ['{"x":{"metadata":{}},"metadata" : {"name":"a"}}', 35],
  ['{"meta\\u0064ata":{"name":"a"}}', 18],
  ['{"metadata":{"name":"a"},"metadata":{"name":"b"}}', 13],
  ['{"metadata":"x"}', -1],
  ['{}', -1],
])('finds where the metadata of %s begins', (text, at) => {
  expect(picked(text, ['metadata', 'name']).metadataAt).toBe(at);
});

/** Texts near to JSON: of documents, with some of their characters gone, doubled or others. */
const nearJson = fc
  .tuple(
    fc.dictionary(fc.string(), fc.jsonValue()),
    fc.array(
      fc.tuple(
        fc.nat(),
        fc.nat({ max: 2 }),
        fc.constantFrom(...'{}[]",:\\u0e+-.1tfn \n\t\u0000\u0001\u001fé\u2028', 'true', 'null', '\\x', '\\ud800', '01'),
      ),
      { maxLength: 3 },
    ),
    fc.nat({ max: 2 }),
  )
  .map(([value, changes, indent]) => {
    let text = JSON.stringify(value, undefined, indent);
    for (const [place, gone, put] of changes) {
      const at = place % (text.length + 1);
      text = text.slice(0, at) + put + text.slice(at + gone);
    }
    return text;
  });

test.each(['{"a":[n]}', '{"b":t', '{"b":nul', '{"b":[fals]}', '{"b":1e', '{"b":"\\u00'])('refuses %s', (text) => {
  expect(() => picked(text, ['a'])).toThrow(SyntaxError);
});

test('accepts the objects that JSON.parse accepts, and nothing else', () => {
  fc.assert(
    fc.property(nearJson, (text) => {
      const value = parsed(Buffer.from(text).toString());
      const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
      if (isObject) expect(picked(text, ['a']).object).toBeDefined();
      else expect(() => picked(text, ['a'])).toThrow(SyntaxError);
    }),
    { numRuns: 3000 },
  );
});

test('picks out of each document what is there, whatever was in the one before', () => {
  const texts = fc.constantFrom('é', 'Ã©', 'a', '\\', '\\\\', '"', '1', 'null', '');
  const values = fc.oneof(texts, fc.nat({ max: 2 }), fc.constant(null), fc.array(texts, { maxLength: 2 }));
  fc.assert(
    fc.property(fc.array(fc.record({ a: values, b: fc.record({ c: values }) })), (documents) => {
      const members = wanted([['a'], ['b', 'c']]);
      for (const each of documents) expect(pick(Buffer.from(JSON.stringify(each)), members).object).toEqual(each);
    }),
    { numRuns: 1000 },
  );
});

test('picks what JSON.parse finds there', () => {
  const names = fc.constantFrom('a', 'b', 'é', 'name', '"', '');
  const values = fc.oneof(fc.string(), fc.double({ noNaN: true }), fc.jsonValue({ maxDepth: 1 }));
  const objects = fc.dictionary(
    names,
    fc.oneof(values, fc.dictionary(names, fc.oneof(values, fc.dictionary(names, values)))),
  );
  const paths = fc.array(fc.array(names, { minLength: 1, maxLength: 3 }), { maxLength: 5 });
  fc.assert(
    fc.property(objects, paths, fc.nat({ max: 2 }), (object, several, indent) => {
      const result = picked(JSON.stringify(object, undefined, indent), ...several).object;
      for (const path of several) expect(at(result, path)).toEqual(at(JSON.parse(JSON.stringify(object)), path));
    }),
    { numRuns: 300 },
  );
});

/** What objects alone lead to. */
function at(value: unknown, [name, ...rest]: readonly string[]): unknown {
  if (name === undefined) return value;
  if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, name))
    return undefined;
  return at((value as Record<string, unknown>)[name], rest);
}

test('is not led astray by depth', () => {
  const of = (deep: number): string => `{"x":${'['.repeat(deep)}${']'.repeat(deep)},"a":1}`;
  expect(picked(of(maxJsonDepth - 1), ['a']).object).toEqual({ a: 1 });
  expect(() => parseJson(of(maxJsonDepth))).toThrow('exceeded max depth');
  expect(() => picked(of(maxJsonDepth + 1), ['a'])).toThrow('exceeded max depth');
  expect(() => picked(of(100_000), ['a'])).toThrow('exceeded max depth');
  expect(() => picked(`{"x":${'['.repeat(900)}`, ['a'])).toThrow(SyntaxError);
});

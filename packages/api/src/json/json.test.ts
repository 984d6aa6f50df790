import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ApiError } from '../errors.ts';
import { maxJsonDepth, parseJson } from './parse.ts';
import { countKeys, scanJson } from './scan.ts';
import { maxYamlLength, parseYaml } from './yaml.ts';

const again = (text: string): string => JSON.stringify(parseJson(text).value);

test('any JSON value is read as the engine reads it', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.boolean(), (value, duplicates) => {
      const text = JSON.stringify(value);
      expect(JSON.stringify(parseJson(text, { duplicates }).value)).toBe(JSON.stringify(JSON.parse(text)));
    }),
  );
});

test('integers beyond 2^53 keep every digit', () => {
  expect(again('{"a":9007199254740993,"b":[-9223372036854775808]}')).toBe(
    '{"a":9007199254740993,"b":[-9223372036854775808]}',
  );
  expect(again('{"a":"9007199254740993","b":1}')).toBe('{"a":"9007199254740993","b":1}');
  expect(parseJson('18446744073709551616').value).toBe(2 ** 64);
});

test('numbers written as fractions are known', () => {
  const parsed = parseJson('{"spec":{"replicas":1.0,"x":[2, 1e3, 1.5]}}');
  expect(parsed.fractions).toEqual(['spec.replicas', 'spec.x[1]']);
  expect(parsed.value).toEqual({ spec: { replicas: 1, x: [2, 1000, 1.5] } });
});

test('repeated keys are found with their path, and the last value stands', () => {
  const text = '{"a":1,"b":{"c":[{"d":1,"e\\"":":","d":2}]},"a":{"x":1}}';
  expect(parseJson(text, { duplicates: true })).toEqual({
    value: { a: { x: 1 }, b: { c: [{ d: 2, 'e"': ':' }] } },
    duplicates: ['duplicate field "b.c[0].d"', 'duplicate field "a"'],
    fractions: [],
  });
  expect(parseJson(text).duplicates).toEqual([]);
  expect(parseJson('{"a":{"b":1},"c":{"b":1}}', { duplicates: true }).duplicates).toEqual([]);
});

test('keys of the prototype are plain keys', () => {
  for (const text of [
    '{"__proto__":{"polluted":true},"constructor":1,"toString":"x"}',
    '{"__proto__":{"polluted":9007199254740993},"constructor":1}',
    '{"__proto__":1,"__proto__":{"polluted":"\\ud800"}}',
  ]) {
    const { value } = parseJson(text, { duplicates: true });
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(Object.hasOwn(value as object, '__proto__')).toBe(true);
  }
  expect(({} as Record<string, unknown>).polluted).toBeUndefined();
});

test('nesting is bounded, quickly, and what passes can be written again', () => {
  const nested = (depth: number): string => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
  expect(again(nested(maxJsonDepth))).toBe(nested(maxJsonDepth));
  expect(() => parseJson(nested(maxJsonDepth + 1))).toThrow('json: exceeded max depth');
  expect(() => parseJson('['.repeat(3_000_000))).toThrow('json: exceeded max depth');
});

test('half a surrogate pair becomes the replacement character', () => {
  expect(again('{"a\\udc00":"x\\ud800y","b":"\\ud83d\\ude00"}')).toBe('{"a\ufffd":"x\ufffdy","b":"😀"}');
});

test.each([
  ['', 'json: unexpected end of JSON input'],
  ['{', 'json: unexpected end of JSON input'],
  ['{"a"}', "json: invalid character '}' after object key"],
  ['{"a":1,}', "json: invalid character '}' looking for beginning of object key string"],
  ['{"a":x}', "json: invalid character 'x' looking for beginning of value"],
  ['[1 2]', "json: invalid character '2' after array element"],
  ['{"a":1 "b":2}', "json: invalid character '\"' after object key:value pair"],
  ['1 2', "json: invalid character '2' after top-level value"],
  ['trux', "json: invalid character 'x' in literal true (expecting 'e')"],
  ['"a\nb"', "json: invalid character '\\n' in string literal"],
  ['"\\x"', 'json: invalid character in string escape code'],
  ['01', "json: invalid character '1' after top-level value"],
  ['-', 'json: unexpected end of JSON input'],
  ["'a'", "json: invalid character '\\'' looking for beginning of value"],
])('%j is refused in words of Go', (text, message) => {
  expect(() => parseJson(text)).toThrow(ApiError);
  expect(() => parseJson(text)).toThrow(message);
});

test.each([
  ['{"a":123456789012345,"b":-7,"c":0.5,"d":10.25}', false],
  ['{"a":"1e3 1.0 9007199254740993"}', false],
  ['{"a":9007199254740993}', true],
  ['[-1234567890123456]', true],
  ['[1.0]', true],
  ['{"a": 1.00 }', true],
  ['[1e3]', true],
  ['[1.5E+3]', true],
  [`[${'0'.repeat(1_000_000)}]`, false],
])('numbers that need the exact reader: %.60s', (text, odd) => {
  expect(scanJson(text, 10).oddNumbers).toBe(odd);
});

test('the quick scan agrees with the parsed value', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const scan = scanJson(JSON.stringify(value), 1000);
      expect(scan.keys).toBe(countKeys(value));
    }),
  );
  expect(scanJson('{"a\\\\":[{"b\\"}":1}]}', 10)).toEqual({ depth: 3, keys: 2, oddNumbers: false });
  expect(scanJson('"never ends', 10)).toEqual({ depth: 0, keys: 0, oddNumbers: false });
});

const yaml = (text: string): unknown => JSON.parse(JSON.stringify(parseYaml(text)[0]?.value));

test('YAML is read as Kubernetes reads it', () => {
  expect(
    yaml(`
mode: 0644
hex: 0x1F
big: 1_000
yes: on
no: "off"
none: ~
date: 2024-01-01
clock: 12:30:45
float: 1.5
text: |
  a
  b
1: one
`),
  ).toEqual({
    mode: 420,
    hex: 31,
    big: 1000,
    yes: true,
    no: 'off',
    none: null,
    date: '2024-01-01',
    clock: '12:30:45',
    float: 1.5,
    text: 'a\nb\n',
    1: 'one',
  });
  expect(JSON.stringify(parseYaml('a: 9007199254740993')[0]?.value)).toBe('{"a":9007199254740993}');
});

test('aliases work, and cannot blow up', () => {
  expect(yaml('base: &b {x: 1, y: 2}\nc: *b\n"<<": d')).toEqual({ base: { x: 1, y: 2 }, c: { x: 1, y: 2 }, '<<': 'd' });
  const bomb = [...'abcdefghi'].map((name, index) => {
    const before = index === 0 ? '"x"' : `*${String.fromCharCode(96 + index)}`;
    return `${name}: &${name} [${Array.from({ length: 9 }, () => before).join()}]`;
  });
  expect(() => parseYaml(bomb.join('\n'))).toThrow('excessive aliasing');
  expect(() => parseYaml('a: &x [*x]')).toThrow('an anchor contains itself');
});

test('several documents, and repeated keys in each', () => {
  const parsed = parseYaml('a: 1\nb: {c: [{d: 1, d: 2}]}\na: 2\n---\n# nothing\n---\nkind: x\n');
  expect(parsed.map((one) => one.value)).toEqual([{ a: 2, b: { c: [{ d: 2 }] } }, { kind: 'x' }]);
  expect(parsed[0]?.duplicates).toEqual(['line 2: key "d" already set in map', 'line 3: key "a" already set in map']);
});

test.each([
  ['a: !!js/function "x"', 'Unresolved tag'],
  ['a: !!binary aGk=', 'only values that JSON has'],
  ['a: b: c', 'yaml: line 1: Nested mappings'],
  ['a: *nope', 'unknown anchor'],
  ['a: .nan', 'unsupported value'],
  ['a: {<<: {b: 1}}', 'merge keys (<<) are not allowed'],
  ['? {a: 1}\n: 2', 'a key must be a string'],
  ['['.repeat(20_000), 'yaml: exceeded max depth'],
  ['x'.repeat(maxYamlLength + 1), 'at most'],
])('the YAML %.30j is refused', (text, message) => {
  expect(() => parseYaml(text)).toThrow(ApiError);
  expect(() => parseYaml(text)).toThrow(message);
});

test('YAML keys cannot reach the prototype', () => {
  const value = parseYaml('__proto__: {polluted: true}\nb: {__proto__: {polluted: true}}')[0]?.value;
  expect(Object.hasOwn(value as object, '__proto__')).toBe(true);
  expect(({} as Record<string, unknown>).polluted).toBeUndefined();
});

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
  expect(() => parseJson(nested(maxJsonDepth + 1))).toThrow("json: invalid character '{' exceeded max depth");
  expect(() => parseJson('['.repeat(3_000_000))).toThrow("json: invalid character '[' exceeded max depth");
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
  ['"\\x"', "json: invalid character 'x' in string escape code"],
  ['"\\', 'json: unexpected end of JSON input'],
  ['"\\u12g4"', "json: invalid character 'g' in \\u hexadecimal character escape"],
  ['"\u0001"', "json: invalid character '\\x01' in string literal"],
  ['1.', 'json: unexpected end of JSON input'],
  ['[1.]', "json: invalid character ']' after decimal point in numeric literal"],
  ['[1.e5]', "json: invalid character 'e' after decimal point in numeric literal"],
  ['[1e]', "json: invalid character ']' in exponent of numeric literal"],
  ['[1.5e+]', "json: invalid character ']' in exponent of numeric literal"],
  ['\ufeff{}', "json: invalid character 'ï' looking for beginning of value"],
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
    true: true,
    false: 'off',
    none: null,
    date: '2024-01-01',
    clock: '12:30:45',
    float: 1.5,
    text: 'a\nb\n',
    1: 'one',
  });
  expect(JSON.stringify(parseYaml('a: 9007199254740993')[0]?.value)).toBe('{"a":9007199254740993}');
});

test.each<[string, unknown]>([
  ['yes', true],
  ['N', false],
  ['yEs', 'yEs'],
  ['~', null],
  ['NULL', null],
  ['0o17', 15],
  ['0O17', 15],
  ['017', 15],
  ['08', 8],
  ['0X1f', 31],
  ['0B11', 3],
  ['-0b11', -3],
  ['1_000.5', 1000.5],
  ['_1', '_1'],
  ['1.', 1],
  ['.5', 0.5],
  ['+1.5', 1.5],
  ['1e3', 1000],
  ['1e400', '1e400'],
  ['0x1ffffffffffffffff', '0x1ffffffffffffffff'],
  ['1:30', '1:30'],
  ['190:20:30', '190:20:30'],
  ['2001-12-14', '2001-12-14'],
  ['0x1.8p1', '0x1.8p1'],
  ['1.2.3', '1.2.3'],
  ['+.1_0', 0.1],
  ['1'.repeat(2000), '1'.repeat(2000)],
])('the plain scalar %.30s is %j', (text, value) => {
  expect(yaml(`a: ${text}`)).toEqual({ a: value });
});

test('a plain key is its value, as a text', () => {
  const text = 'on: 1\nn: 2\n0x10: 3\n010: 4\n1e3: 5\n"y": 6';
  expect(yaml(text)).toEqual({ true: 1, false: 2, 16: 3, 8: 4, 1000: 5, y: 6 });
  expect(parseYaml('true: 1\nyes: 2\n1: 3\n"1": 4')[0]?.duplicates).toEqual(['line 2: key true already set in map']);
  expect(() => parseYaml('~: 1')).toThrow('a key must be a string');
});

test('a block that the end of the text cuts off has no line end', () => {
  expect(yaml('a: |\n  x\n  y')).toEqual({ a: 'x\ny' });
  expect(yaml('a: |\n  x\n')).toEqual({ a: 'x\n' });
  expect(yaml('a: |\n  x\nb: z')).toEqual({ a: 'x\n', b: 'z' });
  expect(yaml('a: >-\n  x\n  y')).toEqual({ a: 'x y' });
});

test('aliases work, and cannot blow up', () => {
  expect(yaml('base: &b {x: 1, z: 2}\nc: *b\n"<<": d')).toEqual({ base: { x: 1, z: 2 }, c: { x: 1, z: 2 }, '<<': 'd' });
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
  ['a: .nan', 'json: unsupported value: NaN'],
  ['a: -.INF', 'json: unsupported value: -Inf'],
  ['a: "\u0007"', 'control characters are not allowed'],
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

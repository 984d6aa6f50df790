import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type ConditionLike, findCondition, isConditionTrue, removeCondition, setCondition } from './conditions.ts';
import { formatFieldSelector, matchesFields, parseFieldSelector, requiredValue } from './fields.ts';
import { canonicalJson, deepEqual, templateHash } from './hash.ts';
import { generateName, randomSuffix, safeAlphabet, uuid } from './ids.ts';
import {
  checkConfigKey,
  checkDns1035Label,
  checkDns1123Label,
  checkDns1123Subdomain,
  checkLabelValue,
  checkPathSegment,
  checkPortName,
  checkQualifiedName,
  checkRelaxedEnvironmentName,
} from './names.ts';
import { formatDuration, formatMicroTime, formatTime, normaliseTime, parseDuration, parseTime } from './time.ts';

test('names in Kubernetes words', () => {
  expect(checkDns1123Label('web-1')).toEqual([]);
  expect(checkDns1123Label('a.b')).toEqual(['must not contain dots']);
  expect(checkDns1123Subdomain('Web_1')).toEqual([
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
  ]);
  expect(checkDns1123Subdomain('a'.repeat(254))).toEqual(['must be no more than 253 characters']);
  expect(checkDns1035Label('1a')[0]).toMatch(/^a DNS-1035 label must consist .*'my-name', {2}or 'abc-123', regex/);
  expect(checkLabelValue('')).toEqual([]);
  expect(checkLabelValue('a'.repeat(64))).toEqual(['must be no more than 63 characters']);
  expect(checkQualifiedName('example.com/My_Name')).toEqual([]);
  expect(checkQualifiedName('/a')).toEqual(['prefix part must be non-empty']);
  expect(checkQualifiedName('a/')[0]).toBe('name part must be non-empty');
  expect(checkQualifiedName('a/b/c')[0]).toMatch(
    /^a qualified name must consist .* with an optional DNS subdomain prefix/,
  );
  expect(checkQualifiedName('__proto__')[0]).toMatch(/must start and end with an alphanumeric/);
  expect(checkPortName('http')).toEqual([]);
  expect(checkPortName('8080')).toEqual(['must contain at least one letter (a-z)']);
  expect(checkConfigKey('..x')).toEqual(["must not start with '..'"]);
  expect(checkConfigKey('__proto__')).toEqual([]);
  expect(checkRelaxedEnvironmentName('a b')).toEqual([]);
  expect(checkRelaxedEnvironmentName('a=b')).toHaveLength(1);
  expect(checkRelaxedEnvironmentName('a\u0000')).toHaveLength(1);
  expect(checkPathSegment('..')).toEqual(["may not be '..'"]);
  expect(checkPathSegment('a/b%c')).toEqual(["may not contain '/'", "may not contain '%'"]);
});

test('a megabyte of the worst text is refused at once', () => {
  const worst = `${'a'.repeat(1 << 20)}!`;
  for (const check of [checkDns1123Label, checkDns1123Subdomain, checkQualifiedName, checkLabelValue, checkConfigKey]) {
    expect(check(worst).length).toBeGreaterThan(0);
  }
  expect(checkQualifiedName('/'.repeat(1 << 20)).length).toBeGreaterThan(0);
});

test('times', () => {
  const instant = Date.UTC(2024, 1, 29, 10, 20, 30, 456);
  expect(formatTime(instant)).toBe('2024-02-29T10:20:30Z');
  expect(formatMicroTime(instant)).toBe('2024-02-29T10:20:30.456000Z');
  expect(parseTime('2024-02-29T10:20:30.456Z')).toBe(instant);
  expect(parseTime('2024-02-29T12:20:30.456789+02:00')).toBe(instant);
  expect(parseTime('0001-01-01T00:00:00Z')).toBe(-62135596800000);
  for (const bad of ['2023-02-29T00:00:00Z', '2024-01-01', '2024-01-01T24:00:00Z', '2024-13-01T00:00:00Z', '']) {
    expect(parseTime(bad), bad).toBeUndefined();
  }
  expect(normaliseTime('2024-02-29T12:20:30.9+02:00', 'seconds')).toBe('2024-02-29T10:20:30Z');
  expect(normaliseTime('2024-02-29T12:20:30.1234567+02:00', 'micro')).toBe('2024-02-29T10:20:30.123456Z');
  expect(normaliseTime('yesterday', 'micro')).toBeUndefined();
});

test.each([
  ['0', 0],
  ['1h15m30.5s', 4_530_500],
  ['-1.5h', -5_400_000],
  ['1m', 60_000],
  ['100us', 0.1],
  ['', undefined],
  ['1', undefined],
  ['1d', undefined],
  ['s', undefined],
])('the duration %j is %j ms', (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

test('durations are written as Go writes them', () => {
  expect([0, 30_000, 90_000, 3_600_000, 4_530_500, 250, -1500].map(formatDuration)).toEqual([
    '0s',
    '30s',
    '1m30s',
    '1h0m0s',
    '1h15m30.5s',
    '250ms',
    '-1.5s',
  ]);
  fc.assert(
    fc.property(fc.integer({ min: -1e12, max: 1e12 }), (ms) => {
      expect(parseDuration(formatDuration(ms))).toBeCloseTo(ms, 3);
    }),
  );
});

test('the transition time of a condition moves with its status only', () => {
  const first = setCondition<ConditionLike>([], { type: 'Ready', status: 'False', reason: 'Starting' }, 0);
  expect(first).toEqual([
    { type: 'Ready', status: 'False', reason: 'Starting', lastTransitionTime: '1970-01-01T00:00:00Z' },
  ]);
  const same = setCondition(first, { type: 'Ready', status: 'False', reason: 'Slow' }, 60_000);
  expect(same[0]).toMatchObject({ reason: 'Slow', lastTransitionTime: '1970-01-01T00:00:00Z' });
  const next = setCondition(same, { type: 'Ready', status: 'True', reason: 'Up' }, 60_000);
  expect(next[0]).toMatchObject({ status: 'True', lastTransitionTime: '1970-01-01T00:01:00Z' });
  expect(first[0]?.status).toBe('False');
  expect(findCondition(next, 'Ready')?.status).toBe('True');
  expect(isConditionTrue(next, 'Ready')).toBe(true);
  expect(isConditionTrue(undefined, 'Ready')).toBe(false);
  expect(removeCondition(next, 'Ready')).toEqual([]);
});

test('field selectors', () => {
  const selector = parseFieldSelector('metadata.name=a\\,b,status.phase!=Running,spec.nodeName==n1');
  expect(selector).toEqual([
    { field: 'metadata.name', operator: '=', value: 'a,b' },
    { field: 'status.phase', operator: '!=', value: 'Running' },
    { field: 'spec.nodeName', operator: '=', value: 'n1' },
  ]);
  expect(formatFieldSelector(selector)).toBe('metadata.name=a\\,b,status.phase!=Running,spec.nodeName=n1');
  const values: Record<string, string> = { 'metadata.name': 'a,b', 'spec.nodeName': 'n1' };
  expect(matchesFields(selector, (field) => values[field] ?? '')).toBe(true);
  expect(requiredValue(selector, 'spec.nodeName')).toBe('n1');
  expect(requiredValue(selector, 'status.phase')).toBeUndefined();
  expect(parseFieldSelector('')).toEqual([]);
  expect(() => parseFieldSelector('name')).toThrow("invalid selector: 'name'; can't understand 'name'");
  expect(() => parseFieldSelector('a=b\\c')).toThrow('invalid escape sequence: \\c');
  expect(() => parseFieldSelector('a=b=c')).toThrow('unescaped character in value');
});

test('identifiers come from the random source alone', () => {
  const half = (): number => 0.5;
  expect(randomSuffix(half)).toBe('qqqqq'.replaceAll('q', safeAlphabet[13] ?? ''));
  expect(generateName('x'.repeat(100), half)).toHaveLength(63);
  expect(uuid(() => 0.999999)).toBe('ffffffff-ffff-4fff-bfff-ffffffffffff');
});

test('a template hash does not depend on the order of keys', () => {
  const one = { spec: { a: 1, b: [{ c: 'ü', d: null }] }, x: undefined };
  const other = { spec: { b: [{ d: null, c: 'ü' }], a: 1 } };
  expect(canonicalJson(one)).toBe('{"spec":{"a":1,"b":[{"c":"ü","d":null}]}}');
  expect(templateHash(one)).toBe(templateHash(other));
  expect(templateHash(one, 1)).not.toBe(templateHash(one));
  expect(templateHash(one)).toMatch(/^[bcdfghjklmnpqrstvwxz2456789]{1,10}$/);
});

test('deep equality agrees with canonical text', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
      expect(deepEqual(a, b)).toBe(canonicalJson(a) === canonicalJson(b));
      expect(deepEqual(a, structuredClone(a))).toBe(true);
    }),
  );
  expect(deepEqual({}, { toString: 1 })).toBe(false);
});

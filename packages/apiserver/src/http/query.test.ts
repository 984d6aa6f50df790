import { expect, test } from 'vitest';
import { parseQuery, requestTimeoutMs, watchOptions, writeOptions } from './query.ts';

const at = 'invalid timeout specified in the request URL - time:';
test.each([
  ['abc', `${at} invalid duration "abc"`],
  ['5', `${at} missing unit in duration "5"`],
  ['1d', `${at} unknown unit "d" in duration "1d"`],
  ['1h5', `${at} missing unit in duration "1h5"`],
])('the timeout %s is none', (value, message) => {
  expect(() => requestTimeoutMs(parseQuery(`timeout=${value}`), 1000)).toThrow(message);
});

test.each([
  ['fieldManager=a%00b', 'invalid character U+0000 (at position 1)'],
  ['fieldManager=%C3%A9%E2%80%A8', 'invalid character U+2028 (at position 2)'],
  ['dryRun=', 'Unsupported value: []string{""}: supported values: "All"'],
])('a write does not take %s', (query, message) => {
  expect(() => writeOptions(parseQuery(query), { kind: 'CreateOptions' })).toThrow(message);
});

test('a watch from what exists now goes on from no token', () => {
  const why = 'resourceVersionMatch is forbidden when continue is provided';
  expect(() => watchOptions(parseQuery('continue=abc'))).toThrow(why);
  expect(() => watchOptions(parseQuery('continue=abc&resourceVersion=0'))).toThrow(why);
  expect(watchOptions(parseQuery('continue=abc&resourceVersion=5')).resourceVersion).toBe('5');
});

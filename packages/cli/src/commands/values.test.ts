import { expect, test } from 'vitest';
import { portNumber, wholeNumber } from './values.ts';

test('whole numbers in range', () => {
  expect(wholeNumber(0)('0')).toBe(0);
  expect(wholeNumber(1, 50)('50')).toBe(50);
  expect(portNumber('65535')).toBe(65_535);
});

test.each(['', '-1', '1.5', '1e3', 'NaN', ' 1', '0x10', '99999999999999999999'])('%j is none', (text) => {
  expect(() => wholeNumber(0)(text)).toThrow('A whole number, 0 or more.');
});

test.each(['0', '65536'])('%s is no port', (text) => {
  expect(() => portNumber(text)).toThrow('A whole number from 1 to 65535.');
});

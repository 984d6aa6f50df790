import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  addQuantities,
  canonicalQuantity,
  compareQuantities,
  formatQuantity,
  parseQuantity,
  quantityMilliValue,
  quantityOf,
  quantityOfMilli,
  quantityValue,
  roundUpToMilli,
  subtractQuantities,
  tryParseQuantity,
} from './quantity.ts';

test.each([
  ['0', '0'],
  ['00', '0'],
  ['-0', '0'],
  ['1', '1'],
  ['+5', '5'],
  ['0.5', '500m'],
  ['.5', '500m'],
  ['1.', '1'],
  ['1.5', '1500m'],
  ['1000m', '1'],
  ['100m', '100m'],
  ['0.1m', '100u'],
  ['1000', '1k'],
  ['1024', '1024'],
  ['1024Mi', '1Gi'],
  ['1000Mi', '1000Mi'],
  ['1.5Gi', '1536Mi'],
  ['0.5Ki', '512'],
  ['512Ki', '512Ki'],
  ['1Ki', '1Ki'],
  ['1.0001Ki', '1024102400u'],
  ['12e6', '12e6'],
  ['12000e3', '12e6'],
  ['1E', '1E'],
  ['1000E', '1000E'],
  ['5e-3', '5e-3'],
  ['-1Gi', '-1Gi'],
  ['1n', '1n'],
  ['0.0000000001', '1n'],
  ['9223372036854775807', '9223372036854775807'],
  ['100Ei', String(2n ** 63n - 1n)],
])('%s is written %s', (text, canonical) => {
  expect(canonicalQuantity(text)).toBe(canonical);
});

test('numbers are quantities too', () => {
  expect(canonicalQuantity(2)).toBe('2');
  expect(canonicalQuantity(0.25)).toBe('250m');
});

test.each(['', ' 1', '1 ', 'NaN', '1Ki1', '1e', 'e5', '.', '1.2.3', '1KiB', '1K', '0x10', '1e1000', '1e-1000', '１'])(
  '%j is no quantity',
  (text) => {
    expect(tryParseQuantity(text)).toBeUndefined();
    expect(() => parseQuantity(text)).toThrow(/regular expression/);
  },
);

test('a megabyte of digits is refused at once', () => {
  expect(tryParseQuantity('1'.repeat(1 << 20))).toBeUndefined();
});

test('values round up', () => {
  expect(quantityValue('1.1Ki')).toBe(1127);
  expect(quantityValue('100m')).toBe(1);
  expect(quantityMilliValue('0.0001')).toBe(1);
  expect(quantityMilliValue('2')).toBe(2000);
  expect(formatQuantity(roundUpToMilli(parseQuantity('0.5m')))).toBe('1m');
});

test('sums keep the first format, unless it is zero', () => {
  const sum = (a: string, b: string) => formatQuantity(addQuantities(parseQuantity(a), parseQuantity(b)));
  expect(sum('1Gi', '1M')).toBe('1074741824');
  expect(sum('0', '1Gi')).toBe('1Gi');
  expect(sum('1Gi', '1Gi')).toBe('2Gi');
  expect(formatQuantity(subtractQuantities(parseQuantity('1'), parseQuantity('250m')))).toBe('750m');
  expect(compareQuantities(parseQuantity('1Gi'), parseQuantity('1G'))).toBeGreaterThan(0);
  expect(compareQuantities(parseQuantity('1000m'), parseQuantity('1'))).toBe(0);
});

const quantities = fc.tuple(
  fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n }),
  fc.constantFrom('n', 'u', 'm', '', 'k', 'M', 'Ki', 'Mi', 'Gi', 'e3', 'e-2'),
);

test('the canonical text has the same value and is its own canonical text', () => {
  fc.assert(
    fc.property(quantities, ([digits, suffix]) => {
      const quantity = parseQuantity(`${digits}${suffix}`);
      const again = parseQuantity(formatQuantity(quantity));
      expect(again.nano).toBe(quantity.nano);
      expect(formatQuantity(again)).toBe(formatQuantity(quantity));
    }),
  );
});

test('adding and taking away gives the first again', () => {
  fc.assert(
    fc.property(quantities, quantities, ([a, x], [b, y]) => {
      const one = parseQuantity(`${a}${x}`);
      const other = parseQuantity(`${b}${y}`);
      expect(subtractQuantities(addQuantities(one, other), other).nano).toBe(one.nano);
    }),
  );
});

test('quantities made of numbers', () => {
  expect(formatQuantity(quantityOf(3 * 1024 ** 3, 'BinarySI'))).toBe('3Gi');
  expect(formatQuantity(quantityOfMilli(1500))).toBe('1500m');
});

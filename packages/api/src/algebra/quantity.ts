/**
 * Kubernetes quantities (apimachinery's api/resource): exact decimal numbers with a suffix. A quantity is kept as a whole
 * number of billionths, the smallest part Kubernetes knows, so sums never lose a digit.
 */

/** Which family of suffixes a quantity was written with, and is written with again. */
export type QuantityFormat = 'DecimalSI' | 'BinarySI' | 'DecimalExponent';

export interface Quantity {
  /** The value times 10^9. */
  readonly nano: bigint;
  readonly format: QuantityFormat;
}

const nanoPerUnit = 1_000_000_000n;
const nanoPerMilli = 1_000_000n;

/** Longer texts are no quantity; the longest meaningful one has some 40 characters. */
const maxLength = 128;
/** 10^30 is far above 2^63, which no quantity may exceed; an exponent beyond it would only make huge numbers. */
const maxExponent = 30;
/** Binary quantities are capped at the largest 64-bit integer, as Kubernetes caps them. */
const maxBinaryNano = (2n ** 63n - 1n) * nanoPerUnit;

const pattern = /^([+-]?)(\d*)(?:\.(\d*))?(?:([eE])([+-]?\d+)|(n|u|m|k|Ki|M|Mi|G|Gi|T|Ti|P|Pi|E|Ei)?)$/;

const decimalExponents: Readonly<Record<string, number>> = {
  n: -9,
  u: -6,
  m: -3,
  '': 0,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
};
const decimalSuffixes = new Map(Object.entries(decimalExponents).map(([suffix, exponent]) => [exponent, suffix]));
const binarySuffixes = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'] as const;

/** What Kubernetes answers for a text that is no quantity. */
export const quantityFormatMessage =
  "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

/** A cluster's documents say the same few quantities over and over. */
const known = new Map<string, Quantity | undefined>();
const maxKnown = 4096;

/** Reads a quantity. Undefined when the text is none, or when its exponent is beyond any use. */
export function tryParseQuantity(text: string | number): Quantity | undefined {
  const source = typeof text === 'number' ? String(text) : text;
  if (source.length > maxLength) return undefined;
  const found = known.get(source);
  if (found !== undefined || known.has(source)) return found;
  if (known.size >= maxKnown) known.clear();
  const quantity = read(source);
  known.set(source, quantity);
  return quantity;
}

function read(source: string): Quantity | undefined {
  const match = pattern.exec(source);
  if (match === null) return undefined;
  const [, sign = '', whole = '', fraction = '', mark, exponentText, suffix = ''] = match;
  if (whole === '' && fraction === '') return undefined;
  const isBinary = suffix.endsWith('i');
  const exponent = mark === undefined ? (decimalExponents[suffix] ?? 0) : Number(exponentText);
  if (Math.abs(exponent) > maxExponent) return undefined;
  const factor = isBinary ? 1024n ** BigInt(binarySuffixes.indexOf(suffix as (typeof binarySuffixes)[number])) : 1n;
  const magnitude = scaleUp(BigInt(whole + fraction) * factor, 9 + exponent - fraction.length);
  const capped = isBinary && magnitude > maxBinaryNano ? maxBinaryNano : magnitude;
  const isFractionOfOne = isBinary && capped < nanoPerUnit && capped > 0n;
  return {
    nano: sign === '-' ? -capped : capped,
    format: mark !== undefined ? 'DecimalExponent' : isBinary && !isFractionOfOne ? 'BinarySI' : 'DecimalSI',
  };
}

/** Reads a quantity. Throws an Error in apimachinery's words when the text is none. */
export function parseQuantity(text: string | number): Quantity {
  const quantity = tryParseQuantity(text);
  if (quantity === undefined) throw new Error(quantityFormatMessage);
  return quantity;
}

/** `digits` times 10 to the `exponent`; what falls below one is rounded away from zero. */
function scaleUp(digits: bigint, exponent: number): bigint {
  if (exponent >= 0) return digits * 10n ** BigInt(exponent);
  return divideUp(digits, 10n ** BigInt(-exponent));
}

/** Division that rounds away from zero, as Kubernetes rounds: who asks for a little gets a little. */
function divideUp(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  if (quotient * by === value) return quotient;
  return value < 0n ? quotient - 1n : quotient + 1n;
}

/** The canonical text: no fraction, and the largest suffix that keeps the value exact. */
export function formatQuantity(quantity: Quantity): string {
  const { nano, format } = quantity;
  if (nano === 0n) return '0';
  const magnitude = nano < 0n ? -nano : nano;
  const sign = nano < 0n ? '-' : '';
  const isWhole = magnitude % nanoPerUnit === 0n;
  if (format === 'BinarySI' && isWhole && magnitude >= 1024n * nanoPerUnit) {
    return sign + formatBinary(magnitude / nanoPerUnit);
  }
  let mantissa = magnitude;
  let exponent = -9;
  while (mantissa % 1000n === 0n && (exponent < 18 || format === 'DecimalExponent')) {
    mantissa /= 1000n;
    exponent += 3;
  }
  if (format === 'DecimalExponent') return `${sign}${mantissa}${exponent === 0 ? '' : `e${exponent}`}`;
  return `${sign}${mantissa}${decimalSuffixes.get(exponent) ?? ''}`;
}

function formatBinary(units: bigint): string {
  let mantissa = units;
  let power = 0;
  while (mantissa % 1024n === 0n && power < binarySuffixes.length - 1) {
    mantissa /= 1024n;
    power += 1;
  }
  return `${mantissa}${binarySuffixes[power]}`;
}

/** Texts of this form are canonical already: the common case, told without arithmetic. */
const surelyCanonical = /^[1-9]\d{0,2}(?:m|k|M|G|Ki|Mi|Gi)?$/;

/** The canonical form of a quantity's text. Undefined when it is no quantity. */
export function canonicalQuantity(text: string | number): string | undefined {
  const source = typeof text === 'number' ? String(text) : text;
  if (surelyCanonical.test(source)) return source;
  const quantity = tryParseQuantity(source);
  return quantity === undefined ? undefined : formatQuantity(quantity);
}

/** Below zero when `a` is less than `b`, zero when equal, above zero when greater. Formats do not matter. */
export function compareQuantities(a: Quantity, b: Quantity): number {
  if (a.nano === b.nano) return 0;
  return a.nano < b.nano ? -1 : 1;
}

/** The sum, in the format of `a`, or of `b` when `a` is zero. */
export function addQuantities(a: Quantity, b: Quantity): Quantity {
  return { nano: a.nano + b.nano, format: a.nano === 0n ? b.format : a.format };
}

/** The difference, in the format of `a`, or of `b` when `a` is zero. */
export function subtractQuantities(a: Quantity, b: Quantity): Quantity {
  return { nano: a.nano - b.nano, format: a.nano === 0n ? b.format : a.format };
}

/** The value rounded up (away from zero) to thousandths. */
export function roundUpToMilli(quantity: Quantity): Quantity {
  return { ...quantity, nano: divideUp(quantity.nano, nanoPerMilli) * nanoPerMilli };
}

/** Whole units, rounded up: bytes of memory, number of pods. Throws like `parseQuantity`. */
export function quantityValue(text: string | number): number {
  return Number(divideUp(parseQuantity(text).nano, nanoPerUnit));
}

/** Thousandths, rounded up: millicores of CPU. Throws like `parseQuantity`. */
export function quantityMilliValue(text: string | number): number {
  return Number(divideUp(parseQuantity(text).nano, nanoPerMilli));
}

/** A quantity of so many whole units. `format` says how it will be written. */
export function quantityOf(units: number | bigint, format: QuantityFormat = 'DecimalSI'): Quantity {
  return { nano: BigInt(units) * nanoPerUnit, format };
}

/** A quantity of so many thousandths, e.g. millicores. */
export function quantityOfMilli(milli: number | bigint): Quantity {
  return { nano: BigInt(milli) * nanoPerMilli, format: 'DecimalSI' };
}

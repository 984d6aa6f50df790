/** The formats of strings that custom kinds may ask for (go-openapi's strfmt, as apiextensions v1.32 knows it). Others are no rule. */
import { parseDuration } from '@skiff/api';
import { ipFamily, isCidr } from '@skiff/api/validation';
import { type Pattern, patternOf } from './pattern.ts';

type Check = (text: string) => boolean;

const lazily = (pattern: string): Check => {
  let compiled: Pattern | undefined;
  return (text) => {
    compiled ??= patternOf(pattern);
    return compiled.test(text);
  };
};

const uuid = (version: string): Check =>
  lazily(`(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?${version}-?[0-9a-f]{4}-?[0-9a-f]{12}$`);

const isBase64: Check = (text) => text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text);

/** `2026-01-31`, a day that exists. */
function isDate(text: string): boolean {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  if (match === null) return false;
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  return month >= 1 && month <= 12 && day >= 1 && day <= new Date(Date.UTC(year, month, 0)).getUTCDate();
}

const clockTime = /^([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)?$/i;

function isDateTime(text: string): boolean {
  const [date = '', time = ''] = text.split(/[Tt ]/, 2);
  return isDate(date) && clockTime.test(time);
}

/** Go's durations, and Scala's: a number and a unit's name. */
const isDuration: Check = (text) =>
  parseDuration(text) !== undefined ||
  /^[+-]?\d+(\.\d+)?\s*(ns|nanos?|nanoseconds?|us|µs|micros?|microseconds?|ms|millis?|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|w|wks?|weeks?)$/.test(
    text,
  );

function isUri(text: string): boolean {
  if (text.startsWith('/')) return !/[\s\x7f]/.test(text);
  return URL.canParse(text) && /^[A-Za-z][A-Za-z0-9+.-]*:/.test(text);
}

const luhn: Check = (text) => {
  const digits = [...text].reverse().map(Number);
  const sum = digits.reduce((total, digit, index) => {
    const doubled = index % 2 === 1 ? digit * 2 : digit;
    return total + (doubled > 9 ? doubled - 9 : doubled);
  }, 0);
  return sum % 10 === 0;
};

const cardNumber =
  /^(?:4\d{12}(?:\d{3})?|5[1-5]\d{14}|6(?:011|5\d\d)\d{12}|3[47]\d{13}|3(?:0[0-5]|[68]\d)\d{11}|(?:2131|1800|35\d{3})\d{11})$/;

function isIsbn10(text: string): boolean {
  const digits = text.replaceAll(/[\s-]/g, '');
  if (!/^\d{9}[\dX]$/.test(digits)) return false;
  const sum = [...digits].reduce(
    (total, digit, index) => total + (10 - index) * (digit === 'X' ? 10 : Number(digit)),
    0,
  );
  return sum % 11 === 0;
}

function isIsbn13(text: string): boolean {
  const digits = text.replaceAll(/[\s-]/g, '');
  if (!/^\d{13}$/.test(digits)) return false;
  return [...digits].reduce((sum, digit, index) => sum + Number(digit) * (index % 2 === 0 ? 1 : 3), 0) % 10 === 0;
}

const hostname = lazily(
  '^([a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]{0,61}[a-zA-Z0-9])(\\.([a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]{0,61}[a-zA-Z0-9]))*$',
);

const anything: Check = () => true;

const checks: ReadonlyMap<string, Check> = new Map<string, Check>([
  ['bsonobjectid', lazily('^[0-9a-fA-F]{24}$')],
  ['uri', isUri],
  ['email', lazily('^[^@\\s<>]+@[^@\\s<>]+$')],
  ['hostname', (text) => text.length <= 255 && hostname(text)],
  ['ipv4', (text) => ipFamily(text) === 4],
  ['ipv6', (text) => ipFamily(text) === 6],
  ['cidr', isCidr],
  ['mac', lazily('^([0-9A-Fa-f]{2}([:-])?){5,19}[0-9A-Fa-f]{2}$|^([0-9A-Fa-f]{4}\\.){2,9}[0-9A-Fa-f]{4}$')],
  ['uuid', uuid('[0-9a-f]{4}')],
  ['uuid3', uuid('3[0-9a-f]{3}')],
  ['uuid4', lazily('(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?4[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$')],
  ['uuid5', lazily('(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?5[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$')],
  ['isbn', (text) => isIsbn10(text) || isIsbn13(text)],
  ['isbn10', isIsbn10],
  ['isbn13', isIsbn13],
  ['creditcard', (text) => cardNumber.test(text.replaceAll(/\D/g, '')) && luhn(text.replaceAll(/\D/g, ''))],
  ['ssn', lazily('^\\d{3}[- ]?\\d{2}[- ]?\\d{4}$')],
  ['hexcolor', lazily('^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$')],
  [
    'rgbcolor',
    lazily(
      '^rgb\\(\\s*(0|[1-9]\\d?|1\\d\\d?|2[0-4]\\d|25[0-5])\\s*,\\s*(0|[1-9]\\d?|1\\d\\d?|2[0-4]\\d|25[0-5])\\s*,\\s*(0|[1-9]\\d?|1\\d\\d?|2[0-4]\\d|25[0-5])\\s*\\)$',
    ),
  ],
  ['byte', isBase64],
  ['password', anything],
  ['date', isDate],
  ['duration', isDuration],
  ['datetime', isDateTime],
]);

/** The check of a format; undefined when the format is not known. `date-time` and `datetime` are one. */
export const formatCheck = (format: string): Check | undefined => checks.get(format.replaceAll('-', ''));

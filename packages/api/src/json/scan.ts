/** One quick pass over JSON text, for what must be known before or beside `JSON.parse`. */
import { endOfString } from './count.ts';

export interface Scan {
  /** The deepest nesting of objects and arrays. */
  readonly depth: number;
  /** How many keys are written. More than the parsed value has means that some are repeated. */
  readonly keys: number;
  /**
   * A number is there that the engine would read to less than what was written: 16 digits may be beyond 2^53, and `1.0` or `1e3` is
   * no integer to Go.
   */
  readonly oddNumbers: boolean;
}

/** Looks without checking: the text need not be JSON. Stops early once `maxDepth` is passed. */
export function scanJson(text: string, maxDepth: number): Scan {
  let depth = 0;
  let deepest = 0;
  let keys = 0;
  let oddNumbers = false;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === 0x22) index = endOfString(text, index);
    else if (code === 0x3a) keys += 1;
    else if (code === 0x7b || code === 0x5b) {
      depth += 1;
      if (depth > deepest) deepest = depth;
      if (depth > maxDepth) return { depth, keys, oddNumbers };
    } else if (code === 0x7d || code === 0x5d) depth -= 1;
    else if (isDigit(code)) {
      const end = endOfNumber(text, index);
      oddNumbers ||= isOdd(text, index, end);
      index = end - 1;
    }
  }
  return { depth: deepest, keys, oddNumbers };
}

const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39;

/** Behind the last character of the number whose digits begin at `start`. */
function endOfNumber(text: string, start: number): number {
  let end = start + 1;
  while (isNumberPart(text.charCodeAt(end))) end += 1;
  return end;
}

/** Digits, `.`, `e`, `E`, `+`, `-`. */
const isNumberPart = (code: number): boolean =>
  isDigit(code) || code === 0x2e || code === 0x65 || code === 0x45 || code === 0x2b || code === 0x2d;

/** More than 15 digits, a fraction of zeros, an exponent. */
const odd = /^(?:[1-9]\d{15}|\d{1,15}(?:\.0*$|.*[eE]))/;

const isOdd = (text: string, start: number, end: number): boolean =>
  end - start > 2 && odd.test(text.slice(start, end));

/** How many keys a parsed value has, in all its objects. */
export function countKeys(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let count = 0;
  if (Array.isArray(value)) {
    for (const item of value) if (typeof item === 'object') count += countKeys(item);
    return count;
  }
  const object = value as Record<string, unknown>;
  for (const key of Object.keys(object)) {
    count += 1;
    const field = object[key];
    if (typeof field === 'object') count += countKeys(field);
  }
  return count;
}

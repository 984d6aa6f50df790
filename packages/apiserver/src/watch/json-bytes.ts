/** JSON by its bytes, as strictly as `JSON.parse` reads it and without making anything of it. All throw SyntaxError; an index is that of the next byte. */

import { maxJsonDepth } from '@skiff/api/json';

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const colon = 0x3a;
const minus = 0x2d;
const point = 0x2e;
const zero = 0x30;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const letterU = 0x75;
/** `e` and `E`, `true` and `True`: they differ by this bit. */
const lowerCase = 0x20;

const spaces = new Set(Buffer.from(' \n\r\t'));
const escapes = new Set(Buffer.from('"\\/bfnrt'));
const literals = new Map(['true', 'false', 'null'].map((text) => [text.charCodeAt(0), Buffer.from(text)]));

const refuse = (bytes: Buffer, at: number): SyntaxError =>
  new SyntaxError(at < bytes.length ? `unexpected byte ${bytes[at]} at ${at}` : 'the document ends too early');

export function skipSpace(bytes: Buffer, start: number): number {
  // Stored texts have none.
  return (bytes[start] as number) > 0x20 ? start : skipSpaces(bytes, start);
}

function skipSpaces(bytes: Buffer, start: number): number {
  let at = start;
  while (spaces.has(bytes[at] ?? 0)) at += 1;
  return at;
}

/** From a `"` on, to behind the next that is not escaped. */
export function skipString(bytes: Buffer, start: number): number {
  if (bytes[start] !== quote) throw refuse(bytes, start);
  let at = start + 1;
  for (;;) {
    let byte = bytes[at] as number;
    while (byte > quote && byte !== backslash) {
      at += 1;
      byte = bytes[at] as number;
    }
    if (byte === quote) return at + 1;
    if (byte === backslash) at = skipEscape(bytes, at);
    else if (byte === 0x20 || byte === 0x21) at += 1;
    else throw refuse(bytes, at);
  }
}

function skipEscape(bytes: Buffer, start: number): number {
  const byte = bytes[start + 1] ?? 0;
  if (escapes.has(byte)) return start + 2;
  if (byte !== letterU) throw refuse(bytes, start + 1);
  for (let at = start + 2; at < start + 6; at += 1) if (!isHex(bytes[at] ?? 0)) throw refuse(bytes, at);
  return start + 6;
}

/** Any value with all that is in it. Nothing that is deeper could be read as an object later. */
export function skipValue(bytes: Buffer, start: number): number {
  /** For each level that is open: how it ends. */
  const ends: number[] = [];
  let end = 0;
  let at = start;
  for (;;) {
    const byte = bytes[at];
    if (byte === quote) at = skipString(bytes, at);
    else if (byte === openBrace || byte === openBracket) {
      if (ends.push(end) > maxJsonDepth) throw new SyntaxError(`exceeded max depth at ${at}`);
      end = byte === openBrace ? closeBrace : closeBracket;
      at = skipSpace(bytes, at + 1);
      if (bytes[at] !== end) {
        if (end === closeBrace) at = skipName(bytes, at);
        continue;
      }
      at += 1;
      end = ends.pop() ?? 0;
    } else at = skipScalar(bytes, at);
    // A value has ended: with it end all that it is the last of.
    for (;;) {
      if (end === 0) return at;
      at = skipSpace(bytes, at);
      if (bytes[at] === comma) {
        at = skipSpace(bytes, at + 1);
        if (end === closeBrace) at = skipName(bytes, at);
        break;
      }
      if (bytes[at] !== end) throw refuse(bytes, at);
      at += 1;
      end = ends.pop() ?? 0;
    }
  }
}

/** A member's name and colon, to its value. */
export function skipName(bytes: Buffer, start: number): number {
  return skipColon(bytes, skipString(bytes, start));
}

export function skipColon(bytes: Buffer, start: number): number {
  const at = skipSpace(bytes, start);
  if (bytes[at] !== colon) throw refuse(bytes, at);
  return skipSpace(bytes, at + 1);
}

function skipScalar(bytes: Buffer, start: number): number {
  const byte = bytes[start] ?? 0;
  if (byte === minus || isDigit(byte)) return skipNumber(bytes, start);
  const literal = literals.get(byte);
  if (literal === undefined) throw refuse(bytes, start);
  const end = start + literal.length;
  // Beyond the last byte `compare` would throw an error of its own.
  if (end > bytes.length || literal.compare(bytes, start, end) !== 0) throw refuse(bytes, start);
  return end;
}

function skipNumber(bytes: Buffer, start: number): number {
  let at = bytes[start] === minus ? start + 1 : start;
  at = bytes[at] === zero ? at + 1 : skipDigits(bytes, at);
  if (bytes[at] === point) at = skipDigits(bytes, at + 1);
  if (((bytes[at] ?? 0) | lowerCase) !== 0x65) return at;
  const sign = bytes[at + 1];
  return skipDigits(bytes, sign === minus || sign === 0x2b ? at + 2 : at + 1);
}

/** At least one. */
function skipDigits(bytes: Buffer, start: number): number {
  let at = start;
  while (isDigit(bytes[at] ?? 0)) at += 1;
  if (at === start) throw refuse(bytes, at);
  return at;
}

const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39;
const isHex = (byte: number): boolean => isDigit(byte) || ((byte | lowerCase) >= 0x61 && (byte | lowerCase) <= 0x66);

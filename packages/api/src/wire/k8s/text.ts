/** JSON inside messages: free-form values that Kubernetes carries as bytes. */
import type { Json } from '../../object.ts';
import { malformed } from './value.ts';

/** Deeper text is refused: V8 reads a million levels, but prints only a few thousand. */
const deepest = 1000;

/** Throws BadRequest for bytes that are not JSON, nest deeper than 1000, or hold an integer that would lose digits. */
export function parseText(bytes: Buffer, where: string): Json {
  if (nestsTooDeep(bytes)) throw malformed(where, `JSON nests deeper than ${deepest}`);
  const text = bytes.toString('utf8');
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch {
    throw malformed(where, 'not JSON');
  }
  if (/\d{16}/.test(text)) refuseLostDigits(text, where);
  return value;
}

/** The bytes of a value's JSON. */
export function printText(value: Json): Buffer {
  return Buffer.from(JSON.stringify(value));
}

const quote = 0x22;
const backslash = 0x5c;
/** `{` and `[` differ from `}` and `]` by 2, and from each other by 0x20. */
const opening = 0x7b;
const closing = 0x7d;

function nestsTooDeep(bytes: Buffer): boolean {
  if (bytes.length <= 2 * deepest) return false;
  let depth = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte === quote) at = endOfString(bytes, at + 1);
    else if ((byte | 0x20) === opening) {
      depth += 1;
      if (depth > deepest) return true;
    } else if ((byte | 0x20) === closing) depth -= 1;
  }
  return false;
}

/** The position of the quote that ends the string; the end of the bytes when none does. */
function endOfString(bytes: Buffer, from: number): number {
  let at = from;
  while (at < bytes.length && bytes[at] !== quote) at += bytes[at] === backslash ? 2 : 1;
  return at;
}

function refuseLostDigits(text: string, where: string): void {
  JSON.parse(text, (_key, value: unknown, context?: { source?: string }) => {
    const integer = typeof value === 'number' && /^-?\d+$/.test(context?.source ?? '');
    if (integer && !Number.isSafeInteger(value)) throw malformed(where, `${context?.source} is beyond 53 bits`);
    return value;
  });
}

/** Names and identifiers made from a random source. */
import type { Random } from '../seams.ts';

/** Letters and digits that make no words and look like no others (apimachinery's util/rand). */
export const safeAlphabet = 'bcdfghjklmnpqrstvwxz2456789';

/** `length` characters of the safe alphabet: what `generateName` appends, five by default. */
export function randomSuffix(random: Random, length = 5): string {
  let suffix = '';
  for (let index = 0; index < length; index += 1) {
    suffix += safeAlphabet[Math.floor(random() * safeAlphabet.length)];
  }
  return suffix;
}

/** How long a name may be before the suffix is appended, as apiserver's names package cuts it. */
const maxGeneratedBase = 63 - 5;

/** The name the server makes of a `generateName`: the base, cut to 58 characters, and a random suffix. */
export function generateName(base: string, random: Random): string {
  return `${base.slice(0, maxGeneratedBase)}${randomSuffix(random)}`;
}

/** A version 4 UUID (RFC 9562), lower case. */
export function uuid(random: Random): string {
  const bytes = Array.from({ length: 16 }, () => Math.floor(random() * 256));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

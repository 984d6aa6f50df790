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

const hexOf = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** A version 4 UUID (RFC 9562), lower case. */
export function uuid(random: Random): string {
  let text = '';
  for (let index = 0; index < 16; index += 1) {
    const byte = Math.floor(random() * 256);
    const marked = index === 6 ? (byte & 0x0f) | 0x40 : index === 8 ? (byte & 0x3f) | 0x80 : byte;
    text += index === 4 || index === 6 || index === 8 || index === 10 ? `-${hexOf[marked]}` : hexOf[marked];
  }
  return text;
}

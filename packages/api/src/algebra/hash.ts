/** Hashes that name children after what they are made from. */
import type { Json } from '../object.ts';
import { safeAlphabet } from './ids.ts';

/** Text of a JSON value that does not depend on the order of keys; absent and undefined fields are the same. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join()}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value ?? null);
  const fields = Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, field]) => `${JSON.stringify(key)}:${canonicalJson(field)}`);
  return `{${fields.join()}}`;
}

/** FNV-1a, 32 bits, over the UTF-8 bytes of the text. */
export function fnv1a32(text: string): number {
  let hash = 0x811c9dc5;
  const bytes = Buffer.from(text, 'utf8');
  for (let index = 0; index < bytes.length; index += 1) hash = Math.imul(hash ^ (bytes[index] ?? 0), 0x01000193);
  return hash >>> 0;
}

/** Any text in the alphabet that makes no words, character by character (apimachinery's SafeEncodeString). */
export function safeEncode(text: string): string {
  let encoded = '';
  for (const character of text) encoded += safeAlphabet[(character.codePointAt(0) ?? 0) % safeAlphabet.length];
  return encoded;
}

/**
 * The `pod-template-hash` of a template: the same for equal templates on every machine, and another one for each
 * collision count. It need not be, and is not, the value a Go implementation would get.
 */
export function templateHash(template: unknown, collisionCount?: number): string {
  const salt = collisionCount === undefined ? '' : String(collisionCount);
  return textHash(canonicalJson(template) + salt);
}

/** A short name for a text: the same on every machine. */
export const textHash = (text: string): string => safeEncode(String(fnv1a32(text)));

/** True when two JSON values are equal, whatever the order of their keys. */
export function deepEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((item, i) => deepEqual(item, b[i]));
  }
  const one = a as Readonly<Record<string, Json>>;
  const other = b as Readonly<Record<string, Json>>;
  const keys = Object.keys(one).filter((key) => one[key] !== undefined);
  const others = Object.keys(other).filter((key) => other[key] !== undefined);
  return (
    keys.length === others.length && keys.every((key) => Object.hasOwn(other, key) && deepEqual(one[key], other[key]))
  );
}

/** Functions on texts: CEL's own, cel-go's strings extension, and Kubernetes' find and findAll. Patterns run on RE2. */
import { RE2JS } from 're2js';
import { PatternCost, patternOf } from '../../schema/pattern.ts';
import type { Budget } from '../budget.ts';
import { type Overload, overload } from '../signature.ts';
import { CelError, textOf, type Value } from '../values.ts';
import { format } from './format-text.ts';

type Texts = readonly string[];

/** Indexes count characters, not code units. */
const charactersOf = (text: string): Texts => (/[\ud800-\udbff]/.test(text) ? [...text] : text.split(''));

const sizeOf = (text: string): bigint => BigInt(charactersOf(text).length);

function indexIn(text: string, wanted: string, from: bigint, budget: Budget): bigint {
  budget.spendTraversal(text.length * Math.max(1, wanted.length * 0.1));
  const characters = charactersOf(text);
  if (from < 0n || from > BigInt(characters.length)) throw new CelError(`index out of range: ${from}`);
  const start = characters.slice(0, Number(from)).join('').length;
  const found = text.indexOf(wanted, start);
  return found < 0 ? -1n : sizeOf(text.slice(0, found));
}

function lastIndexIn(text: string, wanted: string, from: bigint | undefined, budget: Budget): bigint {
  budget.spendTraversal(text.length * Math.max(1, wanted.length * 0.1));
  const characters = charactersOf(text);
  if (from !== undefined && (from < 0n || from > BigInt(characters.length))) {
    throw new CelError(`index out of range: ${from}`);
  }
  const start = from === undefined ? undefined : characters.slice(0, Number(from)).join('').length;
  const found = start === undefined ? text.lastIndexOf(wanted) : text.lastIndexOf(wanted, start);
  return found < 0 ? -1n : sizeOf(text.slice(0, found));
}

function part(text: string, from: bigint, to: bigint | undefined, budget: Budget): string {
  budget.spendTraversal(text.length);
  const characters = charactersOf(text);
  const end = to ?? BigInt(characters.length);
  if (from < 0n || end > BigInt(characters.length)) throw new CelError(`index out of range: ${from < 0n ? from : end}`);
  if (from > end) throw new CelError(`invalid substring range. start: ${from}, end: ${end}`);
  return characters.slice(Number(from), Number(end)).join('');
}

function matches(text: string, pattern: string, budget: Budget): boolean {
  budget.spend(Math.ceil(text.length * 0.1) * Math.max(1, Math.ceil(pattern.length * 0.25)));
  try {
    return compiled(pattern).test(text);
  } catch (error) {
    throw error instanceof PatternCost ? new CelError(error.message) : error;
  }
}

function compiled(pattern: string): ReturnType<typeof patternOf> {
  try {
    return patternOf(pattern);
  } catch (error) {
    throw new CelError(error instanceof Error ? error.message : String(error));
  }
}

function findAll(text: string, pattern: string, limit: number, budget: Budget): Texts {
  if (!matches(text, pattern, budget)) return [];
  const found: string[] = [];
  const matcher = RE2JS.compile(pattern).matcher(text);
  while (found.length < limit && matcher.find()) {
    budget.spend(1);
    found.push(matcher.group() ?? '');
  }
  return found;
}

const limitOf = (count: bigint): number => (count < 0n ? Number.POSITIVE_INFINITY : Number(count));

function split(text: string, separator: string, limit: bigint, budget: Budget): Texts {
  budget.spendTraversal(text.length);
  if (limit === 0n) return [];
  const parts = separator === '' ? charactersOf(text) : text.split(separator);
  if (limit < 0n || BigInt(parts.length) <= limit) return parts;
  const kept = Number(limit) - 1;
  return [...parts.slice(0, kept), parts.slice(kept).join(separator)];
}

function replace(text: string, from: string, to: string, limit: bigint, budget: Budget): string {
  budget.spendTraversal(text.length);
  if (limit === 0n) return text;
  const parts = from === '' ? ['', ...charactersOf(text), ''] : text.split(from);
  const times = limit < 0n ? parts.length - 1 : Math.min(Number(limit), parts.length - 1);
  budget.spendTraversal(times * to.length);
  return (
    parts.slice(0, times + 1).join(to) +
    parts
      .slice(times + 1)
      .map((each) => from + each)
      .join('')
  );
}

function join(list: readonly Value[], separator: string, budget: Budget): string {
  const texts = list.map((each) => {
    if (typeof each !== 'string') throw new CelError('no such overload');
    return each;
  });
  const length = texts.reduce((sum, each) => sum + each.length + separator.length, 0);
  budget.spendTraversal(length);
  return texts.join(separator);
}

const ascii = (text: string, pattern: RegExp, change: (character: string) => string): string =>
  text.replaceAll(pattern, change);

const paid =
  <Rest extends readonly unknown[], Result extends Value>(run: (text: string, ...rest: Rest) => Result) =>
  (text: string, ...rest: readonly [...Rest, Budget]): Result => {
    (rest.at(-1) as Budget).spendTraversal(text.length);
    return run(text, ...(rest.slice(0, -1) as unknown as Rest));
  };

export const stringFunctions: readonly Overload[] = [
  overload('size(string): int', paid(sizeOf)),
  overload('string.size(): int', paid(sizeOf)),
  overload('string.contains(string): bool', (a: string, b: string, budget: Budget) => {
    budget.spendTraversal(a.length * Math.max(1, b.length * 0.1));
    return a.includes(b);
  }),
  overload('string.startsWith(string): bool', (a: string, b: string, budget: Budget) => {
    budget.spendTraversal(b.length);
    return a.startsWith(b);
  }),
  overload('string.endsWith(string): bool', (a: string, b: string, budget: Budget) => {
    budget.spendTraversal(b.length);
    return a.endsWith(b);
  }),
  overload('string.matches(string): bool', matches),
  overload('matches(string, string): bool', matches),
  overload('string.find(string): string', (a: string, b: string, budget: Budget) => findAll(a, b, 1, budget)[0] ?? ''),
  overload('string.findAll(string): list', (a: string, b: string, budget: Budget) =>
    findAll(a, b, Number.POSITIVE_INFINITY, budget),
  ),
  overload('string.findAll(string, int): list', (a: string, b: string, count: bigint, budget: Budget) =>
    findAll(a, b, limitOf(count), budget),
  ),
  overload('string.charAt(int): string', (text: string, index: bigint, budget: Budget) => {
    budget.spend(1);
    const characters = charactersOf(text);
    if (index < 0n || index > BigInt(characters.length)) throw new CelError(`index out of range: ${index}`);
    return characters[Number(index)] ?? '';
  }),
  overload('string.indexOf(string): int', (a: string, b: string, budget: Budget) => indexIn(a, b, 0n, budget)),
  overload('string.indexOf(string, int): int', indexIn),
  overload('string.lastIndexOf(string): int', (a: string, b: string, budget: Budget) =>
    lastIndexIn(a, b, undefined, budget),
  ),
  overload('string.lastIndexOf(string, int): int', lastIndexIn),
  overload('string.substring(int): string', (text: string, from: bigint, budget: Budget) =>
    part(text, from, undefined, budget),
  ),
  overload('string.substring(int, int): string', part),
  overload(
    'string.lowerAscii(): string',
    paid((text: string) => ascii(text, /[A-Z]/g, (each) => each.toLowerCase())),
  ),
  overload(
    'string.upperAscii(): string',
    paid((text: string) => ascii(text, /[a-z]/g, (each) => each.toUpperCase())),
  ),
  overload(
    'string.trim(): string',
    paid((text: string) => text.replaceAll(/^[\s\u0085]+|[\s\u0085]+$/g, '')),
  ),
  overload(
    'string.reverse(): string',
    paid((text: string) => [...text].reverse().join('')),
  ),
  overload('string.replace(string, string): string', (a: string, b: string, c: string, budget: Budget) =>
    replace(a, b, c, -1n, budget),
  ),
  overload('string.replace(string, string, int): string', replace),
  overload('string.split(string): list', (a: string, b: string, budget: Budget) => split(a, b, -1n, budget)),
  overload('string.split(string, int): list', split),
  overload('list.join(): string', (list: readonly Value[], budget: Budget) => join(list, '', budget)),
  overload('list.join(string): string', join),
  overload('string.format(list): string', format),
  overload(
    'strings.quote(string): string',
    paid((text: string) => JSON.stringify(text)),
  ),
  overload('base64.encode(bytes): string', (bytes: Uint8Array, budget: Budget) => {
    budget.spendTraversal(bytes.length);
    return Buffer.from(bytes).toString('base64');
  }),
  overload(
    'base64.decode(string): bytes',
    paid((text: string) => new Uint8Array(Buffer.from(text, 'base64'))),
  ),
  overload('string(dyn): string', (value: Value, budget: Budget) => {
    const text = textOf(value);
    budget.spendTraversal(text.length);
    return text;
  }),
];

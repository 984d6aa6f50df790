/** What operations come to, and what they cost at most, by the types of their operands: pure tables for `check.ts`. */
import type { Param } from './signature.ts';
import { bool, dyn, simple, type Type } from './types.ts';

export const isA = (type: Type, kind: Param): boolean => type.kind === kind || type.kind === 'dyn' || kind === 'dyn';

/** What two branches have in common. */
export function unified(a: Type, b: Type): Type {
  if (a.kind !== b.kind) return dyn;
  if (a.kind === 'map' && a.schema !== b.schema) return dyn;
  return { ...a, max: Math.max(a.max, b.max) };
}

const isNumber = ({ kind }: Type): boolean => kind === 'int' || kind === 'double' || kind === 'dyn';
const ordered = new Set<Param>(['bool', 'int', 'double', 'string', 'bytes', 'timestamp', 'duration', 'dyn']);

/** The type of an operation; undefined when there is none on these operands. */
export function binaryType(op: string, a: Type, b: Type): Type | undefined {
  switch (op) {
    case '&&':
    case '||':
      return isA(a, 'bool') && isA(b, 'bool') ? bool : undefined;
    case '==':
    case '!=': {
      const isNull = a.kind === 'null_type' || b.kind === 'null_type';
      return isNull || isA(a, b.kind) ? bool : undefined;
    }
    case 'in':
      if (b.kind === 'list') return b.item === undefined || isA(a, b.item.kind) ? bool : undefined;
      return b.kind === 'map' || b.kind === 'dyn' ? bool : undefined;
    case '<':
    case '<=':
    case '>':
    case '>=':
      if (isNumber(a) && isNumber(b)) return bool;
      return ordered.has(a.kind) && isA(a, b.kind) ? bool : undefined;
    default:
      return arithmeticType(op, a, b);
  }
}

function arithmeticType(op: string, a: Type, b: Type): Type | undefined {
  if (a.kind === 'dyn' || b.kind === 'dyn') return withDyn(op, a, b);
  if (a.kind === b.kind) {
    if (a.kind === 'int' || (a.kind === 'double' && op !== '%')) return a;
    const joins = op === '+' && ['string', 'bytes', 'list'].includes(a.kind);
    if (joins)
      return { ...a, max: a.max + b.max, ...(a.item === undefined ? {} : { item: unified(a.item, b.item ?? dyn) }) };
    if (a.kind === 'duration' && (op === '+' || op === '-')) return a;
    return a.kind === 'timestamp' && op === '-' ? simple('duration') : undefined;
  }
  const kinds = [a.kind, b.kind];
  if (!kinds.includes('timestamp') || !kinds.includes('duration')) return undefined;
  return op === '+' || (op === '-' && a.kind === 'timestamp') ? simple('timestamp') : undefined;
}

/** One operand may be anything: the other tells the result where it leaves no choice. */
function withDyn(op: string, a: Type, b: Type): Type {
  const known = a.kind === 'dyn' ? b : a;
  const max = a.max + b.max;
  switch (known.kind) {
    case 'int':
    case 'double':
      return known;
    case 'string':
    case 'bytes':
      return simple(known.kind, max);
    case 'list':
      return { kind: 'list', max, item: dyn };
    case 'timestamp':
      return op === '+' ? known : dyn;
    default:
      return dyn;
  }
}

const scales = (type: Type): boolean => ['string', 'bytes', 'list', 'map', 'dyn'].includes(type.kind);
/** Reading so many bytes or items once. */
const traversal = (size: number): number => Math.ceil(size * 0.1);
/** What an equality looks at; numbers and the like count as one at most. */
const extent = (type: Type): number => (scales(type) ? type.max : Math.min(type.max, 1));
/** Trying a pattern at every place of a text. */
const patternCost = (text: Type, pattern: Type): number => traversal(text.max + 1) * Math.ceil(pattern.max * 0.25);
const opaque = new Set<Param>(['quantity', 'url', 'ip', 'cidr']);
const isText = ({ kind }: Type): boolean => kind === 'string' || kind === 'bytes' || kind === 'dyn';

export function binaryCost(op: string, a: Type, b: Type): number {
  switch (op) {
    case '&&':
    case '||':
      return 0;
    case '==':
    case '!=':
      return opaque.has(a.kind) && a.kind === b.kind ? 1 : traversal(Math.min(extent(a), extent(b)));
    case '<':
    case '<=':
    case '>':
    case '>=':
      return isText(a) && isText(b) ? traversal(Math.min(a.max, b.max)) : 1;
    case 'in':
      return b.kind === 'map' ? 1 : b.max;
    case '+':
      return a.kind === 'string' || a.kind === 'bytes' ? traversal(a.max + b.max) : 1;
    default:
      return 1;
  }
}

type FunctionCost = (a: Type, b: Type) => number;

const whole: FunctionCost = (a) => (scales(a) ? traversal(a.max) : 1);
const twice: FunctionCost = (a) => Math.ceil(a.max * 0.2);
const compareItems: FunctionCost = (a) => {
  if (a.kind !== 'list') return whole(a, dyn);
  const item = a.item ?? dyn;
  return a.max * (1 + (item.kind === 'string' || item.kind === 'bytes' ? traversal(item.max) : 0));
};
const pairs: FunctionCost = (a, b) => 1 + a.max * b.max;
/** Comparing two addresses, of 16 bytes at most. */
const compareAddresses = 4;
const parsed = (type: Type): number => (isText(type) ? traversal(type.max) : 0);
/** Length of the longest expression of a named format, which counts as a pattern does. */
const longestFormat = 128;

/** Functions that cost more than 1, by apiserver's and cel-go's estimators. A receiver is the first operand. */
const functionCosts = new Map<string, FunctionCost>([
  ...['url', 'lowerAscii', 'upperAscii', 'substring', 'trim', 'cidr', 'ip', 'isIP', 'isCIDR', 'quantity'].map(
    (name): [string, FunctionCost] => [name, whole],
  ),
  ...['isQuantity', 'bytes', 'format', 'strings.quote', 'base64.encode', 'base64.decode'].map(
    (name): [string, FunctionCost] => [name, whole],
  ),
  ...['replace', 'split', 'ip.isCanonical'].map((name): [string, FunctionCost] => [name, twice]),
  ...['isSorted', 'sum', 'min', 'max', 'indexOf', 'lastIndexOf'].map((name): [string, FunctionCost] => [
    name,
    compareItems,
  ]),
  ...['sets.contains', 'sets.equivalent', 'sets.intersects'].map((name): [string, FunctionCost] => [name, pairs]),
  ...['matches', 'find', 'findAll'].map((name): [string, FunctionCost] => [name, patternCost]),
  ['string', (a) => (a.kind === 'bytes' ? traversal(a.max) : 1)],
  ['join', (a, b) => traversal(a.max * ((a.item ?? dyn).max + (b === dyn ? 0 : b.max)))],
  ['contains', (a, b) => traversal(a.max) * traversal(b.max)],
  ['startsWith', (_, b) => traversal(b.max)],
  ['endsWith', (_, b) => traversal(b.max)],
  ['containsIP', (_, b) => compareAddresses + parsed(b)],
  ['containsCIDR', (_, b) => compareAddresses + 3 + parsed(b)],
  ['check', () => 350_000],
  ['validate', (_, b) => Math.ceil((traversal(b.max) * longestFormat) / 4)],
]);

export function functionCost(name: string, types: readonly Type[]): number {
  const [a = dyn, b = dyn] = types;
  return functionCosts.get(name)?.(a, b) ?? 1;
}

export function resultType(name: string, kind: Param, types: readonly Type[]): Type {
  const [a = dyn] = types;
  const bytes = types.filter(scales).reduce((sum, type) => sum + type.max, 0);
  switch (kind) {
    case 'string':
      return simple('string', name === 'charAt' ? 4 : Math.max(a.max, bytes, 64));
    case 'list':
      return { kind: 'list', max: a.max, item: simple('string', a.max) };
    case 'dyn':
      return (name === 'min' || name === 'max' || name === 'sum') && a.item !== undefined ? a.item : dyn;
    case 'map':
      return { kind: 'map', max: a.max, item: dyn };
    default:
      return simple(kind, Math.max(1, bytes));
  }
}

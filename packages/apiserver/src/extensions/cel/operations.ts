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
  if (a.kind === 'dyn' || b.kind === 'dyn') return dyn;
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

const traversal = (type: Type): number => Math.ceil(type.max * 0.1);
const scales = (type: Type): boolean => ['string', 'bytes', 'list', 'map', 'dyn'].includes(type.kind);

export function binaryCost(op: string, a: Type, b: Type): number {
  switch (op) {
    case '==':
    case '!=':
      return 1 + (scales(a) && scales(b) ? Math.min(traversal(a), traversal(b)) : 0);
    case '<':
    case '<=':
    case '>':
    case '>=':
      return 1 + (scales(a) && scales(b) ? Math.min(traversal(a), traversal(b)) : 0);
    case 'in':
      return 1 + (b.kind === 'map' ? 0 : b.max);
    case '+':
      return 1 + (a.kind === 'string' || a.kind === 'bytes' ? traversal(a) + traversal(b) : 0);
    default:
      return 1;
  }
}

/** Functions that look at each item of their list. */
const perItem = new Set(['isSorted', 'sum', 'min', 'max', 'indexOf', 'lastIndexOf']);
const perPair = new Set(['sets.contains', 'sets.equivalent', 'sets.intersects']);
const constant = new Set([
  'size',
  'type',
  'dyn',
  'int',
  'uint',
  'double',
  'bool',
  'optional.of',
  'optional.none',
  'hasValue',
]);

export function functionCost(name: string, types: readonly Type[]): number {
  const [a = dyn, b = dyn] = types;
  if (constant.has(name)) return 1;
  if (name === 'matches' || name === 'find' || name === 'findAll')
    return traversal(a) * Math.max(1, Math.ceil(b.max * 0.25));
  if (name === 'contains' || (name === 'indexOf' && a.kind === 'string'))
    return traversal(a) * Math.max(1, traversal(b));
  if (name === 'startsWith' || name === 'endsWith') return 1 + traversal(b);
  if (perItem.has(name)) return 1 + a.max;
  if (perPair.has(name)) return 1 + a.max * b.max;
  return 1 + types.filter(scales).reduce((sum, type) => sum + traversal(type), 0);
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

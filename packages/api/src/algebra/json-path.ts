/**
 * The JSONPath of printer columns and field selectors, as client-go reads it: fields, quoted keys, indexes, slices, wildcards,
 * recursive descent and filters such as `[?(@.type=="Ready")]`. Absent keys find nothing.
 */
import type { Json, JsonObject } from '../object.ts';

const isObject = (value: Json): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Keys come from users: the prototype has none of them. */
const own = (object: JsonObject, key: string): Json | undefined =>
  Object.hasOwn(object, key) ? object[key] : undefined;

type Step =
  | { readonly type: 'field'; readonly name: string }
  | { readonly type: 'every' }
  | { readonly type: 'descend' }
  | { readonly type: 'slice'; readonly from: number | undefined; readonly to: number | undefined; readonly by: number }
  | { readonly type: 'index'; readonly at: number }
  | { readonly type: 'filter'; readonly left: Operand; readonly operator: string; readonly right: Operand };

type Operand = { readonly path: readonly Step[] } | { readonly value: Json };

export interface JsonPath {
  /** What the path leads to, in order. */
  find(value: Json): readonly Json[];
}

/** Reads a path such as `.status.conditions[?(@.type=="Ready")].status`. Throws an Error that says what is wrong. */
export function parseJsonPath(text: string): JsonPath {
  const steps = parseSteps(text.trim().replace(/^\$/, ''));
  return { find: (value) => follow(steps, [value]) };
}

function parseSteps(text: string): readonly Step[] {
  const steps: Step[] = [];
  let rest = text;
  while (rest !== '') {
    const [read, length] = readStep(rest);
    steps.push(...read);
    rest = rest.slice(length);
  }
  return steps;
}

function readStep(text: string): readonly [readonly Step[], number] {
  if (text.startsWith('[')) return readBracket(text);
  const descends = text.startsWith('..');
  const start = descends ? 2 : text.startsWith('.') ? 1 : 0;
  const name = /^(?:\\.|[^.[\\])*/.exec(text.slice(start))?.[0] ?? '';
  const length = start + name.length;
  if (length === 0) throw new Error(`unrecognized character in path: ${text.slice(0, 10)}`);
  const before: readonly Step[] = descends ? [{ type: 'descend' }] : [];
  if (name === '') return [before, length];
  if (name === '*') return [[...before, { type: 'every' }], length];
  return [[...before, { type: 'field', name: name.replaceAll(/\\(.)/g, '$1') }], length];
}

/** Where the bracket that opens `text` closes; quotes and inner brackets are passed over. */
function closingBracket(text: string): number {
  let depth = 0;
  let quote = '';
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index] ?? '';
    if (quote !== '') {
      if (character === '\\') index += 1;
      else if (character === quote) quote = '';
    } else if (character === '"' || character === "'") quote = character;
    else if (character === '[') depth += 1;
    else if (character === ']' && --depth === 0) return index;
  }
  throw new Error('unterminated array');
}

function readBracket(text: string): readonly [readonly Step[], number] {
  const end = closingBracket(text);
  return [[bracketStep(text.slice(1, end).trim())], end + 1];
}

function bracketStep(inner: string): Step {
  if (inner === '*') return { type: 'every' };
  const filter = /^\?\((.*)\)$/s.exec(inner);
  if (filter !== null) return readFilter(filter[1] ?? '');
  const quoted = /^(['"])(.*)\1$/s.exec(inner);
  if (quoted !== null) return { type: 'field', name: (quoted[2] ?? '').replaceAll(/\\(.)/g, '$1') };
  if (/^-?\d{1,9}$/.test(inner)) return { type: 'index', at: Number(inner) };
  const slice = /^(-?\d{1,9})?:(-?\d{1,9})?(?::(\d{1,9}))?$/.exec(inner);
  if (slice === null) throw new Error(`invalid array index ${inner}`);
  const bound = (part: string | undefined): number | undefined => (part === undefined ? undefined : Number(part));
  return { type: 'slice', from: bound(slice[1]), to: bound(slice[2]), by: Number(slice[3] ?? 1) || 1 };
}

function readFilter(text: string): Step {
  const match = /^(.*?)\s*(==|!=|<=|>=|<|>)\s*(.*)$/s.exec(text);
  if (match === null) return { type: 'filter', left: operand(text), operator: 'exists', right: { value: null } };
  const [, left = '', operator = '', right = ''] = match;
  return { type: 'filter', left: operand(left), operator, right: operand(right) };
}

function operand(text: string): Operand {
  const trimmed = text.trim();
  if (trimmed.startsWith('@')) return { path: parseSteps(trimmed.slice(1)) };
  const quoted = /^(['"])(.*)\1$/s.exec(trimmed);
  if (quoted !== null) return { value: quoted[2] ?? '' };
  if (trimmed === 'true' || trimmed === 'false') return { value: trimmed === 'true' };
  if (trimmed !== '' && Number.isFinite(Number(trimmed))) return { value: Number(trimmed) };
  throw new Error(`unrecognized identifier ${trimmed}`);
}

function follow(steps: readonly Step[], values: readonly Json[]): readonly Json[] {
  return steps.reduce<readonly Json[]>((found, step) => found.flatMap((value) => taken(step, value)), values);
}

const childrenOf = (value: Json): readonly Json[] =>
  Array.isArray(value) ? value : isObject(value) ? Object.values(value) : [];

function taken(step: Step, value: Json): readonly Json[] {
  switch (step.type) {
    case 'field': {
      const found = isObject(value) ? own(value, step.name) : undefined;
      return found === undefined ? [] : [found];
    }
    case 'every':
      return childrenOf(value);
    case 'descend':
      return [value, ...childrenOf(value).flatMap((child) => taken(step, child))];
    case 'index': {
      const found = Array.isArray(value) ? value.at(step.at) : undefined;
      return found === undefined ? [] : [found];
    }
    case 'slice':
      return Array.isArray(value) ? value.slice(step.from, step.to).filter((_, index) => index % step.by === 0) : [];
    case 'filter':
      return childrenOf(value).filter((child) => passes(step, child));
  }
}

function passes({ left, operator, right }: Extract<Step, { type: 'filter' }>, value: Json): boolean {
  const [a] = 'path' in left ? follow(left.path, [value]) : [left.value];
  if (operator === 'exists') return a !== undefined;
  const [b] = 'path' in right ? follow(right.path, [value]) : [right.value];
  if (a === undefined || b === undefined || a === null || b === null || typeof a !== typeof b) return false;
  switch (operator) {
    case '==':
      return a === b;
    case '!=':
      return a !== b;
    case '<':
      return a < b;
    case '<=':
      return a <= b;
    case '>':
      return a > b;
    default:
      return a >= b;
  }
}

/**
 * Sets of field paths, and FieldsV1, the form they have in `metadata.managedFields` (KEP-555). A path is a chain of elements
 * as FieldsV1 writes them: `f:spec`, `k:{"name":"web"}` for a list item by its keys, `v:"a"` for a set's item, `i:0`.
 */
import type { JsonObject } from '@skiff/api';
import { isObject, put } from '../values.ts';

/** What a set says of one element: that it is a member itself, and which paths below it are. */
export interface FieldNode {
  readonly member: boolean;
  readonly children: FieldSet;
}
export type FieldSet = ReadonlyMap<string, FieldNode>;

export const emptySet: FieldSet = new Map();

/** A set under construction. */
export interface SetBuilder {
  insert(path: readonly string[]): void;
  readonly set: FieldSet;
}

interface MutableNode {
  member: boolean;
  readonly children: Map<string, MutableNode>;
}

export function buildSet(): SetBuilder {
  const root = new Map<string, MutableNode>();
  return {
    set: root,
    insert(path) {
      let level = root;
      let node: MutableNode | undefined;
      for (const element of path) {
        node = level.get(element);
        if (node === undefined) {
          node = { member: false, children: new Map() };
          level.set(element, node);
        }
        level = node.children;
      }
      if (node !== undefined) node.member = true;
    },
  };
}

/** The set that holds exactly these paths. */
export function setOf(...paths: readonly (readonly string[])[]): FieldSet {
  const builder = buildSet();
  for (const path of paths) builder.insert(path);
  return builder.set;
}

interface Rule {
  /** What becomes of an element that only one of the two has. */
  readonly keepsLeft: boolean;
  readonly keepsRight: boolean;
  member(left: boolean, right: boolean): boolean;
}

/** Combines two sets element by element; what holds nothing disappears. What only one has is shared, not copied: sets never change. */
function combine(a: FieldSet, b: FieldSet, rule: Rule): FieldSet {
  if (a.size === 0) return rule.keepsRight ? b : emptySet;
  if (b.size === 0) return rule.keepsLeft ? a : emptySet;
  const result = new Map<string, FieldNode>();
  for (const [element, left] of a) {
    const right = b.get(element);
    if (right === undefined) {
      if (rule.keepsLeft) result.set(element, left);
      continue;
    }
    const member = rule.member(left.member, right.member);
    const children = combine(left.children, right.children, rule);
    if (member || children.size > 0) result.set(element, { member, children });
  }
  if (rule.keepsRight) for (const [element, right] of b) if (!a.has(element)) result.set(element, right);
  return result;
}

const either: Rule = { keepsLeft: true, keepsRight: true, member: (left, right) => left || right };
const both: Rule = { keepsLeft: false, keepsRight: false, member: (left, right) => left && right };
const onlyLeft: Rule = { keepsLeft: true, keepsRight: false, member: (left, right) => left && !right };

export const union = (a: FieldSet, b: FieldSet): FieldSet => combine(a, b, either);
export const intersection = (a: FieldSet, b: FieldSet): FieldSet => combine(a, b, both);
export const difference = (a: FieldSet, b: FieldSet): FieldSet => combine(a, b, onlyLeft);

/** `a` without the members of `b` and everything below them. */
export function recursiveDifference(a: FieldSet, b: FieldSet): FieldSet {
  const result = new Map<string, FieldNode>();
  for (const [element, node] of a) {
    const other = b.get(element);
    if (other?.member) continue;
    const children = other === undefined ? node.children : recursiveDifference(node.children, other.children);
    if (node.member || children.size > 0) result.set(element, { member: node.member, children });
  }
  return result;
}

export const isEmpty = (set: FieldSet): boolean => set.size === 0;

export function equalSets(a: FieldSet, b: FieldSet): boolean {
  if (a.size !== b.size) return false;
  for (const [element, node] of a) {
    const other = b.get(element);
    if (other === undefined || other.member !== node.member || !equalSets(node.children, other.children)) return false;
  }
  return true;
}

/** Every path of the set, an element before what is below it. */
export function* pathsOf(set: FieldSet, above: readonly string[] = []): Generator<readonly string[]> {
  for (const element of sorted(set)) {
    const node = set.get(element) as FieldNode;
    const path = [...above, element];
    if (node.member) yield path;
    yield* pathsOf(node.children, path);
  }
}

const order = 'fkvi';

/** Named fields first, then keys, values, indexes; each by their text. */
function sorted(set: FieldSet): readonly string[] {
  return [...set.keys()].sort((a, b) => {
    const kinds = order.indexOf(a[0] ?? '') - order.indexOf(b[0] ?? '');
    return kinds !== 0 ? kinds : a < b ? -1 : a > b ? 1 : 0;
  });
}

/** The FieldsV1 form. */
export function encodeFields(set: FieldSet): JsonObject {
  const result: JsonObject = {};
  for (const element of sorted(set)) {
    const node = set.get(element) as FieldNode;
    const below = encodeFields(node.children);
    put(result, element, node.member && node.children.size > 0 ? { '.': {}, ...below } : below);
  }
  return result;
}

/** Reads the FieldsV1 form; undefined when it is none. */
export function decodeFields(fields: unknown): FieldSet | undefined {
  if (!isObject(fields)) return undefined;
  const result = new Map<string, FieldNode>();
  for (const [element, value] of Object.entries(fields)) {
    if (element === '.') continue;
    const children = decodeFields(value);
    if (children === undefined || !/^[fkvi]:/.test(element)) return undefined;
    const member = children.size === 0 || Object.hasOwn(value as JsonObject, '.');
    result.set(element, { member, children });
  }
  return result;
}

/** A path as conflicts name it: `.spec.containers[name="web"].image`. */
export function pathText(path: readonly string[]): string {
  return path.map(elementText).join('');
}

function elementText(element: string): string {
  const text = element.slice(2);
  switch (element[0]) {
    case 'f':
      return `.${text}`;
    case 'k': {
      const keys: JsonObject = JSON.parse(text);
      const pairs = Object.entries(keys).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
      return `[${pairs.join(',')}]`;
    }
    case 'v':
      return `[=${text}]`;
    default:
      return `[${text}]`;
  }
}

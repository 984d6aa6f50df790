/**
 * Sets of field paths, and FieldsV1, the form they have in `metadata.managedFields` (KEP-555). A path is a chain of elements
 * as FieldsV1 writes them: `f:spec`, `k:{"name":"web"}` for a list item by its keys, `v:"a"` for a set's item, `i:0`.
 */
import type { JsonObject } from '@skiff/api';
import { isObject } from '../values.ts';

/** What a set says of one element: that it is a member itself, and which paths below it are. */
export interface FieldNode {
  readonly member: boolean;
  readonly children: FieldSet;
}
export type FieldSet = ReadonlyMap<string, FieldNode>;

export const emptySet: FieldSet = new Map();

/** A member with nothing below it: what most of a set's nodes are. */
export const leafNode: FieldNode = { member: true, children: emptySet };

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

/** What follows is shared with the arguments where it is the same: sets never change. */

export function union(a: FieldSet, b: FieldSet): FieldSet {
  if (a.size === 0) return b;
  return changed(a, b, (left, right) =>
    left === undefined ? right : nodeOf(left, left.member || right.member, union(left.children, right.children)),
  );
}

export function difference(a: FieldSet, b: FieldSet): FieldSet {
  if (a.size === 0) return emptySet;
  return changed(a, b, (left, right) =>
    left === undefined
      ? undefined
      : nodeOf(left, left.member && !right.member, difference(left.children, right.children)),
  );
}

export function intersection(a: FieldSet, b: FieldSet): FieldSet {
  const result = new Map<string, FieldNode>();
  if (a.size === 0 || b.size === 0) return emptySet;
  for (const [element, left] of a) {
    const right = b.get(element);
    if (right === undefined) continue;
    const node = nodeOf(left, left.member && right.member, intersection(left.children, right.children));
    if (node !== undefined) result.set(element, node);
  }
  return result;
}

/** `a` with what `rule` makes of each element of `b`. */
function changed(
  a: FieldSet,
  b: FieldSet,
  rule: (left: FieldNode | undefined, right: FieldNode) => FieldNode | undefined,
): FieldSet {
  let result: Map<string, FieldNode> | undefined;
  for (const [element, right] of b) {
    const left = a.get(element);
    const node = rule(left, right);
    if (node === left) continue;
    result ??= new Map(a);
    if (node === undefined) result.delete(element);
    else result.set(element, node);
  }
  return result ?? a;
}

/** `left` when that is what it would be; undefined for a node that holds nothing. */
function nodeOf(left: FieldNode, member: boolean, children: FieldSet): FieldNode | undefined {
  if (member === left.member && children === left.children) return left;
  return member || children.size > 0 ? { member, children } : undefined;
}

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

/** Named fields first, then keys, values, indexes; each by their text. Elements of one level are nearly always of one kind. */
function sorted(set: FieldSet): readonly string[] {
  const elements = [...set.keys()];
  const kind = elements[0]?.[0];
  if (elements.every((element) => element[0] === kind)) return elements.sort();
  return elements.sort((a, b) => {
    const kinds = order.indexOf(a[0] ?? '') - order.indexOf(b[0] ?? '');
    return kinds !== 0 ? kinds : a < b ? -1 : a > b ? 1 : 0;
  });
}

/** The FieldsV1 form. */
export function encodeFields(set: FieldSet): JsonObject {
  const result: JsonObject = {};
  for (const element of sorted(set)) {
    const { member, children } = set.get(element) as FieldNode;
    // No element is called `__proto__`: each begins with its kind.
    result[element] =
      children.size === 0 ? {} : member ? { '.': {}, ...encodeFields(children) } : encodeFields(children);
  }
  return result;
}

/** Reads the FieldsV1 form; undefined when it is none. */
export function decodeFields(fields: unknown): FieldSet | undefined {
  if (!isObject(fields)) return undefined;
  const elements = Object.keys(fields);
  if (elements.length === 0) return emptySet;
  const result = new Map<string, FieldNode>();
  for (const element of elements) {
    if (element === '.') continue;
    const value = fields[element];
    const children = decodeFields(value);
    if (children === undefined || element[1] !== ':' || !order.includes(element[0] ?? '')) return undefined;
    if (children.size === 0) result.set(element, leafNode);
    else result.set(element, { member: Object.hasOwn(value as JsonObject, '.'), children });
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

/**
 * Sets of field paths, in the form that `metadata.managedFields` has them in: FieldsV1 (KEP-555). A path is a chain of elements:
 * `f:spec`, `k:{"name":"web"}` for a list item by its keys, `v:"a"` for a set's item, `i:0`. Under an element stands the set of the
 * paths below it. The element is a member itself when `.` stands there too, or nothing at all.
 */
import type { JsonObject } from '@skiff/api';
import { isObject } from '../values.ts';

/** Never changed once made: sets share what is the same, with each other and with the documents they came from. */
export interface FieldSet {
  readonly [element: string]: FieldSet;
}

/** No path. Under an element: it is a member, and nothing below it is. */
export const emptySet: FieldSet = Object.freeze({});

/** Marks a member with others below it. */
export const self = '.';

export function isEmpty(set: FieldSet): boolean {
  for (const _element in set) return false;
  return true;
}

export const isMember = (node: FieldSet): boolean => node[self] !== undefined || isEmpty(node);

/** The elements of a set, without the mark of the one above it. */
const elementsOf = (set: FieldSet): string[] => Object.keys(set).filter((element) => element !== self);

/** The set that holds exactly these paths. */
export const setOf = (...paths: readonly (readonly string[])[]): FieldSet =>
  paths.map((path) => path.reduceRight((below, element) => ({ [element]: below }), emptySet)).reduce(union, emptySet);

export function union(a: FieldSet, b: FieldSet): FieldSet {
  return changed(a, b, (left, right) =>
    left === undefined ? right : nodeOf(left, isMember(left) || isMember(right), union(left, right)),
  );
}

export function difference(a: FieldSet, b: FieldSet): FieldSet {
  return changed(a, b, (left, right) =>
    left === undefined ? undefined : nodeOf(left, isMember(left) && !isMember(right), difference(left, right)),
  );
}

/** `a` without the members of `b` and everything below them. */
export function recursiveDifference(a: FieldSet, b: FieldSet): FieldSet {
  return changed(a, b, (left, right) =>
    left === undefined || isMember(right) ? undefined : nodeOf(left, isMember(left), recursiveDifference(left, right)),
  );
}

export function intersection(a: FieldSet, b: FieldSet): FieldSet {
  const result: Record<string, FieldSet> = {};
  for (const element of elementsOf(b)) {
    const left = a[element];
    const right = b[element] as FieldSet;
    if (left === undefined) continue;
    const node = nodeOf(left, isMember(left) && isMember(right), intersection(left, right));
    if (node !== undefined) result[element] = node;
  }
  return result;
}

/** `a` with what `rule` makes of each element of `b`; `a` itself when that changes nothing. */
function changed(
  a: FieldSet,
  b: FieldSet,
  rule: (left: FieldSet | undefined, right: FieldSet) => FieldSet | undefined,
): FieldSet {
  let news: Map<string, FieldSet | undefined> | undefined;
  for (const element of elementsOf(b)) {
    const left = a[element];
    const node = rule(left, b[element] as FieldSet);
    if (node === left) continue;
    news ??= new Map();
    news.set(element, node);
  }
  if (news === undefined) return a;
  const result: Record<string, FieldSet> = {};
  for (const element in a) if (!news.has(element)) result[element] = a[element] as FieldSet;
  for (const [element, node] of news) if (node !== undefined) result[element] = node;
  return result;
}

/** What stands under an element that held `before`; undefined when that is nothing. */
function nodeOf(before: FieldSet, member: boolean, below: FieldSet): FieldSet | undefined {
  if (below === before && member === isMember(before)) return before;
  const elements = elementsOf(below);
  if (elements.length === 0) return member ? emptySet : undefined;
  const node: Record<string, FieldSet> = member ? { [self]: emptySet } : {};
  for (const element of elements) node[element] = below[element] as FieldSet;
  return node;
}

/** How many elements the set has on all levels: the keys of its FieldsV1 form. */
export function sizeOf(set: FieldSet): number {
  let size = 0;
  for (const element in set) size += 1 + sizeOf(set[element] as FieldSet);
  return size;
}

export function equalSets(a: FieldSet, b: FieldSet): boolean {
  const elements = Object.keys(a);
  if (elements.length !== Object.keys(b).length) return false;
  return elements.every((element) => {
    const other = b[element];
    return other !== undefined && equalSets(a[element] as FieldSet, other);
  });
}

/** Every path of the set, an element before what is below it. */
export function* pathsOf(set: FieldSet, above: readonly string[] = []): Generator<readonly string[]> {
  for (const element of inOrder(elementsOf(set))) {
    const node = set[element] as FieldSet;
    const path = [...above, element];
    if (isMember(node)) yield path;
    yield* pathsOf(node, path);
  }
}

const order = '.fkvi';

function compareElements(a: string, b: string): number {
  if (a[0] !== b[0]) return order.indexOf(a[0] ?? '') - order.indexOf(b[0] ?? '');
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Named fields first, then keys, values, indexes; each by their text. In place. */
const inOrder = (elements: string[]): string[] =>
  elements.some((element) => element[0] === 'i') ? elements.sort(compareElements) : elements.sort();

/** The set with every level in the order that it is written in; itself when it is so already, as a frozen one is. */
export const encodeFields = (set: FieldSet): FieldSet => (Object.isFrozen(set) ? set : ordered(set));

function ordered(set: FieldSet): FieldSet {
  const elements = Object.keys(set);
  if (elements.length === 0) return set;
  const isOrdered = elements.every(
    (element, index) => index === 0 || compareElements(elements[index - 1] ?? '', element) < 0,
  );
  let result: Record<string, FieldSet> = isOrdered ? set : {};
  for (const element of isOrdered ? elements : inOrder(elements)) {
    const node = ordered(set[element] as FieldSet);
    if (node === result[element]) continue;
    if (result === set) result = { ...set };
    result[element] = node;
  }
  return result;
}

/** The texts of sets that cannot change. */
const texts = new WeakMap<FieldSet, string>();

/** A frozen set as JSON, written once; undefined for all others. */
export function sharedText(set: FieldSet): string | undefined {
  let text = texts.get(set);
  if (text === undefined && Object.isFrozen(set)) {
    text = JSON.stringify(set);
    texts.set(set, text);
  }
  return text;
}

/** Reads what a document has; undefined when it is no FieldsV1. */
export function decodeFields(fields: unknown): FieldSet | undefined {
  const set = decodeNode(fields);
  if (set?.[self] === undefined) return set;
  const { [self]: _, ...below } = set;
  return below;
}

const elementForm = /^[fkvi]:/;

/** The node that a value is; the value itself when it is written as this server would write it. */
function decodeNode(value: unknown): FieldSet | undefined {
  if (!isObject(value)) return undefined;
  const elements = Object.keys(value);
  let node = value as unknown as Record<string, FieldSet>;
  for (const element of elements) {
    const given: unknown = node[element];
    const read = element === self ? readMark(given) : elementForm.test(element) ? decodeNode(given) : undefined;
    if (read === undefined) return undefined;
    if (read === given) continue;
    if (node === value) node = { ...node };
    node[element] = read;
  }
  return elements.length === 1 && elements[0] === self ? emptySet : node;
}

/** Whatever is written there, it is a mark. */
const readMark = (value: unknown): FieldSet =>
  isObject(value) && isEmpty(value as FieldSet) ? (value as FieldSet) : emptySet;

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

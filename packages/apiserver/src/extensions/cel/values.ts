/**
 * What CEL expressions compute with. Integers are bigint, doubles number; maps are plain objects (from JSON; own keys only) or
 * Map (from literals); the rest are the classes below.
 */
import { formatMicroTime } from '@skiff/api';

export type Value =
  | null
  | boolean
  | bigint
  | number
  | string
  | Uint8Array
  | readonly Value[]
  | ReadonlyMap<Value, Value>
  | { readonly [key: string]: Value }
  | Timestamp
  | Duration
  | TypeName
  | Optional
  | Opaque;

export type Kind =
  | 'null_type'
  | 'bool'
  | 'int'
  | 'double'
  | 'string'
  | 'bytes'
  | 'list'
  | 'map'
  | 'timestamp'
  | 'duration'
  | 'type'
  | 'optional'
  | OpaqueKind;

/** Kinds that libraries bring along. */
export type OpaqueKind =
  | 'quantity'
  | 'url'
  | 'ip'
  | 'cidr'
  | 'format'
  | 'authorizer'
  | 'path_check'
  | 'group_check'
  | 'resource_check'
  | 'decision';

export class Timestamp {
  readonly ms: number;
  constructor(ms: number) {
    this.ms = ms;
  }
}

export class Duration {
  readonly nanos: bigint;
  constructor(nanos: bigint) {
    this.nanos = nanos;
  }
}

export class TypeName {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

export class Optional {
  readonly value: Value | undefined;
  constructor(value: Value | undefined) {
    this.value = value;
  }
}

/** A value of a library: `compare` and `text` are what the operators need of it. */
export class Opaque {
  readonly kind: OpaqueKind;
  readonly inner: unknown;
  readonly text: string;
  constructor(kind: OpaqueKind, inner: unknown, text: string) {
    this.kind = kind;
    this.inner = inner;
    this.text = text;
  }
}

/** Why an expression has no value. */
export class CelError extends Error {
  override readonly name: string = 'CelError';
}

export function kindOf(value: Value): Kind {
  switch (typeof value) {
    case 'boolean':
      return 'bool';
    case 'bigint':
      return 'int';
    case 'number':
      return 'double';
    case 'string':
      return 'string';
  }
  if (value === null) return 'null_type';
  if (Array.isArray(value)) return 'list';
  if (value instanceof Uint8Array) return 'bytes';
  if (value instanceof Timestamp) return 'timestamp';
  if (value instanceof Duration) return 'duration';
  if (value instanceof TypeName) return 'type';
  if (value instanceof Optional) return 'optional';
  return value instanceof Opaque ? value.kind : 'map';
}

/** Lists with an identity of their items (x-kubernetes-list-type): they are equal in any order. */
const unordered = new WeakMap<readonly Value[], readonly string[]>();

/** Marks a list as a set (no keys), or as a map by `keys`. */
export function markUnordered(list: readonly Value[], keys: readonly string[]): void {
  unordered.set(list, keys);
}

export const entriesOf = (map: Value): readonly (readonly [Value, Value])[] =>
  map instanceof Map ? [...map.entries()] : Object.entries(map as Record<string, Value>);

export const sizeOfMap = (map: Value): number =>
  map instanceof Map ? map.size : Object.keys(map as Record<string, Value>).length;

/** The value under a key; undefined when there is none. */
export function lookUp(map: Value, key: Value): Value | undefined {
  if (map instanceof Map) {
    if (map.has(key)) return map.get(key);
    const wanted = typeof key === 'number' && Number.isInteger(key) ? BigInt(key) : key;
    return map.get(wanted);
  }
  const object = map as Record<string, Value>;
  return typeof key === 'string' && Object.hasOwn(object, key) ? object[key] : undefined;
}

export function equal(a: Value, b: Value): boolean {
  const [left, right] = [kindOf(a), kindOf(b)];
  if (left !== right) return isNumber(left) && isNumber(right) && Number(a) === Number(b);
  switch (left) {
    case 'list':
      return equalLists(a as readonly Value[], b as readonly Value[]);
    case 'map': {
      const entries = entriesOf(a);
      return (
        entries.length === sizeOfMap(b) &&
        entries.every(([key, value]) => {
          const other = lookUp(b, key);
          return other !== undefined && equal(value, other);
        })
      );
    }
    case 'bytes':
      return Buffer.compare(a as Uint8Array, b as Uint8Array) === 0;
    case 'timestamp':
      return (a as Timestamp).ms === (b as Timestamp).ms;
    case 'duration':
      return (a as Duration).nanos === (b as Duration).nanos;
    case 'type':
      return (a as TypeName).name === (b as TypeName).name;
    case 'optional': {
      const [x, y] = [(a as Optional).value, (b as Optional).value];
      return x === undefined || y === undefined ? x === y : equal(x, y);
    }
    default:
      return a instanceof Opaque ? a.text === (b as Opaque).text : a === b;
  }
}

const isNumber = (kind: Kind): boolean => kind === 'int' || kind === 'double';

function equalLists(a: readonly Value[], b: readonly Value[]): boolean {
  if (a.length !== b.length) return false;
  const keys = unordered.get(a);
  if (keys === undefined) return a.every((item, index) => equal(item, b[index] as Value));
  const index = new Map(b.map((item) => [identity(item, keys), item]));
  return a.every((item) => {
    const other = index.get(identity(item, keys));
    return other !== undefined && equal(item, other);
  });
}

/** What names an item of a list with identities. */
function identity(item: Value, keys: readonly string[]): string {
  if (keys.length === 0) return textOf(item);
  return keys.map((key) => textOf(kindOf(item) === 'map' ? (lookUp(item, key) ?? null) : item)).join('\0');
}

/** `a + b` of lists: of those with identities a union, in which the items of `b` take the place of those of `a`. */
export function concatenate(a: readonly Value[], b: readonly Value[]): readonly Value[] {
  const keys = unordered.get(a);
  if (keys === undefined) return [...a, ...b];
  const items = new Map(a.map((item) => [identity(item, keys), item]));
  for (const item of b) items.set(identity(item, keys), item);
  const made = [...items.values()];
  markUnordered(made, keys);
  return made;
}

/** Negative, zero or positive. Throws CelError for what has no order. */
export function compare(a: Value, b: Value): number {
  const [left, right] = [kindOf(a), kindOf(b)];
  if (isNumber(left) && isNumber(right)) return order(a as number, b as number);
  if (left !== right) throw new CelError('no such overload');
  switch (left) {
    case 'string':
      return Buffer.compare(Buffer.from(a as string), Buffer.from(b as string));
    case 'bool':
      return order(Number(a), Number(b));
    case 'bytes':
      return Buffer.compare(a as Uint8Array, b as Uint8Array);
    case 'timestamp':
      return order((a as Timestamp).ms, (b as Timestamp).ms);
    case 'duration':
      return order((a as Duration).nanos, (b as Duration).nanos);
    default:
      throw new CelError('no such overload');
  }
}

const order = <T extends number | bigint>(a: T, b: T): number => (a < b ? -1 : a > b ? 1 : 0);

/** Go's form of a duration in seconds: `3600s`, `1.5s`. */
export function durationText({ nanos }: Duration): string {
  const sign = nanos < 0n ? '-' : '';
  const all = nanos < 0n ? -nanos : nanos;
  const rest = String(all % 1_000_000_000n)
    .padStart(9, '0')
    .replace(/0+$/, '');
  return `${sign}${all / 1_000_000_000n}${rest === '' ? '' : `.${rest}`}s`;
}

export const timestampText = ({ ms }: Timestamp): string => formatMicroTime(ms).replace(/\.?0+Z$/, 'Z');

/** What `string()` and messages make of a value. */
export function textOf(value: Value): string {
  switch (kindOf(value)) {
    case 'string':
      return value as string;
    case 'bytes':
      return Buffer.from(value as Uint8Array).toString();
    case 'list':
      return `[${(value as readonly Value[]).map(textOf).join(', ')}]`;
    case 'map':
      return `{${entriesOf(value)
        .map(([key, each]) => `${textOf(key)}: ${textOf(each)}`)
        .sort()
        .join(', ')}}`;
    case 'timestamp':
      return timestampText(value as Timestamp);
    case 'duration':
      return durationText(value as Duration);
    case 'type':
      return (value as TypeName).name;
    case 'optional':
      return (value as Optional).value === undefined ? 'optional.none()' : textOf((value as Optional).value as Value);
    default:
      return value instanceof Opaque ? value.text : String(value);
  }
}

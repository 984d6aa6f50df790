/** Functions of expressions, each written with its signature: `string.contains(string): bool`, `isURL(string): bool`. */
import type { Budget } from './budget.ts';
import { type Kind, kindOf, type Value } from './values.ts';

export type Param = Kind | 'dyn';

export interface Overload {
  readonly name: string;
  /** Undefined for functions that stand alone. */
  readonly receiver: Param | undefined;
  readonly params: readonly Param[];
  readonly result: Param;
  /** The receiver, if any, comes first. Throws CelError. */
  readonly run: (args: readonly Value[], budget: Budget) => Value;
}

/** Reads a signature. Namespaced functions (`optional.of`, `cidr.x`) have the namespace in their name. */
export function overload(signature: string, run: (...args: never[]) => Value): Overload {
  const match = /^(?:(\w+)\.)?([\w.]+)\((.*)\): (\w+)$/.exec(signature);
  if (match === null) throw new Error(`${signature} is no signature`);
  const [, receiver, name = '', params = '', result = 'dyn'] = match;
  const isNamespace = receiver !== undefined && receiver !== 'ip' && namespaces.has(receiver);
  return {
    name: isNamespace ? `${receiver}.${name}` : name,
    receiver: isNamespace ? undefined : (receiver as Param | undefined),
    params: params === '' ? [] : (params.split(', ') as Param[]),
    result: result as Param,
    run: (args, budget) => run(...([...args, budget] as never[])),
  };
}

/** Names that stand before a dot and are no value; `ip` is a type as well. */
export const namespaces: ReadonlySet<string> = new Set([
  'optional',
  'math',
  'sets',
  'strings',
  'base64',
  'cel',
  'format',
  'ip',
]);

export type FunctionTable = ReadonlyMap<string, readonly Overload[]>;

export const functionKey = (name: string, isMember: boolean, count: number): string =>
  `${isMember ? '.' : ''}${name}/${count}`;

export function functionTable(overloads: readonly Overload[]): FunctionTable {
  const table = new Map<string, Overload[]>();
  for (const each of overloads) {
    const key = functionKey(each.name, each.receiver !== undefined, each.params.length);
    const list = table.get(key);
    if (list === undefined) table.set(key, [each]);
    else list.push(each);
  }
  return table;
}

const fits = (param: Param | undefined, kind: Param): boolean =>
  param === undefined || param === 'dyn' || kind === 'dyn' || param === kind;

/** The overload for operands of these kinds; `dyn` fits all. */
export function chooseOverload(overloads: readonly Overload[], kinds: readonly Param[]): Overload | undefined {
  return overloads.find(({ receiver, params }) => {
    const wanted = receiver === undefined ? params : [receiver, ...params];
    return wanted.every((param, index) => fits(param, kinds[index] ?? 'dyn'));
  });
}

export const kindsOf = (values: readonly Value[]): readonly Kind[] => values.map(kindOf);

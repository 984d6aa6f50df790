/** Kubernetes' functions on lists, and cel-go's sets and math extensions. */
import type { Budget } from '../budget.ts';
import { type Overload, overload } from '../signature.ts';
import { CelError, compare, Duration, equal, kindOf, type Value } from '../values.ts';

type List = readonly Value[];

function isSorted(list: List, budget: Budget): boolean {
  budget.spend(list.length);
  return list.every((item, index) => index === 0 || compare(list[index - 1] as Value, item) <= 0);
}

function sum(list: List, budget: Budget): Value {
  budget.spend(list.length);
  if (list.every((each) => typeof each === 'bigint')) return list.reduce((total, each) => total + each, 0n);
  if (list.every((each) => typeof each === 'number')) return list.reduce((total, each) => total + each, 0);
  if (list.every((each) => each instanceof Duration)) {
    return new Duration(list.reduce((total, each) => total + each.nanos, 0n));
  }
  throw new CelError('no such overload');
}

function extreme(list: List, sign: number, name: string, budget: Budget): Value {
  budget.spend(list.length);
  const [first, ...rest] = list;
  if (first === undefined) throw new CelError(`${name} called on empty list`);
  return rest.reduce<Value>((best, each) => (compare(each, best) * sign > 0 ? each : best), first);
}

function indexOf(list: List, wanted: Value, budget: Budget): bigint {
  budget.spend(list.length);
  return BigInt(list.findIndex((each) => equal(each, wanted)));
}

function lastIndexOf(list: List, wanted: Value, budget: Budget): bigint {
  budget.spend(list.length);
  return BigInt(list.findLastIndex((each) => equal(each, wanted)));
}

function contains(list: List, wanted: List, budget: Budget): boolean {
  budget.spend(list.length * wanted.length);
  return wanted.every((each) => list.some((other) => equal(other, each)));
}

const numbers = (values: List): List => {
  if (!values.every((each) => kindOf(each) === 'int' || kindOf(each) === 'double'))
    throw new CelError('no such overload');
  return values;
};

const mathOf = (name: string, sign: number): readonly Overload[] => [
  overload(`math.${name}(list): dyn`, (list: List, budget: Budget) => extreme(numbers(list), sign, name, budget)),
  overload(`math.${name}(dyn): dyn`, (value: Value) => numbers([value])[0] ?? null),
  overload(`math.${name}(dyn, dyn): dyn`, (a: Value, b: Value, budget: Budget) =>
    extreme(numbers([a, b]), sign, name, budget),
  ),
  overload(`math.${name}(dyn, dyn, dyn): dyn`, (a: Value, b: Value, c: Value, budget: Budget) =>
    extreme(numbers([a, b, c]), sign, name, budget),
  ),
];

export const listFunctions: readonly Overload[] = [
  overload('list.isSorted(): bool', isSorted),
  overload('list.sum(): dyn', sum),
  overload('list.min(): dyn', (list: List, budget: Budget) => extreme(list, -1, 'min', budget)),
  overload('list.max(): dyn', (list: List, budget: Budget) => extreme(list, 1, 'max', budget)),
  overload('list.indexOf(dyn): int', indexOf),
  overload('list.lastIndexOf(dyn): int', lastIndexOf),
  overload('sets.contains(list, list): bool', contains),
  overload(
    'sets.equivalent(list, list): bool',
    (a: List, b: List, budget: Budget) => contains(a, b, budget) && contains(b, a, budget),
  ),
  overload('sets.intersects(list, list): bool', (a: List, b: List, budget: Budget) => {
    budget.spend(a.length * b.length);
    return a.some((each) => b.some((other) => equal(each, other)));
  }),
  ...mathOf('greatest', 1),
  ...mathOf('least', -1),
];

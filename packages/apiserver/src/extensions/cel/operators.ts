/** The operators of expressions on values that are there. */
import type { Budget } from './budget.ts';
import {
  CelError,
  compare,
  concatenate,
  Duration,
  entriesOf,
  equal,
  kindOf,
  lookUp,
  Timestamp,
  type Value,
} from './values.ts';

export function negated(value: Value, budget: Budget): Value {
  budget.spend(1);
  if (typeof value === 'bigint') return checked(-value);
  if (typeof value === 'number') return -value;
  throw new CelError('no such overload');
}

function checked(value: bigint): bigint {
  if (BigInt.asIntN(64, value) !== value) throw new CelError('integer overflow');
  return value;
}

/** Work of comparing: texts by length, lists and maps by all they hold. */
function weight(value: Value): number {
  if (typeof value === 'string') return Math.ceil(value.length * 0.1);
  if (Array.isArray(value)) return (value as readonly Value[]).reduce<number>((sum, each) => sum + weight(each), 1);
  if (kindOf(value) === 'map') return entriesOf(value).reduce((sum, [, each]) => sum + weight(each), 1);
  return 1;
}

export function binary(op: string, a: Value, b: Value, budget: Budget): Value {
  budget.spend(1);
  switch (op) {
    case '==':
      budget.spend(Math.min(weight(a), weight(b)));
      return equal(a, b);
    case '!=':
      budget.spend(Math.min(weight(a), weight(b)));
      return !equal(a, b);
    case 'in':
      return contains(a, b, budget);
    case '<':
      return compare(a, b) < 0;
    case '<=':
      return compare(a, b) <= 0;
    case '>':
      return compare(a, b) > 0;
    case '>=':
      return compare(a, b) >= 0;
    case '+':
      return sum(a, b, budget);
    default:
      return arithmetic(op, a, b);
  }
}

function contains(a: Value, b: Value, budget: Budget): boolean {
  if (Array.isArray(b)) {
    budget.spend(weight(b));
    return (b as readonly Value[]).some((each) => equal(each, a));
  }
  if (kindOf(b) === 'map') return lookUp(b, a) !== undefined;
  throw new CelError('no such overload');
}

function sum(a: Value, b: Value, budget: Budget): Value {
  if (typeof a === 'string' && typeof b === 'string') {
    budget.spendTraversal(a.length + b.length);
    return a + b;
  }
  if (Array.isArray(a) && Array.isArray(b)) {
    budget.spend(a.length + b.length);
    return concatenate(a as readonly Value[], b as readonly Value[]);
  }
  if (a instanceof Uint8Array && b instanceof Uint8Array) {
    budget.spendTraversal(a.length + b.length);
    return new Uint8Array(Buffer.concat([a, b]));
  }
  if (a instanceof Timestamp && b instanceof Duration) return new Timestamp(a.ms + Number(b.nanos) / 1e6);
  if (a instanceof Duration && b instanceof Timestamp) return new Timestamp(b.ms + Number(a.nanos) / 1e6);
  if (a instanceof Duration && b instanceof Duration) return new Duration(checked(a.nanos + b.nanos));
  return arithmetic('+', a, b);
}

function arithmetic(op: string, a: Value, b: Value): Value {
  if (op === '-' && a instanceof Timestamp) {
    if (b instanceof Timestamp) return new Duration(BigInt(Math.round((a.ms - b.ms) * 1e6)));
    if (b instanceof Duration) return new Timestamp(a.ms - Number(b.nanos) / 1e6);
  }
  if (op === '-' && a instanceof Duration && b instanceof Duration) return new Duration(checked(a.nanos - b.nanos));
  if (typeof a === 'bigint' && typeof b === 'bigint') return integers(op, a, b);
  if (typeof a === 'number' && typeof b === 'number') return doubles(op, a, b);
  throw new CelError('no such overload');
}

function integers(op: string, a: bigint, b: bigint): bigint {
  switch (op) {
    case '+':
      return checked(a + b);
    case '-':
      return checked(a - b);
    case '*':
      return checked(a * b);
    case '/':
      if (b === 0n) throw new CelError('division by zero');
      return checked(a / b);
    case '%':
      if (b === 0n) throw new CelError('modulus by zero');
      return a % b;
    default:
      throw new CelError('no such overload');
  }
}

function doubles(op: string, a: number, b: number): number {
  switch (op) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      return a / b;
    default:
      throw new CelError('no such overload');
  }
}

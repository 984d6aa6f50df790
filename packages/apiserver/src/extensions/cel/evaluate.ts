/** What an expression comes to: cel-spec's semantics, each operation paid for before it is done. */
import { type Budget, BudgetExceeded } from './budget.ts';
import { binary, negated } from './operators.ts';
import { chooseOverload, type FunctionTable, functionKey, kindsOf, namespaces } from './signature.ts';
import {
  type Comprehension,
  callOf,
  comprehensionOf,
  fieldOf,
  itemsOf,
  memberCallOf,
  type Node,
  nameOf,
  operandOf,
  operandsOf,
  pairsOf,
  qualifiedName,
  unescapeName,
} from './syntax.ts';
import { CelError, entriesOf, kindOf, lookUp, Optional, sizeOfMap, TypeName, type Value } from './values.ts';

/** What names mean; inner scopes hide outer ones. */
export interface Scope {
  get(name: string): Value | undefined;
}

export interface Evaluation {
  readonly functions: FunctionTable;
  readonly budget: Budget;
}

const typeIdents = new Set(['bool', 'int', 'uint', 'double', 'string', 'bytes', 'list', 'map', 'null_type', 'type']);

const extended = (scope: Scope, names: ReadonlyMap<string, Value>): Scope => ({
  get: (name) => (names.has(name) ? names.get(name) : scope.get(name)),
});

/** Throws CelError when there is no value, BudgetExceeded when it costs too much. */
export function evaluate(node: Node, scope: Scope, on: Evaluation): Value {
  switch (node.op) {
    case 'value':
      return literal(node.args);
    case 'id':
      return identifier(node, scope, on);
    case '.':
    case '.?':
      return select(node, scope, on);
    case '[]':
    case '[?]':
      return index(node, scope, on);
    case 'call':
      return call(node, scope, on);
    case 'rcall':
      return memberCall(node, scope, on);
    case 'list':
      on.budget.spend(10);
      return listOf(itemsOf(node), scope, on);
    case 'map':
      on.budget.spend(30);
      return new Map(pairsOf(node).map(([key, value]) => [evaluate(key, scope, on), evaluate(value, scope, on)]));
    case '?:': {
      const [condition, then, otherwise] = operandsOf(node);
      return truth(evaluate(condition, scope, on)) ? evaluate(then, scope, on) : evaluate(otherwise, scope, on);
    }
    case '&&':
    case '||':
      return logic(node, scope, on);
    case '!_':
      on.budget.spend(1);
      return !truth(evaluate(operandOf(node), scope, on));
    case '-_':
      return negated(evaluate(operandOf(node), scope, on), on.budget);
    default: {
      const [left, right] = operandsOf(node);
      return binary(node.op, evaluate(left, scope, on), evaluate(right, scope, on), on.budget);
    }
  }
}

/** The library keeps unsigned literals in a class of its own. */
function literal(value: unknown): Value {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value as Value;
  return BigInt((value as { valueOf(): bigint }).valueOf());
}

function identifier(node: Node, scope: Scope, { budget }: Evaluation): Value {
  budget.spend(1);
  const name = node.args as string;
  const value = scope.get(name);
  if (value !== undefined) return value;
  if (typeIdents.has(name)) return new TypeName(name);
  throw new CelError(`no such attribute(s): ${name}`);
}

function truth(value: Value): boolean {
  if (typeof value !== 'boolean') throw new CelError('no such overload');
  return value;
}

const listOf = (nodes: readonly Node[], scope: Scope, on: Evaluation): readonly Value[] =>
  nodes.map((each) => evaluate(each, scope, on));

function fieldValue(value: Value, name: string): Value | undefined {
  if (kindOf(value) !== 'map') throw new CelError(`no such key: ${name}`);
  return lookUp(value, name) ?? lookUp(value, unescapeName(name));
}

function select(node: Node, scope: Scope, on: Evaluation): Value {
  const [operand, name] = fieldOf(node);
  const qualified = typeConstant(node);
  if (qualified !== undefined) return qualified;
  const variable = scope.get(qualifiedName(node));
  if (variable !== undefined) {
    on.budget.spend(1);
    return variable;
  }
  const value = evaluate(operand, scope, on);
  on.budget.spend(1);
  if (value instanceof Optional || node.op === '.?') {
    const inner = value instanceof Optional ? value.value : value;
    return new Optional(inner === undefined || inner === null ? undefined : fieldValue(inner, name));
  }
  const found = fieldValue(value, name);
  if (found === undefined) throw new CelError(`no such key: ${name}`);
  return found;
}

/** `google.protobuf.Timestamp` and its like, as the names of types. */
function typeConstant(node: Node): TypeName | undefined {
  const [operand, name] = fieldOf(node);
  if (operand.op === '.' && (name === 'Timestamp' || name === 'Duration')) {
    const [root, middle] = fieldOf(operand);
    if (nameOf(root) === 'google' && middle === 'protobuf') return new TypeName(`google.protobuf.${name}`);
  }
  return undefined;
}

function index(node: Node, scope: Scope, on: Evaluation): Value {
  const [operand, key] = operandsOf(node);
  const value = evaluate(operand, scope, on);
  const at = evaluate(key, scope, on);
  on.budget.spend(1);
  if (value instanceof Optional || node.op === '[?]') {
    const inner = value instanceof Optional ? value.value : value;
    return new Optional(inner === undefined ? undefined : element(inner, at));
  }
  const found = element(value, at);
  if (found !== undefined) return found;
  throw new CelError(kindOf(value) === 'list' ? `index out of bounds: ${String(at)}` : `no such key: ${String(at)}`);
}

function element(value: Value, at: Value): Value | undefined {
  if (Array.isArray(value)) {
    const place = typeof at === 'bigint' ? Number(at) : at;
    if (typeof place !== 'number') throw new CelError('unsupported index type in list');
    return place < 0 ? undefined : (value as readonly Value[])[place];
  }
  if (kindOf(value) !== 'map') throw new CelError('no such overload');
  return lookUp(value, at);
}

function call(node: Node, scope: Scope, on: Evaluation): Value {
  const [name, args] = callOf(node);
  const [only] = args;
  if (name === 'has' && only !== undefined) return has(only, scope, on);
  return invoke(name, false, listOf(args, scope, on), on);
}

function has(node: Node, scope: Scope, on: Evaluation): boolean {
  on.budget.spend(1);
  const [operand, name] = fieldOf(node);
  const value = evaluate(operand, scope, on);
  const inner = value instanceof Optional ? value.value : value;
  if (inner === undefined) return false;
  return fieldValue(inner, name) !== undefined;
}

function memberCall(node: Node, scope: Scope, on: Evaluation): Value {
  const [name, receiver, args] = memberCallOf(node);
  const space = nameOf(receiver);
  if (space !== undefined && namespaces.has(space) && scope.get(space) === undefined) {
    if (space === 'cel' && name === 'bind') return bind(args, scope, on);
    return invoke(`${space}.${name}`, false, listOf(args, scope, on), on);
  }
  const macro = comprehensionOf(node);
  if (macro !== undefined) return comprehend(macro, scope, on);
  const value = evaluate(receiver, scope, on);
  const optional = value instanceof Optional ? optionalCall(name, value, args, scope, on) : undefined;
  return optional ?? invoke(name, true, [value, ...listOf(args, scope, on)], on);
}

function bind([variable, value, body]: readonly Node[], scope: Scope, on: Evaluation): Value {
  const name = nameOf(variable);
  if (name === undefined || value === undefined || body === undefined) throw new CelError('no such overload');
  return evaluate(body, extended(scope, new Map([[name, evaluate(value, scope, on)]])), on);
}

function optionalCall(
  name: string,
  optional: Optional,
  args: readonly Node[],
  scope: Scope,
  on: Evaluation,
): Value | undefined {
  on.budget.spend(1);
  const { value } = optional;
  const [first, second] = args;
  switch (name) {
    case 'value':
      if (value === undefined) throw new CelError('optional.none() dereference');
      return value;
    case 'or':
      return value !== undefined || first === undefined ? optional : evaluate(first, scope, on);
    case 'orValue':
      return value !== undefined || first === undefined ? value : evaluate(first, scope, on);
    case 'optMap':
    case 'optFlatMap': {
      const variable = nameOf(first);
      if (variable === undefined || second === undefined) return undefined;
      if (value === undefined) return optional;
      const result = evaluate(second, extended(scope, new Map([[variable, value]])), on);
      return name === 'optMap' ? new Optional(result) : result;
    }
    default:
      return undefined;
  }
}

function invoke(name: string, isMember: boolean, args: readonly Value[], on: Evaluation): Value {
  on.budget.spend(1);
  const overloads = on.functions.get(functionKey(name, isMember, isMember ? args.length - 1 : args.length));
  const chosen = overloads === undefined ? undefined : chooseOverload(overloads, kindsOf(args));
  if (chosen === undefined) throw new CelError('no such overload');
  return chosen.run(args, on.budget);
}

/** The items of a range, each as the values of the macro's variables. */
function itemsIn(range: Value, count: number): readonly (readonly Value[])[] {
  if (Array.isArray(range)) {
    return (range as readonly Value[]).map((item, place) => (count === 1 ? [item] : [BigInt(place), item]));
  }
  if (kindOf(range) !== 'map') throw new CelError('no such overload');
  return entriesOf(range).map(([key, value]) => (count === 1 ? [key] : [key, value]));
}

function comprehend(macro: Comprehension, scope: Scope, on: Evaluation): Value {
  const { name, variables } = macro;
  const range = evaluate(macro.range, scope, on);
  const size = Array.isArray(range) ? range.length : kindOf(range) === 'map' ? sizeOfMap(range) : 0;
  on.budget.spend(size);
  const items = itemsIn(range, variables.length);
  // One scope for all items: evaluation is synchronous, and nothing keeps it.
  let current: readonly Value[] = [];
  const itemScope: Scope = {
    get(wanted) {
      const place = variables.lastIndexOf(wanted);
      return place < 0 ? scope.get(wanted) : (current[place] ?? null);
    },
  };
  const inner = (values: readonly Value[]): Scope => {
    current = values;
    return itemScope;
  };
  const [body, second] = macro.bodies as readonly [Node, Node | undefined];
  const holds = (values: readonly Value[]): boolean => truth(evaluate(body, inner(values), on));
  switch (name) {
    case 'all':
      return quantified(items, holds, false);
    case 'exists':
      return quantified(items, holds, true);
    case 'exists_one':
    case 'existsOne':
      return items.filter(holds).length === 1;
    case 'filter':
      return items.filter(holds).map(([item]) => item ?? null);
    default: {
      const kept = second === undefined ? items : items.filter(holds);
      const made = kept.map((values) => evaluate(second ?? body, inner(values), on));
      if (name !== 'transformMap') return made;
      return new Map(kept.map(([key], place) => [key ?? null, made[place] ?? null]));
    }
  }
}

/** `all` ends at the first false, `exists` at the first true; a fault counts only when nothing ended it. */
function quantified(
  items: readonly (readonly Value[])[],
  holds: (values: readonly Value[]) => boolean,
  ending: boolean,
): boolean {
  let fault: unknown;
  for (const values of items) {
    try {
      if (holds(values) === ending) return ending;
    } catch (error) {
      if (!(error instanceof CelError) || error instanceof BudgetExceeded) throw error;
      fault ??= error;
    }
  }
  if (fault !== undefined) throw fault;
  return !ending;
}

/** Either side may decide alone, whatever is wrong with the other. */
function logic(node: Node, scope: Scope, on: Evaluation): boolean {
  on.budget.spend(1);
  const [left, right] = operandsOf(node);
  const ending = node.op === '||';
  let fault: unknown;
  try {
    if (truth(evaluate(left, scope, on)) === ending) return ending;
  } catch (error) {
    if (!(error instanceof CelError) || error instanceof BudgetExceeded) throw error;
    fault = error;
  }
  if (truth(evaluate(right, scope, on)) === ending) return ending;
  if (fault !== undefined) throw fault;
  return !ending;
}

/**
 * Whether an expression makes sense, what kind of value it has, and what it may cost at most: cel-go's checker and cost
 * estimator, on the sizes that a schema allows.
 */
import { patternFault } from '../schema/pattern.ts';
import { binaryCost, binaryType, functionCost, isA, resultType, unified } from './operations.ts';
import { chooseOverload, type FunctionTable, functionKey, namespaces } from './signature.ts';
import {
  type Comprehension,
  callOf,
  comprehensionOf,
  fieldOf,
  itemsOf,
  located,
  memberCallOf,
  type Node,
  nameOf,
  operandOf,
  operandsOf,
  pairsOf,
  qualifiedName,
  unescapeName,
} from './syntax.ts';
import { bool, dyn, fieldType, simple, type Type, typeName } from './types.ts';

export interface Estimate {
  readonly type: Type;
  /** At most, in units of cost. */
  readonly cost: number;
}

/** Why an expression makes no sense, in cel-go's form. */
export class CelCheckError extends Error {
  override readonly name = 'CelCheckError';
}

export interface CheckOptions {
  /** The expression's text, for messages. */
  readonly text: string;
  readonly functions: FunctionTable;
}

type Names = ReadonlyMap<string, Type>;

const typeIdents = new Set(['bool', 'int', 'uint', 'double', 'string', 'bytes', 'list', 'map', 'null_type', 'type']);

/** What each round of a macro that makes a bool costs besides its body. */
const testCosts: Readonly<Record<string, number>> = { all: 3, exists: 4, exists_one: 2, existsOne: 2 };

/** Throws CelCheckError. */
export function check(root: Node, variables: Names, options: CheckOptions): Estimate {
  return new Checker(options).visit(root, variables);
}

class Checker {
  readonly #options: CheckOptions;

  constructor(options: CheckOptions) {
    this.#options = options;
  }

  visit(node: Node, names: Names): Estimate {
    switch (node.op) {
      case 'value':
        return { type: literalType(node.args), cost: 0 };
      case 'id':
        return this.#identifier(node, names);
      case '.':
      case '.?':
        return this.#select(node, names);
      case '[]':
      case '[?]':
        return this.#index(node, names);
      case 'call':
        return this.#call(node, names);
      case 'rcall':
        return this.#memberCall(node, names);
      case 'list':
        return this.#list(node, names);
      case 'map':
        return this.#map(node, names);
      case '?:':
        return this.#conditional(node, names);
      case '!_':
      case '-_':
        return this.#unary(node, names);
      default:
        return this.#binary(node, names);
    }
  }

  #fail(node: Node, what: string): never {
    throw new CelCheckError(located(this.#options.text, node.pos, what));
  }

  #identifier(node: Node, names: Names): Estimate {
    const name = node.args as string;
    const type = names.get(name);
    if (type !== undefined) return { type, cost: 1 };
    if (typeIdents.has(name)) return { type: simple('type'), cost: 1 };
    return this.#fail(node, `undeclared reference to '${name}' (in container '')`);
  }

  #select(node: Node, names: Names): Estimate {
    const [operand, name] = fieldOf(node);
    if (isProtobufType(operand, name)) return { type: simple('type'), cost: 1 };
    const qualified = names.get(qualifiedName(node));
    if (qualified !== undefined) return { type: qualified, cost: 1 };
    const of = this.visit(operand, names);
    const cost = of.cost + 1;
    if (of.type.kind === 'optional' || node.op === '.?') return { type: simple('optional', dyn.max), cost };
    return { type: this.#field(of.type, name, { ...node, pos: node.pos - 1 }), cost };
  }

  #field(type: Type, name: string, node: Node): Type {
    if (type.kind === 'dyn') return dyn;
    if (type.kind !== 'map') return this.#fail(node, `type '${typeName(type)}' does not support field selection`);
    if (type.schema === undefined && type.fields === undefined) return type.item ?? dyn;
    return (
      fieldType(type, name) ?? fieldType(type, unescapeName(name)) ?? this.#fail(node, `undefined field '${name}'`)
    );
  }

  #index(node: Node, names: Names): Estimate {
    const [operand, key] = operandsOf(node);
    const of = this.visit(operand, names);
    const at = this.visit(key, names);
    const cost = of.cost + at.cost + 1;
    if (of.type.kind === 'optional' || node.op === '[?]') return { type: simple('optional', dyn.max), cost };
    if (of.type.kind === 'list' && ['int', 'dyn', 'double'].includes(at.type.kind))
      return { type: of.type.item ?? dyn, cost };
    if (of.type.kind === 'map') return { type: of.type.item ?? dyn, cost };
    if (of.type.kind === 'dyn') return { type: dyn, cost };
    return this.#noOverload(node, '_[_]', [of.type, at.type]);
  }

  #noOverload(node: Node, name: string, types: readonly Type[], receiver?: Type): never {
    const list = `(${types.map(typeName).join(', ')})`;
    const applied = receiver === undefined ? list : `${typeName(receiver)}.${list}`;
    return this.#fail(node, `found no matching overload for '${name}' applied to '${applied}'`);
  }

  #call(node: Node, names: Names): Estimate {
    const [name, args] = callOf(node);
    const [only] = args;
    if (name === 'has') {
      if (only === undefined || args.length !== 1 || only.op !== '.')
        this.#fail(node, 'invalid argument to has() macro');
      // The test itself is free: only what leads to the field costs.
      return { type: bool, cost: this.visit(only, names).cost - 1 };
    }
    return this.#function(
      node,
      name,
      undefined,
      args.map((each) => this.visit(each, names)),
    );
  }

  #memberCall(node: Node, names: Names): Estimate {
    const [name, receiver, args] = memberCallOf(node);
    const space = nameOf(receiver);
    if (space !== undefined && namespaces.has(space) && !names.has(space)) {
      if (space === 'cel' && name === 'bind') return this.#bind(node, args, names);
      return this.#function(
        node,
        `${space}.${name}`,
        undefined,
        args.map((each) => this.visit(each, names)),
      );
    }
    const macro = comprehensionOf(node);
    if (macro !== undefined) return this.#comprehension(node, macro, names);
    const of = this.visit(receiver, names);
    if (of.type.kind === 'optional' || of.type.kind === 'dyn') {
      const optional = this.#optionalCall(name, of, args, names);
      if (optional !== undefined) return optional;
    }
    this.#checkPattern(name, args);
    return this.#function(
      node,
      name,
      of,
      args.map((each) => this.visit(each, names)),
    );
  }

  /** A pattern that stands in the expression itself is judged with it. */
  #checkPattern(name: string, [pattern]: readonly Node[]): void {
    if (name !== 'matches' || pattern?.op !== 'value' || typeof pattern.args !== 'string') return;
    if (patternFault(pattern.args) !== undefined) this.#fail(pattern, 'invalid matches argument');
  }

  #bind(node: Node, [variable, value, body]: readonly Node[], names: Names): Estimate {
    const name = nameOf(variable);
    if (name === undefined || value === undefined || body === undefined) {
      return this.#fail(node, 'cel.bind() variable names must be simple identifiers');
    }
    const bound = this.visit(value, names);
    const result = this.visit(body, new Map([...names, [name, bound.type]]));
    return { type: result.type, cost: bound.cost + result.cost + 1 };
  }

  #optionalCall(name: string, of: Estimate, args: readonly Node[], names: Names): Estimate | undefined {
    const [first, second] = args;
    if (name === 'value' && args.length === 0) return { type: dyn, cost: of.cost + 1 };
    if ((name === 'or' || name === 'orValue') && first !== undefined && args.length === 1) {
      const other = this.visit(first, names);
      return { type: name === 'or' ? of.type : other.type, cost: of.cost + other.cost + 1 };
    }
    const variable = nameOf(first);
    if ((name !== 'optMap' && name !== 'optFlatMap') || variable === undefined || second === undefined)
      return undefined;
    const body = this.visit(second, new Map([...names, [variable, dyn]]));
    return { type: simple('optional', dyn.max), cost: of.cost + body.cost + 1 };
  }

  #comprehension(node: Node, macro: Comprehension, names: Names): Estimate {
    const range = this.visit(macro.range, names);
    const { kind, item = dyn, max } = range.type;
    if (kind !== 'list' && kind !== 'map' && kind !== 'dyn') {
      const what = `expression of type '${typeName(range.type)}' cannot be range of a comprehension (must be list, map, or dynamic)`;
      return this.#fail(macro.range, what);
    }
    const key = kind === 'map' ? simple('string', 0) : kind === 'list' ? simple('int') : dyn;
    const single = kind === 'map' ? key : kind === 'list' ? item : dyn;
    const types = macro.variables.length === 1 ? [single] : [key, item];
    const inner = new Map([...names, ...macro.variables.map((name, place) => [name, types[place] ?? dyn] as const)]);
    const bodies = macro.bodies.map((each) => this.visit(each, inner));
    const [first, second] = bodies as unknown as readonly [Estimate, Estimate | undefined];
    const builds = !(macro.name in testCosts);
    const loop = testCosts[macro.name] ?? (macro.name === 'filter' ? 13 : 12);
    const each = bodies.reduce((sum, body) => sum + body.cost, loop);
    const isTest = macro.name === 'filter' || !builds || second !== undefined;
    if (isTest && first.type.kind !== 'bool' && first.type.kind !== 'dyn') {
      this.#noOverload(node, builds ? '_?_:_' : '_&&_', [first.type]);
    }
    const cost = range.cost + max * each + (builds ? 11 : 2);
    if (!builds) return { type: bool, cost };
    if (macro.name === 'transformMap') return { type: { kind: 'map', max, item: (second ?? first).type }, cost };
    const made = macro.name === 'filter' ? (macro.variables.length === 1 ? single : item) : (second ?? first).type;
    return { type: { kind: 'list', max, item: made }, cost };
  }

  #function(node: Node, name: string, receiver: Estimate | undefined, args: readonly Estimate[]): Estimate {
    const isMember = receiver !== undefined;
    const overloads = this.#options.functions.get(functionKey(name, isMember, args.length));
    const all = receiver === undefined ? args : [receiver, ...args];
    if (overloads === undefined) {
      const isKnown = [...this.#options.functions.keys()].some((key) =>
        key.startsWith(`${isMember ? '.' : ''}${name}/`),
      );
      if (!isKnown) return this.#fail(node, `undeclared reference to '${name}' (in container '')`);
      return this.#noOverload(
        node,
        name,
        args.map((each) => each.type),
        receiver?.type,
      );
    }
    const chosen = chooseOverload(
      overloads,
      all.map((each) => each.type.kind),
    );
    if (chosen === undefined)
      return this.#noOverload(
        node,
        name,
        args.map((each) => each.type),
        receiver?.type,
      );
    const isSure = overloads.every((each) => each.result === chosen.result);
    const cost =
      all.reduce((sum, each) => sum + each.cost, 0) +
      functionCost(
        name,
        all.map((each) => each.type),
      );
    return {
      type: resultType(
        name,
        isSure ? chosen.result : 'dyn',
        all.map((each) => each.type),
      ),
      cost,
    };
  }

  #list(node: Node, names: Names): Estimate {
    const items = itemsOf(node).map((each) => this.visit(each, names));
    const cost = items.reduce((sum, each) => sum + each.cost, 10);
    return {
      type: {
        kind: 'list',
        max: items.length,
        item: items.map((each) => each.type).reduce(unified, items[0]?.type ?? dyn),
      },
      cost,
    };
  }

  #map(node: Node, names: Names): Estimate {
    const pairs = pairsOf(node).map(([key, value]) => [this.visit(key, names), this.visit(value, names)] as const);
    const cost = pairs.reduce((sum, [key, value]) => sum + key.cost + value.cost, 30);
    const first = pairs[0]?.[1].type ?? dyn;
    return {
      type: { kind: 'map', max: pairs.length, item: pairs.map(([, value]) => value.type).reduce(unified, first) },
      cost,
    };
  }

  #conditional(node: Node, names: Names): Estimate {
    const [condition, then, otherwise] = operandsOf(node).map((each) => this.visit(each, names)) as unknown as [
      Estimate,
      Estimate,
      Estimate,
    ];
    if (!isA(condition.type, 'bool')) this.#noOverload(node, '_?_:_', [condition.type, then.type, otherwise.type]);
    const isNull = then.type.kind === 'null_type' || otherwise.type.kind === 'null_type';
    if (!isNull && !isA(then.type, otherwise.type.kind)) {
      this.#noOverload(node, '_?_:_', [condition.type, then.type, otherwise.type]);
    }
    return { type: unified(then.type, otherwise.type), cost: condition.cost + Math.max(then.cost, otherwise.cost) };
  }

  #unary(node: Node, names: Names): Estimate {
    const of = this.visit(operandOf(node), names);
    const isFine = node.op === '!_' ? isA(of.type, 'bool') : isA(of.type, 'int') || isA(of.type, 'double');
    if (!isFine) this.#noOverload(node, node.op === '!_' ? '!_' : '-_', [of.type]);
    return { type: node.op === '!_' ? bool : of.type, cost: of.cost + 1 };
  }

  #binary(node: Node, names: Names): Estimate {
    const [a, b] = operandsOf(node)
      .slice(0, 2)
      .map((each) => this.visit(each, names)) as unknown as [Estimate, Estimate];
    const type = binaryType(node.op, a.type, b.type);
    if (type === undefined) {
      const name = node.op === 'in' ? '@in' : `_${node.op}_`;
      return this.#noOverload(node, name, [a.type, b.type]);
    }
    return { type, cost: a.cost + b.cost + binaryCost(node.op, a.type, b.type) };
  }
}

function isProtobufType(operand: Node, name: string): boolean {
  if (operand.op !== '.' || (name !== 'Timestamp' && name !== 'Duration')) return false;
  const [root, middle] = fieldOf(operand);
  return nameOf(root) === 'google' && middle === 'protobuf';
}

function literalType(value: unknown): Type {
  switch (typeof value) {
    case 'boolean':
      return bool;
    case 'string':
      return simple('string', Buffer.byteLength(value));
    case 'number':
      return simple('double');
    case 'bigint':
      return simple('int');
    default:
      if (value === null) return simple('null_type');
      return value instanceof Uint8Array ? simple('bytes', value.length) : simple('int');
  }
}

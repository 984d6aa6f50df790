/** The CEL rules of a schema, held against objects (apiextensions' cel.Validator). */
import { type FieldError, field, type Json, type JsonObject } from '@skiff/api';
import { isObject, same } from '../../patch/values.ts';
import type { Default } from '../schema/default-faults.ts';
import { readFieldPath } from '../schema/field-path.ts';
import {
  itemsOf,
  type JsonSchema,
  propertyOf,
  someSchema,
  type ValidationRule,
  valuesOf,
} from '../schema/json-schema.ts';
import { correlatedItem } from '../schema/lists.ts';
import { Budget, BudgetExceeded, perCallLimit, perObjectLimit } from './budget.ts';
import { toValue } from './convert.ts';
import type { Program } from './program.ts';
import { type Compiled, compileRule, messageProgram } from './rule-program.ts';
import { CelError, Optional, type Value } from './values.ts';

/** Faults of an object, and of the change from `old`. Long work is done in slices, so that others get their turn. */
export type RuleChecker = (object: JsonObject, old: JsonObject | undefined) => Promise<readonly FieldError[]>;

/** Units of cost after which others get their turn: some milliseconds. */
const sliceUnits = 100_000;
/** What a call costs beside what its expression does; it counts for the slices, not against the limits. */
const callUnits = 20;
const maxMessageBytes = 5 * 1024;

interface Rule {
  readonly rule: ValidationRule;
  readonly program: Compiled;
  readonly message: Program | undefined;
  readonly usesOldSelf: boolean;
}

/** Whether any part of a schema has rules. */
export const hasRules = (schema: JsonSchema): boolean => someSchema(schema, (each) => rulesIn(each).length > 0);

/** Makes the checker of a schema; rules are compiled when they are first met. */
export function ruleChecker(schema: JsonSchema): RuleChecker {
  if (!hasRules(schema)) return async () => [];
  const compiled = new Map<JsonSchema, readonly Rule[]>();
  const below = new Map<JsonSchema, boolean>();
  return async (object, old) => {
    const walk = new Walk(compiled, below);
    await walk.visit(schema, object, old, '', true);
    return walk.faults;
  };
}

/**
 * Faults of a schema's defaults: they must hold for a new value and for one that stays. All together may cost what an object may
 * (apiextensions' defaulting.ValidateDefaults).
 */
export async function defaultRuleFaults(defaults: readonly Default[]): Promise<readonly FieldError[]> {
  const walk = new Walk(new Map(), new Map());
  for (const { schema, value, path, isResource } of defaults) {
    const met = walk.faults.length;
    await walk.visit(schema, value, undefined, path, isResource);
    if (walk.faults.length === met) await walk.visit(schema, value, value, path, isResource);
    if (walk.isSpent) break;
  }
  return walk.faults;
}

const rulesIn = (schema: JsonSchema): readonly ValidationRule[] => schema['x-kubernetes-validations'] ?? [];

function compileAll(schema: JsonSchema, isRoot: boolean): readonly Rule[] {
  return rulesIn(schema).map((rule) => {
    const program = compileRule(schema, rule, isRoot);
    const message = (rule.messageExpression ?? '') === '' ? undefined : messageProgram(schema, rule, isRoot);
    return {
      rule,
      program,
      message: message === undefined || 'fault' in message ? undefined : message,
      usesOldSelf: !('fault' in program) && program.uses('oldSelf'),
    };
  });
}

/** Thrown when no further rule may run. */
class Exhausted extends Error {}

class Walk {
  readonly faults: FieldError[] = [];
  readonly #compiled: Map<JsonSchema, readonly Rule[]>;
  readonly #below: Map<JsonSchema, boolean>;
  #left = perObjectLimit;
  #slice = 0;

  constructor(compiled: Map<JsonSchema, readonly Rule[]>, below: Map<JsonSchema, boolean>) {
    this.#compiled = compiled;
    this.#below = below;
  }

  async visit(schema: JsonSchema, value: Json, old: Json | undefined, path: string, isRoot: boolean): Promise<void> {
    try {
      await this.#visit(schema, value, old, path, isRoot);
    } catch (error) {
      if (!(error instanceof Exhausted)) throw error;
    }
  }

  get isSpent(): boolean {
    return this.#left <= 0;
  }

  #hasRules(schema: JsonSchema): boolean {
    const known = this.#below.get(schema) ?? someSchema(schema, (each) => rulesIn(each).length > 0);
    this.#below.set(schema, known);
    return known;
  }

  async #visit(schema: JsonSchema, value: Json, old: Json | undefined, path: string, isRoot: boolean): Promise<void> {
    if (value === null || !this.#hasRules(schema)) return;
    if (rulesIn(schema).length > 0) await this.#rules(schema, value, old, path, isRoot);
    if (Array.isArray(value)) {
      const items = itemsOf(schema);
      if (items === undefined || !this.#hasRules(items)) return;
      const oldOf = correlatedItem(schema, old);
      for (const [index, item] of value.entries())
        await this.#visit(items, item, oldOf(item), `${path}[${index}]`, false);
      return;
    }
    if (!isObject(value)) return;
    const before = isObject(old) ? old : {};
    for (const key of Object.keys(value)) {
      const property = propertyOf(schema, key);
      const child = property ?? valuesOf(schema);
      if (child === undefined || !this.#hasRules(child)) continue;
      const at = property === undefined ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`;
      const oldChild = Object.hasOwn(before, key) ? before[key] : undefined;
      await this.#visit(child, value[key] ?? null, oldChild, at, false);
    }
  }

  async #rules(schema: JsonSchema, value: Json, old: Json | undefined, path: string, isRoot: boolean): Promise<void> {
    const rules = this.#compiled.get(schema) ?? compileAll(schema, isRoot);
    this.#compiled.set(schema, rules);
    const at = path === '' ? '<nil>' : path;
    const self = toValue(value, schema);
    const before = old === undefined || old === null ? undefined : toValue(old, schema);
    for (const each of rules) {
      if (each.usesOldSelf && before === undefined && each.rule.optionalOldSelf !== true) continue;
      if (this.#left <= 0) this.#stop(at, schema, exhausted);
      const optional = each.rule.optionalOldSelf === true;
      const variables = new Map<string, Value>([['self', self]]);
      if (optional) variables.set('oldSelf', new Optional(before));
      else if (before !== undefined) variables.set('oldSelf', before);
      const holds = await this.#holds(each, variables, schema, at);
      if (holds || (!each.usesOldSelf && old !== undefined && same(value, old))) continue;
      this.faults.push(this.#fault(each, variables, schema, value, path));
    }
  }

  #stop(at: string, schema: JsonSchema, why: string): never {
    this.faults.push(field.invalid(at, schema.type ?? '', why));
    throw new Exhausted();
  }

  /** True also when what is wrong with the rule was reported already. */
  async #holds(each: Rule, variables: ReadonlyMap<string, Value>, schema: JsonSchema, at: string): Promise<boolean> {
    const { program, rule } = each;
    if ('fault' in program) {
      this.faults.push(field.invalid(at, schema.type ?? '', `rule compile error: ${program.fault}`));
      return true;
    }
    const budget = new Budget(Math.min(perCallLimit, this.#left));
    const isLast = this.#left < perCallLimit;
    try {
      const value = program.run(variables, budget);
      return value === true;
    } catch (error) {
      if (!(error instanceof CelError)) throw error;
      if (error instanceof BudgetExceeded) {
        const call = `'${error.message}': no further validation rules will be run due to call cost exceeds limit for rule: ${rule.rule?.trim()}`;
        this.#stop(at, schema, isLast ? exhausted : call);
      }
      const why = error.message.startsWith('no such overload')
        ? `'${error.message}': call arguments did not match a supported operator, function or macro signature for rule: ${rule.rule?.trim()}`
        : `${error.message} evaluating rule: ${rule.rule?.trim()}`;
      this.faults.push(field.invalid(at, schema.type ?? '', why));
      return true;
    } finally {
      await this.#paid(budget.spent);
    }
  }

  async #paid(units: number): Promise<void> {
    this.#left -= units;
    this.#slice += units + callUnits;
    if (this.#slice < sliceUnits) return;
    this.#slice = 0;
    await new Promise(setImmediate);
  }

  #fault(each: Rule, variables: ReadonlyMap<string, Value>, schema: JsonSchema, value: Json, path: string): FieldError {
    const { rule } = each;
    const at = fieldOf(schema, rule, path);
    const detail = this.#message(each, variables) ?? plainMessage(rule);
    const shown = schema.type === 'object' || schema.type === 'array' ? schema.type : value;
    switch (rule.reason) {
      case 'FieldValueForbidden':
        return field.forbidden(at, detail);
      case 'FieldValueRequired':
        return field.required(at, detail);
      case 'FieldValueDuplicate':
        return field.duplicate(at, shown);
      default:
        return field.invalid(at, shown, detail);
    }
  }

  /** Undefined when the expression says nothing that can be shown: the plain message takes its place. */
  #message({ message }: Rule, variables: ReadonlyMap<string, Value>): string | undefined {
    if (message === undefined) return undefined;
    const budget = new Budget(Math.min(perCallLimit, Math.max(0, this.#left)));
    try {
      const text = message.run(variables, budget);
      if (typeof text !== 'string') return undefined;
      const trimmed = text.trim();
      return trimmed === '' || trimmed.includes('\n') || Buffer.byteLength(trimmed) > maxMessageBytes
        ? undefined
        : trimmed;
    } catch (error) {
      if (error instanceof CelError) return undefined;
      throw error;
    } finally {
      this.#left -= budget.spent;
    }
  }
}

const exhausted = 'validation failed due to running out of cost budget, no further validation rules will be run';

const plainMessage = (rule: ValidationRule): string =>
  (rule.message ?? '') === '' ? `failed rule: ${rule.rule?.trim()}` : (rule.message ?? '').trim();

/** Where a rule's failure is reported: at its value, or at the field of it that the rule names. */
function fieldOf(schema: JsonSchema, rule: ValidationRule, path: string): string {
  if ((rule.fieldPath ?? '') === '') return path === '' ? '<nil>' : path;
  const found = readFieldPath(rule.fieldPath ?? '', schema);
  if ('fault' in found) return path === '' ? '<nil>' : path;
  return path === '' ? found.text : `${path}${found.text.startsWith('[') ? '' : '.'}${found.text}`;
}

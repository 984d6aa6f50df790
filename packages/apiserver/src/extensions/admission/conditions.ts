/** matchConditions: CEL over the request that decides, after the rules, whether a webhook or policy is asked. */
import { type FieldError, field, type JsonObject } from '@skiff/api';
import { Budget, perCallLimit } from '../cel/budget.ts';
import { toValue } from '../cel/convert.ts';
import { compile, type Program } from '../cel/program.ts';
import { dyn, type Type } from '../cel/types.ts';
import { CelError, type Value } from '../cel/values.ts';

export interface MatchCondition {
  readonly name?: string;
  readonly expression?: string;
}

export const requestVariables: ReadonlyMap<string, Type> = new Map([
  ['object', dyn],
  ['oldObject', dyn],
  ['request', dyn],
]);

/** What a policy's expressions may name. */
export const policyVariables: ReadonlyMap<string, Type> = new Map([
  ...requestVariables,
  ['params', dyn],
  ['namespaceObject', dyn],
  ['variables', dyn],
]);

export type Outcome =
  | { readonly type: 'match' }
  | { readonly type: 'skip' }
  | { readonly type: 'fault'; readonly message: string };

/** Programs by their text: configurations are few and live long. */
export class Programs {
  readonly #variables: ReadonlyMap<string, Type>;
  readonly #compiled = new Map<string, Program>();

  constructor(variables: ReadonlyMap<string, Type>) {
    this.#variables = variables;
  }

  /** Throws CelSyntaxError or CelCheckError. */
  get(text: string): Program {
    const known = this.#compiled.get(text);
    if (known !== undefined) return known;
    if (this.#compiled.size > 10_000) this.#compiled.clear();
    const made = compile(text, this.#variables);
    this.#compiled.set(text, made);
    return made;
  }
}

/** All conditions must hold. One that is false decides, whatever is wrong with the others. */
export function judgeConditions(
  programs: Programs,
  conditions: readonly MatchCondition[],
  variables: ReadonlyMap<string, Value>,
): Outcome {
  let fault: string | undefined;
  for (const { name = '', expression = '' } of conditions) {
    try {
      if (programs.get(expression).run(variables, new Budget(perCallLimit)) !== true) return { type: 'skip' };
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      const why = error instanceof CelError ? error.message : `compilation failed: ${error.message}`;
      fault ??= `match condition ${JSON.stringify(name)}: expression '${expression}' resulted in error: ${why}`;
    }
  }
  return fault === undefined ? { type: 'match' } : { type: 'fault', message: fault };
}

/** What expressions call `object`, `oldObject` and `request`. */
export const requestValues = (
  facts: JsonObject,
  object: JsonObject | undefined,
  oldObject: JsonObject | undefined,
): Map<string, Value> =>
  new Map<string, Value>([
    ['object', object === undefined ? null : toValue(object)],
    ['oldObject', oldObject === undefined ? null : toValue(oldObject)],
    ['request', toValue(facts)],
  ]);

/** Faults of an expression at `path`. `wanted` is what it must come to. */
export function expressionFaults(
  text: string,
  path: string,
  wanted: 'bool' | 'string' | 'any',
  variables: ReadonlyMap<string, Type>,
): FieldError[] {
  if (text.trim() === '') return [field.required(path, '')];
  try {
    const { kind } = compile(text, variables).type;
    if (wanted === 'any' || kind === wanted || kind === 'dyn') return [];
    return [field.invalid(path, text, `must evaluate to ${wanted}`)];
  } catch (error) {
    return [field.invalid(path, text, `compilation failed: ${error instanceof Error ? error.message : String(error)}`)];
  }
}

/** matchConditions: CEL over the request that decides, after the rules, whether a webhook or policy is asked. */
import { Budget, BudgetExceeded, perCallLimit } from '../cel/budget.ts';
import { compile, type Program } from '../cel/program.ts';
import { CelError, type Value } from '../cel/values.ts';
import type { Names } from './environment.ts';

export interface MatchCondition {
  readonly name?: string;
  readonly expression?: string;
}

export type Outcome =
  | { readonly type: 'match' }
  | { readonly type: 'skip' }
  | { readonly type: 'fault'; readonly message: string };

/** An expression that was compiled, or why it cannot be. */
export type Compiled = { readonly text: string } & ({ readonly program: Program } | { readonly fault: string });

export function compiled(text: string, names: Names): Compiled {
  try {
    return { text, program: compile(text, names) };
  } catch (error) {
    return { text, fault: `compilation failed: ${error instanceof Error ? error.message : String(error)}` };
  }
}

/** All conditions of one webhook or policy (celconfig.RuntimeCELCostBudgetMatchConditions). */
const conditionsLimit = 2_500_000;
export const exhausted = 'validation failed due to running out of cost budget, no further validation rules will be run';

/** No further expression may run. */
export class Exhausted extends CelError {
  override readonly name = 'Exhausted';
}

/** Evaluates expressions that share a budget. Throws CelError, and Exhausted when the budget is spent. */
export function evaluator(limit: number): (expression: Compiled, values: ReadonlyMap<string, Value>) => Value {
  const whole = new Budget(limit);
  const spend = (units: number): void => {
    try {
      whole.spend(units);
    } catch (error) {
      throw error instanceof BudgetExceeded ? new Exhausted(exhausted) : error;
    }
  };
  return (expression, values) => {
    if ('fault' in expression) throw new CelError(expression.fault);
    const call = new Budget(perCallLimit);
    try {
      return expression.program.run(values, call);
    } finally {
      spend(call.spent);
    }
  };
}

export const failed = (expression: Compiled, error: CelError): string =>
  error instanceof Exhausted ? error.message : `expression '${expression.text}' resulted in error: ${error.message}`;

/** All conditions must hold. One that is false decides, whatever is wrong with the others. */
export function judgeConditions(conditions: readonly Compiled[], values: ReadonlyMap<string, Value>): Outcome {
  const evaluate = evaluator(conditionsLimit);
  const faults: string[] = [];
  for (const condition of conditions) {
    try {
      if (evaluate(condition, values) !== true) return { type: 'skip' };
    } catch (error) {
      if (!(error instanceof CelError)) throw error;
      if (error instanceof Exhausted) return { type: 'fault', message: error.message };
      faults.push(failed(condition, error));
    }
  }
  if (faults.length === 0) return { type: 'match' };
  return { type: 'fault', message: faults.length === 1 ? (faults[0] ?? '') : `[${faults.join(', ')}]` };
}

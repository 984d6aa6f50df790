/** An expression, ready to be evaluated again and again. */
import type { Budget } from './budget.ts';
import { check, type Estimate } from './check.ts';
import { evaluate } from './evaluate.ts';
import { functions as common } from './functions.ts';
import type { FunctionTable } from './signature.ts';
import { mentions, type Node, parseExpression } from './syntax.ts';
import type { Type } from './types.ts';
import type { Value } from './values.ts';

export interface Program extends Estimate {
  readonly text: string;
  /** True when the expression mentions this variable. */
  uses(name: string): boolean;
  /** Throws CelError. */
  run(variables: ReadonlyMap<string, Value>, budget: Budget): Value;
}

/** Parses and checks. Throws CelSyntaxError or CelCheckError, whose message has cel-go's form. */
export function compile(
  text: string,
  variables: ReadonlyMap<string, Type>,
  functions: FunctionTable = common,
): Program {
  const root: Node = parseExpression(text);
  const estimate = check(root, variables, { text, functions });
  return {
    ...estimate,
    text,
    uses: (name) => mentions(root, name),
    run: (values, budget) => evaluate(root, values, { functions, budget }),
  };
}

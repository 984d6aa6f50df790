/** One rule of a schema as a program: its variables are `self` and `oldSelf`. */
import type { JsonSchema, ValidationRule } from '../schema/json-schema.ts';
import { compile, type Program } from './program.ts';
import { simple, type Type, typeOfSchema } from './types.ts';

export type Compiled = Program | { readonly fault: string };

function variablesOf(schema: JsonSchema, rule: ValidationRule, isRoot: boolean): ReadonlyMap<string, Type> {
  const self = typeOfSchema(schema, isRoot);
  const oldSelf = rule.optionalOldSelf === true ? simple('optional', self.max) : self;
  return new Map([
    ['self', self],
    ['oldSelf', oldSelf],
  ]);
}

function compiled(text: string, variables: ReadonlyMap<string, Type>, prefix: string): Compiled {
  try {
    return compile(text, variables);
  } catch (error) {
    return { fault: `${prefix}${error instanceof Error ? error.message : String(error)}` };
  }
}

/** The rule; a fault when it makes no sense, or is neither true nor false. */
export function compileRule(schema: JsonSchema, rule: ValidationRule, isRoot: boolean): Compiled {
  const program = compiled(rule.rule ?? '', variablesOf(schema, rule, isRoot), 'compilation failed: ');
  if ('fault' in program || program.type.kind === 'bool' || program.type.kind === 'dyn') return program;
  return { fault: 'cel expression must evaluate to a bool' };
}

/** What tells the user why the rule failed. */
export function messageProgram(schema: JsonSchema, rule: ValidationRule, isRoot: boolean): Compiled {
  const prefix = 'messageExpression compilation failed: ';
  const program = compiled(rule.messageExpression ?? '', variablesOf(schema, rule, isRoot), prefix);
  if ('fault' in program || program.type.kind === 'string' || program.type.kind === 'dyn') return program;
  return { fault: 'messageExpression must evaluate to a string' };
}

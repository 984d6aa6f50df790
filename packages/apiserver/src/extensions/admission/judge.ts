/** What a policy says of one request with one parameter object (apiserver's policy/validating/validator.go). Pure. */
import type { StatusReason } from '@skiff/api';
import { perObjectLimit } from '../cel/budget.ts';
import { CelError, kindOf, type Value } from '../cel/values.ts';
import { Exhausted, evaluator, failed, judgeConditions } from './conditions.ts';
import type { PolicyProgram, Validation } from './policy.ts';

/** One reason against a request. */
export interface Objection {
  readonly message: string;
  readonly reason: StatusReason;
  /** Which validation it is of. */
  readonly index: number;
}

export interface Judgement {
  readonly objections: readonly Objection[];
  /** Values for the audit log. */
  readonly annotations: readonly { readonly key: string; readonly value: string }[];
  /** What is wrong with annotations. It refuses the request, whatever the binding's actions. */
  readonly faults: readonly string[];
}

const nothing: Judgement = { objections: [], annotations: [], faults: [] };
const maxMessageBytes = 5 * 1024;
const maxAnnotationBytes = 10 * 1024;

/** `failsClosed`: a fault of an expression is an objection. */
export function judge(program: PolicyProgram, values: ReadonlyMap<string, Value>, failsClosed: boolean): Judgement {
  const fault = (message: string): Judgement =>
    failsClosed ? { ...nothing, objections: [{ message, reason: 'Invalid', index: 0 }] } : nothing;
  const outcome = judgeConditions(program.conditions, values);
  if (outcome.type === 'skip') return nothing;
  if (outcome.type === 'fault') return fault(outcome.message);
  try {
    const objections = objectionsOf(program, values, failsClosed);
    return { objections, ...annotationsOf(program, values, failsClosed) };
  } catch (error) {
    if (error instanceof Exhausted) return fault(error.message);
    throw error;
  }
}

type Evaluate = ReturnType<typeof evaluator>;

function objectionsOf(
  program: PolicyProgram,
  values: ReadonlyMap<string, Value>,
  failsClosed: boolean,
): readonly Objection[] {
  const evaluate = evaluator(perObjectLimit);
  const scope = withVariables(values, program, evaluate);
  return program.validations.flatMap(({ validation, test, message }, index) => {
    try {
      if (evaluate(test, scope) === true) return [];
    } catch (error) {
      if (!(error instanceof CelError) || error instanceof Exhausted) throw error;
      return failsClosed ? [{ message: failed(test, error), reason: 'Invalid' as const, index }] : [];
    }
    const said = message === undefined ? '' : shown(() => evaluate(message, scope));
    return [{ message: said || plainMessage(validation), reason: reasonOf(validation.reason), index }];
  });
}

/** What a messageExpression says; '' when that cannot be shown. */
function shown(evaluate: () => Value): string {
  try {
    const text = evaluate();
    const trimmed = typeof text === 'string' ? text.trim() : '';
    return Buffer.byteLength(trimmed) > maxMessageBytes || trimmed.includes('\n') ? '' : trimmed;
  } catch (error) {
    if (!(error instanceof CelError) || error instanceof Exhausted) throw error;
    return '';
  }
}

const plainMessage = ({ message = '', expression = '' }: Validation): string =>
  message.trim() === '' ? `failed expression: ${expression.trim()}` : message.trim();

const reasons: readonly StatusReason[] = ['Unauthorized', 'Forbidden', 'Invalid', 'RequestEntityTooLarge'];
const reasonOf = (reason: string | undefined): StatusReason => reasons.find((each) => each === reason) ?? 'Invalid';

function annotationsOf(
  program: PolicyProgram,
  values: ReadonlyMap<string, Value>,
  failsClosed: boolean,
): Pick<Judgement, 'annotations' | 'faults'> {
  const evaluate = evaluator(perObjectLimit);
  const scope = withVariables(values, program, evaluate);
  const annotations: { key: string; value: string }[] = [];
  const faults: string[] = [];
  for (const { key, value } of program.annotations) {
    try {
      const made = evaluate(value, scope);
      const text = typeof made === 'string' ? made.trim() : '';
      if (text !== '') annotations.push({ key, value: text.slice(0, maxAnnotationBytes) });
      else if (typeof made !== 'string' && made !== null)
        faults.push(
          `valueExpression '${value.text}' resulted in unsupported return type: ${kindOf(made)}. Return type must be either string or null.`,
        );
    } catch (error) {
      if (!(error instanceof CelError) || error instanceof Exhausted) throw error;
      if (failsClosed) faults.push(failed(value, error));
    }
  }
  return { annotations, faults };
}

/** `variables.x` is computed when it is first asked for; later variables may name earlier ones. */
function withVariables(
  values: ReadonlyMap<string, Value>,
  { variables }: PolicyProgram,
  evaluate: Evaluate,
): ReadonlyMap<string, Value> {
  const composed: Record<string, Value> = Object.create(null) as Record<string, Value>;
  const scope = new Map(values).set('variables', composed);
  for (const { name, expression } of variables) {
    let made: { readonly value: Value } | { readonly fault: string } | undefined;
    Object.defineProperty(composed, name, {
      enumerable: true,
      get() {
        made ??= computed(() => evaluate(expression, scope), name);
        if ('fault' in made) throw new CelError(made.fault);
        return made.value;
      },
    });
  }
  return scope;
}

function computed(evaluate: () => Value, name: string): { readonly value: Value } | { readonly fault: string } {
  try {
    return { value: evaluate() };
  } catch (error) {
    if (!(error instanceof CelError) || error instanceof Exhausted) throw error;
    return { fault: `composited variable ${JSON.stringify(name)} fails to evaluate: ${error.message}` };
  }
}

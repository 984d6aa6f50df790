/** ValidatingAdmissionPolicy and its binding (admissionregistration.k8s.io/v1), and a policy's expressions, compiled. Pure. */
import type { JsonObject } from '@skiff/api';
import { dyn, type Type } from '../cel/types.ts';
import { type Compiled, compiled, type MatchCondition } from './conditions.ts';
import { environment, type Names } from './environment.ts';
import type { Rule } from './rules.ts';

export interface MatchResources {
  readonly resourceRules?: readonly Rule[];
  readonly excludeResourceRules?: readonly Rule[];
  readonly namespaceSelector?: JsonObject;
  readonly objectSelector?: JsonObject;
  readonly matchPolicy?: string;
}

export interface Validation {
  readonly expression?: string;
  readonly message?: string;
  readonly messageExpression?: string;
  readonly reason?: string;
}

export interface PolicySpec {
  readonly paramKind?: { readonly apiVersion?: string; readonly kind?: string };
  readonly matchConstraints?: MatchResources;
  readonly matchConditions?: readonly MatchCondition[];
  readonly validations?: readonly Validation[];
  readonly variables?: readonly { readonly name?: string; readonly expression?: string }[];
  readonly auditAnnotations?: readonly { readonly key?: string; readonly valueExpression?: string }[];
  readonly failurePolicy?: string;
}

export interface Policy {
  readonly metadata?: { readonly name?: string };
  readonly spec?: PolicySpec;
}

export interface ParamRef {
  readonly name?: string;
  readonly namespace?: string;
  readonly selector?: JsonObject;
  readonly parameterNotFoundAction?: string;
}

export interface Binding {
  readonly metadata?: { readonly name?: string };
  readonly spec?: {
    readonly policyName?: string;
    readonly paramRef?: ParamRef;
    readonly matchResources?: MatchResources;
    readonly validationActions?: readonly string[];
  };
}

/** What each kind of expression of a policy may name. */
export interface PolicyNames {
  readonly conditions: Names;
  /** Of validations and audit annotations. */
  readonly body: Names;
  readonly message: Names;
  /** The variables in order. Each sees those before it. */
  readonly variables: readonly { readonly name: string; readonly expression: Compiled }[];
}

/** `types`: of the objects and the parameters; absent: anything. */
export function policyNames(spec: PolicySpec, types?: { readonly object: Type; readonly params: Type }): PolicyNames {
  const common = { hasParams: spec.paramKind !== undefined, ...(types === undefined ? {} : { types }) };
  const known = new Map<string, Type>();
  const variables = (spec.variables ?? []).map(({ name = '', expression = '' }) => {
    const made = compiled(expression, environment({ ...common, hasAuthorizer: true, variables: new Map(known) }));
    known.set(name, 'program' in made ? made.program.type : dyn);
    return { name, expression: made };
  });
  const composed = variables.length === 0 ? {} : { variables: known };
  return {
    conditions: environment({ ...common, hasAuthorizer: true }),
    body: environment({ ...common, hasAuthorizer: true, ...composed }),
    message: environment({ ...common, hasAuthorizer: false, ...composed }),
    variables,
  };
}

/** A policy, ready to judge. */
export interface PolicyProgram {
  readonly conditions: readonly Compiled[];
  readonly variables: PolicyNames['variables'];
  readonly validations: readonly {
    readonly validation: Validation;
    readonly test: Compiled;
    readonly message: Compiled | undefined;
  }[];
  readonly annotations: readonly { readonly key: string; readonly value: Compiled }[];
}

export function compilePolicy(spec: PolicySpec): PolicyProgram {
  const names = policyNames(spec);
  const { matchConditions = [], validations = [], auditAnnotations = [] } = spec;
  return {
    conditions: matchConditions.map(({ expression = '' }) => compiled(expression, names.conditions)),
    variables: names.variables,
    validations: validations.map((validation) => {
      const { expression = '', messageExpression = '' } = validation;
      const message = messageExpression.trim() === '' ? undefined : compiled(messageExpression, names.message);
      return { validation, test: compiled(expression, names.body), message };
    }),
    annotations: auditAnnotations.map(({ key = '', valueExpression = '' }) => ({
      ...{ key, value: compiled(valueExpression.trim(), names.body) },
    })),
  };
}

/** ValidatingAdmissionPolicies (admissionregistration.k8s.io/v1): rules in CEL, in force where a binding says so. */
import {
  ApiError,
  forbidden,
  httpCodeOf,
  isReason,
  type JsonObject,
  parseApiVersion,
  type StatusReason,
} from '@skiff/api';
import { objectAt } from '../../patch/values.ts';
import type { AdmissionRequest, AdmissionStep, Target } from '../../registry/contract.ts';
import type { ExtensibleRegistry } from '../../registry/registry.ts';
import { selectorText } from '../../registry/selectors.ts';
import { systemContext } from '../../registry/system-context.ts';
import { Budget, perCallLimit, perObjectLimit } from '../cel/budget.ts';
import { toValue } from '../cel/convert.ts';
import { CelError, type Value } from '../cel/values.ts';
import { judgeConditions, type MatchCondition, Programs, policyVariables, requestValues } from './conditions.ts';
import { namespaceOf, selectsNamespace } from './namespaces.ts';
import { objectsAtVersion, requestFacts } from './review.ts';
import { isExempt, matchRules, type Rule, selectsObject } from './rules.ts';

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

export interface Policy {
  readonly metadata?: { readonly name?: string };
  readonly spec?: {
    readonly paramKind?: { readonly apiVersion?: string; readonly kind?: string };
    readonly matchConstraints?: MatchResources;
    readonly matchConditions?: readonly MatchCondition[];
    readonly validations?: readonly Validation[];
    readonly variables?: readonly { readonly name?: string; readonly expression?: string }[];
    readonly auditAnnotations?: readonly { readonly key?: string; readonly valueExpression?: string }[];
    readonly failurePolicy?: string;
  };
}

export interface Binding {
  readonly metadata?: { readonly name?: string };
  readonly spec?: {
    readonly policyName?: string;
    readonly paramRef?: {
      readonly name?: string;
      readonly namespace?: string;
      readonly selector?: JsonObject;
      readonly parameterNotFoundAction?: string;
    };
    readonly matchResources?: MatchResources;
    readonly validationActions?: readonly string[];
  };
}

export interface PolicyParts {
  readonly registry: () => ExtensibleRegistry;
  readonly policies: () => readonly Policy[];
  readonly bindings: () => readonly Binding[];
}

/** One reason against a request. */
interface Objection {
  readonly message: string;
  readonly reason: StatusReason;
}

export function policyStep(parts: PolicyParts): AdmissionStep {
  const judge = new Judge(parts);
  return {
    name: 'ValidatingAdmissionPolicy',
    async validate(request) {
      if (!isExempt(request)) await judge.validate(request);
    },
  };
}

class Judge {
  readonly #parts: PolicyParts;
  readonly #programs = new Programs(policyVariables);

  constructor(parts: PolicyParts) {
    this.#parts = parts;
  }

  async validate(request: AdmissionRequest): Promise<void> {
    const bindings = this.#parts.bindings();
    if (bindings.length === 0) return;
    for (const policy of this.#parts.policies()) {
      const mine = bindings.filter((each) => each.spec?.policyName === policy.metadata?.name);
      if (mine.length === 0) continue;
      const at = await this.#matches(policy.spec?.matchConstraints, request, true);
      if (at === undefined) continue;
      for (const binding of mine) {
        if ((await this.#matches(binding.spec?.matchResources, request, false)) === undefined) continue;
        for (const objection of await this.#objections(policy, binding, request, at)) {
          act(policy, binding, request, objection);
        }
      }
    }
  }

  /** The version the resources are matched at. A binding without rules adds none. */
  async #matches(
    resources: MatchResources | undefined,
    request: AdmissionRequest,
    needsRules: boolean,
  ): Promise<AdmissionRequest['definition'] | undefined> {
    if (resources === undefined) return needsRules ? undefined : request.definition;
    const registry = this.#parts.registry();
    const { resourceRules = [], excludeResourceRules = [] } = resources;
    const equivalents = resources.matchPolicy === 'Exact' ? [] : registry.equivalents(request.definition);
    if (matchRules(excludeResourceRules, request, equivalents) !== undefined) return undefined;
    const isOpen = resourceRules.length === 0 && !needsRules;
    const at = isOpen ? request.definition : matchRules(resourceRules, request, equivalents);
    if (at === undefined || !selectsObject(resources.objectSelector, request)) return undefined;
    return (await selectsNamespace(registry, resources.namespaceSelector, request)) ? at : undefined;
  }

  async #objections(
    policy: Policy,
    binding: Binding,
    request: AdmissionRequest,
    at: AdmissionRequest['definition'],
  ): Promise<readonly Objection[]> {
    const registry = this.#parts.registry();
    const failsClosed = policy.spec?.failurePolicy !== 'Ignore';
    const { object, oldObject } = await objectsAtVersion(registry, request, at);
    const values = requestValues(requestFacts(request, at), object, oldObject);
    const namespace = await namespaceOf(registry, request);
    values.set('namespaceObject', namespace === undefined ? null : toValue(namespace));
    values.set('params', null);
    const outcome = judgeConditions(this.#programs, policy.spec?.matchConditions ?? [], values);
    if (outcome.type === 'skip') return [];
    if (outcome.type === 'fault') return failsClosed ? [{ message: outcome.message, reason: 'Invalid' }] : [];
    let params: readonly (JsonObject | undefined)[];
    try {
      params = await this.#params(policy, binding, request);
    } catch (error) {
      const message = `failed to configure binding: ${error instanceof Error ? error.message : String(error)}`;
      return failsClosed ? [{ message, reason: 'Invalid' }] : [];
    }
    return params.flatMap((param) =>
      this.#judge(policy, new Map(values).set('params', param === undefined ? null : toValue(param))),
    );
  }

  /** The parameter objects to judge with, one after the other. Throws Error when they are missing and must not be. */
  async #params(
    policy: Policy,
    binding: Binding,
    request: AdmissionRequest,
  ): Promise<readonly (JsonObject | undefined)[]> {
    const { paramKind } = policy.spec ?? {};
    const { paramRef } = binding.spec ?? {};
    if (paramKind === undefined || paramRef === undefined) return [undefined];
    const registry = this.#parts.registry();
    const version = parseApiVersion(paramKind.apiVersion ?? '');
    const definition = registry
      .definitions()
      .find(
        (each) => each.group === version?.group && each.version === version.version && each.kind === paramKind.kind,
      );
    if (definition === undefined) {
      throw new Error(
        `failed to find resource referenced by paramKind: '${paramKind.apiVersion}, Kind=${paramKind.kind}'`,
      );
    }
    const namespace = definition.namespaced ? paramRef.namespace || request.target.namespace : '';
    if (definition.namespaced && namespace === '') {
      throw new Error('cannot use namespaced paramRef in policy binding that matches cluster-scoped resources');
    }
    const target: Target = { ...definition, namespace, name: paramRef.name ?? '', subresource: '' };
    const found = await readParams(registry, target, paramRef.selector, request.context.signal);
    if (found.length > 0) return found;
    if (paramRef.parameterNotFoundAction === 'Allow') return [];
    throw new Error('no params found for policy binding with `Deny` parameterNotFoundAction');
  }

  #judge(policy: Policy, values: ReadonlyMap<string, Value>): readonly Objection[] {
    const { variables = [], validations = [], failurePolicy } = policy.spec ?? {};
    const budget = new Budget(perObjectLimit);
    const spend = (text: string, scope: ReadonlyMap<string, Value>): Value => {
      const call = new Budget(perCallLimit);
      try {
        return this.#programs.get(text).run(scope, call);
      } finally {
        budget.spend(call.spent);
      }
    };
    const scope = withVariables(values, variables, spend);
    return validations.flatMap((validation) => {
      const { expression = '' } = validation;
      try {
        if (spend(expression, scope) === true) return [];
      } catch (error) {
        if (!(error instanceof Error)) throw error;
        if (failurePolicy === 'Ignore') return [];
        return [
          { message: `expression '${expression}' resulted in error: ${error.message}`, reason: 'Invalid' as const },
        ];
      }
      return [{ message: messageOf(validation, scope, spend), reason: reasonOf(validation.reason) }];
    });
  }
}

type Spend = (text: string, scope: ReadonlyMap<string, Value>) => Value;

/** `variables.x` is computed when it is first asked for; later variables may name earlier ones. */
function withVariables(
  values: ReadonlyMap<string, Value>,
  variables: readonly { readonly name?: string; readonly expression?: string }[],
  spend: Spend,
): ReadonlyMap<string, Value> {
  const composed: Record<string, Value> = Object.create(null) as Record<string, Value>;
  const scope = new Map(values).set('variables', composed);
  for (const { name = '', expression = '' } of variables) {
    let made: { readonly value: Value } | { readonly error: unknown } | undefined;
    Object.defineProperty(composed, name, {
      enumerable: true,
      get() {
        if (made === undefined) {
          try {
            made = { value: spend(expression, scope) };
          } catch (error) {
            made = { error };
          }
        }
        if ('error' in made)
          throw new CelError(
            `composited variable ${JSON.stringify(name)} fails to evaluate: ${(made.error as Error).message}`,
          );
        return made.value;
      },
    });
  }
  return scope;
}

function messageOf(validation: Validation, scope: ReadonlyMap<string, Value>, spend: Spend): string {
  const { messageExpression = '', message = '', expression = '' } = validation;
  if (messageExpression.trim() !== '') {
    try {
      const text = spend(messageExpression, scope);
      if (typeof text === 'string' && text.trim() !== '' && !text.includes('\n')) return text.trim();
    } catch (error) {
      if (!(error instanceof Error)) throw error;
    }
  }
  return message.trim() !== '' ? message.trim() : `failed expression: ${expression.trim()}`;
}

const reasons: readonly StatusReason[] = ['Unauthorized', 'Forbidden', 'Invalid', 'RequestEntityTooLarge'];
const reasonOf = (reason: string | undefined): StatusReason => reasons.find((each) => each === reason) ?? 'Invalid';

async function readParams(
  registry: ExtensibleRegistry,
  target: Target,
  selector: JsonObject | undefined,
  signal: AbortSignal,
): Promise<readonly JsonObject[]> {
  const context = systemContext(signal);
  const parse = (text: string): JsonObject => JSON.parse(text) as JsonObject;
  if (target.name !== '') {
    try {
      return [parse((await registry.get(context, target, { resourceVersion: '' })).text)];
    } catch (error) {
      if (isReason(error, 'NotFound')) return [];
      throw error;
    }
  }
  const { items } = await registry.list(context, target, {
    ...{ fieldSelector: '', limit: 0, continue: '', resourceVersion: '', resourceVersionMatch: '' },
    labelSelector: selectorText(selector),
  });
  return items.map(parse);
}

/** Denies, or warns, as the binding says. */
function act(policy: Policy, binding: Binding, request: AdmissionRequest, objection: Objection): void {
  const { validationActions = [] } = binding.spec ?? {};
  const names = `ValidatingAdmissionPolicy '${policy.metadata?.name}' with binding '${binding.metadata?.name}'`;
  if (validationActions.includes('Warn')) {
    request.context.warn(`Validation failed for ${names}: ${objection.message}`);
  }
  if (!validationActions.includes('Deny')) return;
  const message = `${names} denied request: ${objection.message}`;
  const name = request.target.name || String(objectAt(request.object ?? {}, 'metadata')?.name ?? '');
  const { status } = forbidden(request.target, name, message);
  throw new ApiError(
    objection.reason,
    status.message ?? message,
    { ...status.details, causes: [{ message }] },
    { code: httpCodeOf[objection.reason] },
  );
}

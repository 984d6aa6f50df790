/** ValidatingAdmissionPolicies (admissionregistration.k8s.io/v1): rules in CEL, in force where a binding says so. */
import { ApiError, forbidden, httpCodeOf, type JsonObject, type StatusReason } from '@skiff/api';
import type { Authoriser } from '../../chain/attributes.ts';
import type { AdmissionRequest, AdmissionStep } from '../../registry/contract.ts';
import { nameOf } from '../../registry/meta.ts';
import type { ExtensibleRegistry } from '../../registry/registry.ts';
import { toValue } from '../cel/convert.ts';
import type { Value } from '../cel/values.ts';
import { Decisions } from './decisions.ts';
import { namespaceValue, requestValues } from './environment.ts';
import { type Judgement, judge, type Objection } from './judge.ts';
import { namespaceOf, selectsNamespace } from './namespaces.ts';
import { collectParams, paramDefinition } from './params.ts';
import { type Binding, compilePolicy, type MatchResources, type Policy, type PolicyProgram } from './policy.ts';
import { objectsAtVersion } from './review.ts';
import { isExempt, matchRules, selectsObject } from './rules.ts';

export interface PolicyParts {
  readonly registry: () => ExtensibleRegistry;
  readonly policies: () => readonly Policy[];
  readonly bindings: () => readonly Binding[];
  readonly authoriser: () => Authoriser;
  /** Takes what policies note about a request, for whoever looks into it later. */
  readonly audit: (request: AdmissionRequest, annotations: Readonly<Record<string, string>>) => void;
}

export function policyStep(parts: PolicyParts): AdmissionStep {
  const keeper = new Keeper(parts);
  return {
    name: 'ValidatingAdmissionPolicy',
    validate: (request) => (parts.bindings().length === 0 || isExempt(request) ? undefined : keeper.validate(request)),
  };
}

/** Why a request is refused, and by whom. `binding` is undefined for what is wrong with the policy itself. */
interface Denial {
  readonly policy: Policy;
  readonly binding: Binding | undefined;
  readonly message: string;
  readonly reason: StatusReason;
}

/** One policy over one request. */
interface Case {
  readonly policy: Policy;
  readonly program: PolicyProgram;
  readonly decisions: Decisions;
  readonly values: ReadonlyMap<string, Value>;
  readonly failsClosed: boolean;
}

class Keeper {
  readonly #parts: PolicyParts;
  /** Policies are replaced, never changed. */
  readonly #programs = new WeakMap<Policy, PolicyProgram>();

  constructor(parts: PolicyParts) {
    this.#parts = parts;
  }

  #programOf(policy: Policy): PolicyProgram {
    const known = this.#programs.get(policy);
    if (known !== undefined) return known;
    const made = compilePolicy(policy.spec ?? {});
    this.#programs.set(policy, made);
    return made;
  }

  /** Every policy is heard; of those that refuse, the first is told to the caller. */
  async validate(request: AdmissionRequest): Promise<void> {
    const bindings = this.#parts.bindings();
    const decisions = new Decisions(this.#parts.authoriser());
    const annotations: Record<string, string> = {};
    const denials: Denial[] = [];
    for (const policy of this.#parts.policies()) {
      const mine = bindings.filter((each) => each.spec?.policyName === policy.metadata?.name);
      if (mine.length > 0) denials.push(...(await this.#hear(policy, mine, request, decisions, annotations)));
    }
    if (Object.keys(annotations).length > 0) this.#parts.audit(request, annotations);
    const [first] = denials;
    if (first !== undefined) throw denied(request, first);
  }

  async #hear(
    policy: Policy,
    bindings: readonly Binding[],
    request: AdmissionRequest,
    decisions: Decisions,
    annotations: Record<string, string>,
  ): Promise<readonly Denial[]> {
    const at = await this.#matches(policy.spec?.matchConstraints, request, true);
    if (at === undefined) return [];
    const registry = this.#parts.registry();
    const failsClosed = policy.spec?.failurePolicy !== 'Ignore';
    const misconfigured = (binding: Binding | undefined, error: unknown): readonly Denial[] => {
      if (!failsClosed) return [];
      const what = binding === undefined ? 'policy' : 'binding';
      const message = `failed to configure ${what}: ${error instanceof Error ? error.message : String(error)}`;
      return [{ policy, binding, message, reason: 'Invalid' }];
    };
    const paramKind = attempt(() => paramDefinition(registry, policy.spec?.paramKind));
    if ('error' in paramKind) return misconfigured(undefined, paramKind.error);
    const values = requestValues(request, at, await objectsAtVersion(registry, request, at), decisions.ask);
    const isNamespace = request.target.group === '' && request.target.resource === 'namespaces';
    values.set('namespaceObject', namespaceValue(isNamespace ? undefined : await namespaceOf(registry, request)));
    const one: Case = { policy, program: this.#programOf(policy), decisions, values, failsClosed };
    const notes = new Map<string, Set<string>>();
    const denials: Denial[] = [];
    for (const binding of bindings) {
      if ((await this.#matches(binding.spec?.matchResources, request, false)) === undefined) continue;
      const { context, target } = request;
      const namespace = isNamespace ? '' : target.namespace;
      const { paramRef } = binding.spec ?? {};
      const params = await collectParams(registry, paramKind.value, paramRef, namespace, context.signal).catch(
        (error: unknown) => {
          context.signal.throwIfAborted();
          denials.push(...misconfigured(binding, error));
          return [];
        },
      );
      for (const param of params) {
        const judgement = await judged(one, param);
        denials.push(...act(policy, binding, request, judgement, annotations));
        for (const { key, value } of judgement.annotations) notes.set(key, (notes.get(key) ?? new Set()).add(value));
      }
    }
    for (const [key, all] of notes) annotations[`${policy.metadata?.name}/${key}`] = [...all].join(', ');
    return denials;
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
}

function attempt<T>(run: () => T): { readonly value: T } | { readonly error: unknown } {
  try {
    return { value: run() };
  } catch (error) {
    return { error };
  }
}

const judged = ({ program, decisions, values, failsClosed }: Case, param: JsonObject | undefined): Promise<Judgement> =>
  decisions.run(() =>
    judge(program, new Map(values).set('params', param === undefined ? null : toValue(param)), failsClosed),
  );

/** Warns, notes and denies, as the binding says. */
function act(
  policy: Policy,
  binding: Binding,
  request: AdmissionRequest,
  judgement: Judgement,
  annotations: Record<string, string>,
): readonly Denial[] {
  const { validationActions = [] } = binding.spec ?? {};
  const denials: Denial[] = [];
  for (const objection of judgement.objections) {
    if (validationActions.includes('Warn')) {
      request.context.warn(`Validation failed for ${named(policy, binding)}: ${objection.message}`);
    }
    if (validationActions.includes('Audit')) annotations[failureKey] = failureNote(policy, binding, objection);
    if (validationActions.includes('Deny')) denials.push({ policy, binding, ...objection });
  }
  return [...denials, ...judgement.faults.map((message) => ({ policy, binding, message, reason: 'Invalid' as const }))];
}

const named = (policy: Policy, binding: Binding | undefined): string =>
  `ValidatingAdmissionPolicy '${policy.metadata?.name}'${binding === undefined ? '' : ` with binding '${binding.metadata?.name}'`}`;

const failureKey = 'validation.policy.admission.k8s.io/validation_failure';

const failureNote = (policy: Policy, binding: Binding, { message, index }: Objection): string =>
  JSON.stringify([
    {
      message,
      policy: policy.metadata?.name,
      binding: binding.metadata?.name,
      expressionIndex: index,
      validationActions: binding.spec?.validationActions,
    },
  ]);

function denied(request: AdmissionRequest, { policy, binding, message: why, reason }: Denial): ApiError {
  const message = `${named(policy, binding)} denied request: ${why}`;
  const { status } = forbidden(request.target, request.target.name || nameOf(request.object ?? {}), message);
  return new ApiError(
    reason,
    status.message ?? message,
    { ...status.details, causes: [{ message }] },
    { code: httpCodeOf[reason] },
  );
}

/** Admission webhooks (admissionregistration.k8s.io/v1): those that change objects, one after the other; those that judge, all at once. */
import { badRequest, forbidden, internal, type JsonObject, type Random, uuid } from '@skiff/api';
import { parseJson } from '@skiff/api/json';
import type { ClientConfig } from '@skiff/api/validation';
import type { Authoriser } from '../../chain/attributes.ts';
import { jsonPatch } from '../../patch/json-patch.ts';
import { copy, isObject, same } from '../../patch/values.ts';
import type { AdmissionRequest, AdmissionStep, Rounds } from '../../registry/contract.ts';
import { decodeTrusted } from '../../registry/decode.ts';
import type { ExtensibleRegistry } from '../../registry/registry.ts';
import type { CallWebhook } from '../webhook/client.ts';
import { type Compiled, compiled, judgeConditions, type MatchCondition } from './conditions.ts';
import { Decisions } from './decisions.ts';
import { webhookDenied } from './denied.ts';
import { requestValues, webhookEnvironment } from './environment.ts';
import { selectsNamespace } from './namespaces.ts';
import { objectsAtVersion, type ReviewedObjects, requestFacts, reviewOf, type Verdict, verdictOf } from './review.ts';
import { isExempt, matchRules, type Rule, selectsObject } from './rules.ts';

export interface Webhook {
  readonly name?: string;
  readonly clientConfig?: ClientConfig;
  readonly rules?: readonly Rule[];
  readonly failurePolicy?: string;
  readonly matchPolicy?: string;
  readonly namespaceSelector?: JsonObject;
  readonly objectSelector?: JsonObject;
  readonly sideEffects?: string;
  readonly timeoutSeconds?: number;
  readonly admissionReviewVersions?: readonly string[];
  readonly matchConditions?: readonly MatchCondition[];
  readonly reinvocationPolicy?: string;
}

export interface WebhookParts {
  readonly registry: () => ExtensibleRegistry;
  readonly call: CallWebhook;
  readonly random: Random;
  readonly authoriser: () => Authoriser;
  readonly audit: (request: AdmissionRequest, annotations: Readonly<Record<string, string>>) => void;
  /** In the order of their configurations' names, as they are now. */
  readonly mutating: () => readonly Webhook[];
  readonly validating: () => readonly Webhook[];
}

/** Longer answers are refused. */
const maxBytes = 4 * 1024 * 1024;
const defaultTimeoutSeconds = 10;

/** A webhook could not be asked, or answered nonsense: `failurePolicy` decides what that means. */
class CallFailed extends Error {}

export function webhookStep(parts: WebhookParts): AdmissionStep {
  const asker = new Asker(parts);
  return {
    name: 'Webhooks',
    mutate: (request, rounds) =>
      parts.mutating().length === 0 || isExempt(request) ? undefined : asker.mutate(request, rounds),
    validate: (request) => (parts.validating().length === 0 || isExempt(request) ? undefined : asker.validate(request)),
  };
}

class Asker {
  readonly #parts: WebhookParts;
  /** Webhooks are replaced, never changed. */
  readonly #conditions = new WeakMap<Webhook, readonly Compiled[]>();

  constructor(parts: WebhookParts) {
    this.#parts = parts;
  }

  /**
   * A change has the whole of admission look at the object once more. Of the webhooks, those that want to (IfNeeded) are asked
   * again: when one after them changed the object, or anything else did in the second round.
   */
  async mutate(request: AdmissionRequest, rounds: Rounds): Promise<void> {
    const again = new Set<Webhook>();
    const waiting = new Set<Webhook>();
    const wake = (): void => {
      for (const each of waiting) again.add(each);
      waiting.clear();
    };
    let changed = false;
    for (const webhook of this.#parts.mutating()) {
      const outcome = await this.#ask(webhook, request, true);
      if (outcome === 'changed') {
        wake();
        changed = true;
      }
      if (outcome !== 'skipped' && webhook.reinvocationPolicy === 'IfNeeded') waiting.add(webhook);
    }
    if (!changed) return;
    const left = copy(request.object ?? {});
    rounds.again(async () => {
      if (!same(left, request.object ?? {})) wake();
      for (const webhook of this.#parts.mutating()) {
        if (!again.has(webhook)) continue;
        const outcome = await this.#ask(webhook, request, true);
        if (outcome === 'changed') wake();
        if (outcome !== 'skipped') waiting.add(webhook);
      }
    });
  }

  async validate(request: AdmissionRequest): Promise<void> {
    const results = await Promise.allSettled(
      this.#parts.validating().map((webhook) => this.#ask(webhook, request, false)),
    );
    const refused = results.find((each) => each.status === 'rejected');
    if (refused !== undefined) throw refused.reason;
  }

  /** Throws ApiError when the request is refused. */
  async #ask(webhook: Webhook, request: AdmissionRequest, mutating: boolean): Promise<'skipped' | 'asked' | 'changed'> {
    const registry = this.#parts.registry();
    const equivalents = webhook.matchPolicy === 'Exact' ? [] : registry.equivalents(request.definition);
    const at = matchRules(webhook.rules ?? [], request, equivalents);
    if (at === undefined || !selectsObject(webhook.objectSelector, request)) return 'skipped';
    if (!(await selectsNamespace(registry, webhook.namespaceSelector, request))) return 'skipped';
    const objects = await objectsAtVersion(registry, request, at);
    const facts = requestFacts(request, at);
    if (!(await this.#meetsConditions(webhook, request, at, objects))) return 'skipped';
    try {
      const verdict = await this.#call(webhook, request, facts, objects, mutating);
      for (const text of verdict.warnings) request.context.warn(text);
      const notes = Object.entries(verdict.auditAnnotations).map(([key, text]) => [`${webhook.name}/${key}`, text]);
      if (notes.length > 0) this.#parts.audit(request, Object.fromEntries(notes));
      if (!verdict.allowed) throw webhookDenied(webhook.name ?? '', verdict.result);
      if (mutating && verdict.patch !== '' && (await this.#change(webhook, request, verdict, objects.object, at))) {
        return 'changed';
      }
    } catch (error) {
      if (!(error instanceof CallFailed)) throw error;
      request.context.signal.throwIfAborted();
      if (webhook.failurePolicy !== 'Ignore') {
        throw internal(new Error(`failed calling webhook ${JSON.stringify(webhook.name)}: ${error.message}`));
      }
    }
    return 'asked';
  }

  #conditionsOf(webhook: Webhook): readonly Compiled[] {
    const known = this.#conditions.get(webhook);
    if (known !== undefined) return known;
    const made = (webhook.matchConditions ?? []).map(({ expression = '' }) => compiled(expression, webhookEnvironment));
    this.#conditions.set(webhook, made);
    return made;
  }

  async #meetsConditions(
    webhook: Webhook,
    request: AdmissionRequest,
    at: AdmissionRequest['definition'],
    objects: ReviewedObjects,
  ): Promise<boolean> {
    const conditions = this.#conditionsOf(webhook);
    if (conditions.length === 0) return true;
    const decisions = new Decisions(this.#parts.authoriser());
    const values = requestValues(request, at, objects, decisions.ask);
    const outcome = await decisions.run(() => judgeConditions(conditions, values));
    if (outcome.type === 'fault' && webhook.failurePolicy !== 'Ignore') {
      throw forbidden(request.target, request.target.name, outcome.message);
    }
    return outcome.type === 'match';
  }

  async #call(
    webhook: Webhook,
    request: AdmissionRequest,
    facts: JsonObject,
    objects: ReviewedObjects,
    mutating: boolean,
  ): Promise<Verdict> {
    const hasEffects = webhook.sideEffects !== 'None' && webhook.sideEffects !== 'NoneOnDryRun';
    if (request.dryRun && hasEffects) {
      throw badRequest(`admission webhook ${JSON.stringify(webhook.name)} does not support dry run`);
    }
    const version = webhook.admissionReviewVersions?.find((each) => each === 'v1' || each === 'v1beta1');
    if (version === undefined) {
      throw new CallFailed(
        'could not create admission objects: webhook does not accept known AdmissionReview versions (v1, v1beta1)',
      );
    }
    const uid = uuid(this.#parts.random);
    const answer = await this.#parts
      .call({
        config: webhook.clientConfig ?? {},
        body: reviewOf(version, uid, facts, objects),
        timeoutMs: (webhook.timeoutSeconds ?? defaultTimeoutSeconds) * 1000,
        maxBytes,
        signal: request.context.signal,
      })
      .catch((error: unknown) => {
        throw new CallFailed(`failed to call webhook: ${error instanceof Error ? error.message : String(error)}`);
      });
    try {
      return verdictOf(answer, version, uid, mutating);
    } catch (error) {
      throw new CallFailed(`received invalid webhook response: ${(error as Error).message}`);
    }
  }

  /** Carries out the patch, at the version the webhook saw, and reads the outcome like anything that is sent in. True when it changed something. */
  async #change(
    webhook: Webhook,
    request: AdmissionRequest,
    verdict: Verdict,
    seen: JsonObject | undefined,
    at: AdmissionRequest['definition'],
  ): Promise<boolean> {
    const { object, part } = request;
    if (object === undefined || seen === undefined) {
      const what = `admission webhook ${JSON.stringify(webhook.name)} attempted to modify the object, which is not supported for this operation`;
      throw internal(new Error(what));
    }
    const registry = this.#parts.registry();
    let changed: JsonObject;
    try {
      const patched = await jsonPatch(copy(seen), parseJson(verdict.patch).value);
      if (!isObject(patched)) throw new Error('the patched object is no object');
      changed =
        part === undefined
          ? await registry.convert(registry.normalise(at, patched), at, request.definition)
          : decodeTrusted(part, patched);
    } catch (error) {
      throw new CallFailed(`received an unusable patch in webhook response: ${(error as Error).message}`);
    }
    if (same(object, changed)) return false;
    for (const key of Object.keys(object)) delete object[key];
    Object.assign(object, changed);
    return true;
  }
}

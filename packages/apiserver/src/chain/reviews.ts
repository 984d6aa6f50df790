/** Questions about identity and permission that are answered and never stored (authentication.k8s.io, authorization.k8s.io). */
import { badRequest, type Clock, formatTime, invalid, isReason, type Json, type JsonObject } from '@skiff/api';
import type { RequestContext, Target, UserInfo } from '../registry/contract.ts';
import { settleNamespace } from '../registry/meta.ts';
import type { Attributes, Authoriser } from './attributes.ts';
import type { TokenAuthenticator } from './authenticate.ts';
import { authenticated } from './authenticate.ts';
import { grantsOf, type RbacView } from './rbac/authoriser.ts';
import type { Rule } from './rbac/rules.ts';
import { reviewFaults } from './review-faults.ts';

/** A kind that only answers, in the shape that the registry takes. */
export interface ReviewKind {
  readonly group: string;
  readonly resource: string;
  create(context: RequestContext, target: Target, object: JsonObject): Promise<JsonObject>;
}

/** Made after the registry that serves them, so they come as functions. */
export interface ReviewParts {
  readonly authoriser: () => Authoriser;
  readonly rbac: () => RbacView;
  readonly tokens: () => readonly TokenAuthenticator[];
  /** This server's own. */
  readonly audiences: readonly string[];
  readonly clock: Clock;
}

const asObject = (value: Json | undefined): JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
const asText = (value: Json | undefined): string => (typeof value === 'string' ? value : '');
const asTexts = (value: Json | undefined): string[] =>
  Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [];

/** `extra` under own keys without a prototype: its keys are the caller's. */
function asExtra(value: Json | undefined): Record<string, string[]> {
  const extra: Record<string, string[]> = Object.create(null);
  for (const [key, values] of Object.entries(asObject(value))) extra[key] = asTexts(values);
  return extra;
}

const userJson = (user: UserInfo): JsonObject => ({
  username: user.name,
  ...(user.uid === '' ? {} : { uid: user.uid }),
  groups: [...user.groups],
  ...(Object.keys(user.extra).length === 0
    ? {}
    : { extra: Object.fromEntries(Object.entries(user.extra).map(([key, values]) => [key, [...values]])) }),
});

const answered = (object: JsonObject, status: JsonObject): JsonObject => ({
  ...object,
  metadata: asObject(object.metadata),
  status,
});

/** What the spec of a review without faults asks about. */
function attributesOf({ resourceAttributes: resource, nonResourceAttributes: path }: JsonObject): Attributes {
  const about = asObject(resource);
  if (path !== undefined) {
    const asked = asObject(path);
    return { type: 'path', verb: asText(asked.verb), path: asText(asked.path) };
  }
  return {
    type: 'resource',
    verb: asText(about.verb),
    group: asText(about.group),
    version: asText(about.version) || '*',
    resource: asText(about.resource),
    subresource: asText(about.subresource),
    namespace: asText(about.namespace),
    name: asText(about.name),
  };
}

const userOfSpec = (spec: JsonObject): UserInfo => ({
  name: asText(spec.user),
  uid: asText(spec.uid),
  groups: asTexts(spec.groups),
  extra: asExtra(spec.extra),
});

const ruleJson = (rule: Rule): JsonObject => ({
  verbs: [...rule.verbs],
  ...(rule.apiGroups.length === 0 ? {} : { apiGroups: [...rule.apiGroups] }),
  ...(rule.resources.length === 0 ? {} : { resources: [...rule.resources] }),
  ...(rule.resourceNames.length === 0 ? {} : { resourceNames: [...rule.resourceNames] }),
});

/** Everything a user may do in a namespace, as far as roles say it. */
function rulesStatus(view: RbacView, user: UserInfo, namespace: string): JsonObject {
  const resourceRules: JsonObject[] = [];
  const nonResourceRules: JsonObject[] = [];
  for (const { rule } of grantsOf(view, user, namespace)) {
    if (rule.resources.length > 0) resourceRules.push(ruleJson(rule));
    if (rule.nonResourceURLs.length > 0)
      nonResourceRules.push({ verbs: [...rule.verbs], nonResourceURLs: [...rule.nonResourceURLs] });
  }
  return { resourceRules, nonResourceRules, incomplete: false };
}

/** The kinds, for the registry. */
export function reviewKinds(parts: ReviewParts): readonly ReviewKind[] {
  const ask = async (user: UserInfo, attributes: Attributes): Promise<JsonObject> => {
    const { verdict, reason } = await parts.authoriser().decide(user, attributes);
    return {
      allowed: verdict === 'allow',
      ...(verdict === 'deny' ? { denied: true } : {}),
      ...(reason === '' ? {} : { reason }),
    };
  };

  const access = (resource: string, kind: string): ReviewKind => ({
    group: 'authorization.k8s.io',
    resource,
    async create(context, target, object) {
      if (kind === 'LocalSubjectAccessReview') settleNamespace(object, target.namespace);
      const faults = reviewFaults(kind, object);
      if (faults.length > 0) throw invalid({ group: 'authorization.k8s.io', kind }, '', faults);
      const spec = asObject(object.spec);
      const user = kind === 'SelfSubjectAccessReview' ? context.user : userOfSpec(spec);
      return answered(object, await ask(user, attributesOf(spec)));
    },
  });

  return [
    access('selfsubjectaccessreviews', 'SelfSubjectAccessReview'),
    access('subjectaccessreviews', 'SubjectAccessReview'),
    access('localsubjectaccessreviews', 'LocalSubjectAccessReview'),
    {
      group: 'authorization.k8s.io',
      resource: 'selfsubjectrulesreviews',
      async create(context, _, object) {
        const namespace = asText(asObject(object.spec).namespace);
        return answered(object, rulesStatus(parts.rbac(), context.user, namespace));
      },
    },
    {
      group: 'authentication.k8s.io',
      resource: 'selfsubjectreviews',
      create: async (context, _, object) => ({
        ...object,
        metadata: { creationTimestamp: formatTime(parts.clock.now()) },
        status: { userInfo: userJson(context.user) },
      }),
    },
    {
      group: 'authentication.k8s.io',
      resource: 'tokenreviews',
      create: async (context, _, object) => answered(object, await reviewToken(parts, object, context.signal)),
    },
  ];
}

/** A token is good for some audiences: those that the asker names, or this server's own. */
async function reviewToken(
  { tokens, audiences }: ReviewParts,
  object: JsonObject,
  signal: AbortSignal,
): Promise<JsonObject> {
  const spec = asObject(object.spec);
  const token = asText(spec.token);
  if (token === '') throw badRequest('token is required for TokenReview in authentication');
  const asked = asTexts(spec.audiences);
  for (const authenticator of tokens()) {
    try {
      const proof = await authenticator.authenticate(token, signal, asked.length === 0 ? audiences : asked);
      if (proof === undefined) continue;
      return { authenticated: true, user: userJson(authenticated(proof.user)), audiences: [...proof.audiences] };
    } catch (error) {
      if (!isReason(error, 'Unauthorized')) throw error;
      break;
    }
  }
  return { user: {}, error: 'invalid bearer token' };
}

/**
 * `authorizer`: may somebody do something (apiserver's cel/library/authz.go). Answers are given at once: whoever evaluates has
 * them ready, or throws in `ask` to get them and evaluates again.
 */
import { checkDns1123Label, checkDns1123Subdomain } from '@skiff/api';
import type { Attributes, Decision } from '../../../chain/attributes.ts';
import type { UserInfo } from '../../../registry/contract.ts';
import type { Budget } from '../budget.ts';
import { type Overload, overload } from '../signature.ts';
import { CelError, Opaque } from '../values.ts';

export type Outcome = Decision | { readonly error: string };

/** What the authoriser says of one user. */
export type Ask = (user: UserInfo, attributes: Attributes) => Outcome;

interface Asker {
  readonly user: UserInfo;
  readonly ask: Ask;
}

interface ResourceCheck extends Asker {
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
}

/** One question costs as much as much computing: it may leave the process. */
const checkCost = 350_000;

export const authorizerOf = (user: UserInfo, ask: Ask): Opaque =>
  new Opaque('authorizer', { user, ask } satisfies Asker, '');

/** `authorizer.requestResource`: questions about what the request is about. */
export const resourceCheckOf = (
  user: UserInfo,
  ask: Ask,
  of: Pick<ResourceCheck, 'group' | 'resource' | 'subresource' | 'namespace' | 'name'>,
): Opaque => {
  const { group, resource, subresource, namespace, name } = of;
  return new Opaque(
    'resource_check',
    { user, ask, group, resource, subresource, namespace, name } satisfies ResourceCheck,
    '',
  );
};

const askerIn = (value: Opaque): Asker => value.inner as Asker;
const checkIn = (value: Opaque): ResourceCheck => value.inner as ResourceCheck;
const outcomeIn = (value: Opaque): Outcome => value.inner as Outcome;

function required(text: string, what: string): string {
  if (text.trim() === '') throw new CelError(`${what} must not be empty`);
  return text;
}

function serviceAccount(authorizer: Opaque, namespace: string, name: string): Opaque {
  if (checkDns1123Subdomain(name).length > 0) throw new CelError('Invalid service account name');
  if (checkDns1123Label(namespace).length > 0) throw new CelError('Invalid service account namespace');
  const user: UserInfo = {
    name: `system:serviceaccount:${namespace}:${name}`,
    uid: '',
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`],
    extra: {},
  };
  return authorizerOf(user, askerIn(authorizer).ask);
}

const narrowed =
  (part: 'subresource' | 'namespace' | 'name') =>
  (check: Opaque, value: string): Opaque =>
    new Opaque('resource_check', { ...checkIn(check), [part]: value }, '');

const decision = (outcome: Outcome): Opaque => new Opaque('decision', outcome, '');

function checkResource(check: Opaque, verb: string, budget: Budget): Opaque {
  budget.spend(checkCost);
  const { user, ask, group, resource, subresource, namespace, name } = checkIn(check);
  const attributes = { group, version: '*', resource, subresource, namespace, name };
  return decision(ask(user, { type: 'resource', verb, ...attributes }));
}

function checkPath(check: Opaque, verb: string, budget: Budget): Opaque {
  budget.spend(checkCost);
  const { user, ask, path } = check.inner as Asker & { readonly path: string };
  return decision(ask(user, { type: 'path', verb, path }));
}

export const authorizerFunctions: readonly Overload[] = [
  overload(
    'authorizer.path(string): path_check',
    (authorizer: Opaque, path: string) =>
      new Opaque('path_check', { ...askerIn(authorizer), path: required(path, 'path') }, ''),
  ),
  overload(
    'authorizer.group(string): group_check',
    (authorizer: Opaque, group: string) => new Opaque('group_check', { ...askerIn(authorizer), group }, ''),
  ),
  overload('authorizer.serviceAccount(string, string): authorizer', serviceAccount),
  overload('group_check.resource(string): resource_check', (check: Opaque, resource: string) => {
    const { user, ask, group } = check.inner as Asker & { readonly group: string };
    const at = { group, resource: required(resource, 'resource'), subresource: '', namespace: '', name: '' };
    return resourceCheckOf(user, ask, at);
  }),
  overload('resource_check.subresource(string): resource_check', narrowed('subresource')),
  overload('resource_check.namespace(string): resource_check', narrowed('namespace')),
  overload('resource_check.name(string): resource_check', narrowed('name')),
  // No authoriser here looks at selectors: what they would narrow is allowed as a whole or not at all.
  overload('resource_check.fieldSelector(string): resource_check', (check: Opaque) => check),
  overload('resource_check.labelSelector(string): resource_check', (check: Opaque) => check),
  overload('resource_check.check(string): decision', checkResource),
  overload('path_check.check(string): decision', checkPath),
  overload('decision.allowed(): bool', (of: Opaque) => {
    const outcome = outcomeIn(of);
    return 'verdict' in outcome && outcome.verdict === 'allow';
  }),
  overload('decision.reason(): string', (of: Opaque) => {
    const outcome = outcomeIn(of);
    return 'reason' in outcome ? outcome.reason : '';
  }),
  overload('decision.errored(): bool', (of: Opaque) => 'error' in outcomeIn(of)),
  overload('decision.error(): string', (of: Opaque) => {
    const outcome = outcomeIn(of);
    return 'error' in outcome ? outcome.error : '';
  }),
];

/** Nobody gives rights away that he does not hold himself: by a role he writes, or by a role he binds (kubernetes: pkg/registry/rbac). */
import { forbidden, isReason, type JsonObject, notFound } from '@skiff/api';
import type { AdmissionRequest, AdmissionStep, Registry } from '../../registry/contract.ts';
import { parseText } from '../../registry/documents.ts';
import { systemContext } from '../../registry/system-context.ts';
import type { Authoriser } from '../attributes.ts';
import { grantsOf, type RbacView, rulesOfRole } from './authoriser.ts';
import { shownRules, uncovered } from './covers.ts';
import { toBinding, toRole } from './objects.ts';
import type { Binding, Rule } from './rules.ts';

/** Made after the registry whose writes are judged, so they come as functions. */
export interface EscalationParts {
  readonly registry: () => Registry;
  readonly authoriser: () => Authoriser;
  readonly view: () => RbacView;
}

const group = 'rbac.authorization.k8s.io';
const everything: readonly Rule[] = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'], resourceNames: [], nonResourceURLs: [] },
  { verbs: ['*'], apiGroups: [], resources: [], resourceNames: [], nonResourceURLs: ['*'] },
];

export const escalationStep = (parts: EscalationParts): AdmissionStep => ({
  name: 'RBACEscalation',
  validate(request) {
    const { target, object, context } = request;
    if (target.group !== group || target.subresource !== '' || object === undefined) return undefined;
    return context.user.groups.includes('system:masters') ? undefined : judge(parts, request, object);
  },
});

async function judge(parts: EscalationParts, request: AdmissionRequest, object: JsonObject): Promise<void> {
  const { target, oldObject } = request;
  if (target.resource === 'roles' || target.resource === 'clusterroles') {
    if (
      !changed(object, oldObject, 'rules', 'aggregationRule') ||
      (await may(parts, request, 'escalate', target.resource, nameOf(object)))
    )
      return;
    // What an aggregated role will allow is up to whoever labels roles later.
    const isAggregated = object.aggregationRule !== undefined && object.aggregationRule !== null;
    if (isAggregated && changed(object, oldObject, 'aggregationRule') && missing(parts, request, everything).length > 0)
      throw forbidden(target, nameOf(object), 'must have cluster-admin privileges to use an aggregationRule');
    confirm(parts, request, toRole(object).rules);
    return;
  }
  if (!changed(object, oldObject, 'subjects', 'roleRef')) return;
  const binding = toBinding(object);
  const resource = binding.roleKind === 'ClusterRole' ? 'clusterroles' : 'roles';
  if (await may(parts, request, 'bind', resource, binding.roleName)) return;
  confirm(parts, request, await boundRules(parts, request, resource, binding));
}

const nameOf = (object: JsonObject): string => toRole(object).name;

const changed = (object: JsonObject, old: JsonObject | undefined, ...keys: readonly string[]): boolean =>
  old === undefined || keys.some((key) => JSON.stringify(object[key] ?? null) !== JSON.stringify(old[key] ?? null));

async function may(
  { authoriser }: EscalationParts,
  { context, target }: AdmissionRequest,
  verb: 'escalate' | 'bind',
  resource: string,
  name: string,
): Promise<boolean> {
  const asked = { group, version: 'v1', resource, subresource: '', namespace: target.namespace, name, verb };
  return (await authoriser().decide(context.user, { type: 'resource', ...asked })).verdict === 'allow';
}

function missing({ view }: EscalationParts, { context, target }: AdmissionRequest, wanted: readonly Rule[]) {
  const held = [...grantsOf(view(), context.user, target.namespace)].map(({ rule }) => rule);
  return uncovered(held, wanted);
}

function confirm(parts: EscalationParts, request: AdmissionRequest, wanted: readonly Rule[]): void {
  const rules = missing(parts, request, wanted);
  if (rules.length === 0) return;
  const { user } = request.context;
  const groups = user.groups.map((one) => JSON.stringify(one)).join(' ');
  const who = `user ${JSON.stringify(user.name)} (groups=[${groups}])`;
  const why = `${who} is attempting to grant RBAC permissions not currently held:\n${shownRules(rules).join('\n')}`;
  throw forbidden(request.target, request.object === undefined ? '' : nameOf(request.object), why);
}

/** What the bound role allows, also when it was made a moment ago. Throws ApiError NotFound. */
async function boundRules(
  { registry, view }: EscalationParts,
  { context, target }: AdmissionRequest,
  resource: string,
  { roleKind, roleName }: Binding,
): Promise<readonly Rule[]> {
  const namespace = resource === 'roles' ? target.namespace : '';
  const known = rulesOfRole(view(), roleKind, namespace, roleName);
  if (known.length > 0) return known;
  const role = { group, version: 'v1', resource, namespace, name: roleName, subresource: '' };
  try {
    const { text } = await registry().get(systemContext(context.signal), role, { resourceVersion: '' });
    return toRole(parseText(text)).rules;
  } catch (error) {
    if (isReason(error, 'NotFound')) throw notFound(role, roleName);
    throw error;
  }
}

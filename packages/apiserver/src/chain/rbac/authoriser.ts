/** RBAC over the stored roles and bindings. */
import type { Clock, Logger } from '@skiff/api';
import type { Registry, UserInfo } from '../../registry/contract.ts';
import type { Attributes, Authoriser, Decision } from '../attributes.ts';
import { follow, type LiveCollection, type LiveView, liveKey } from '../live.ts';
import { toBinding, toRole } from './objects.ts';
import { type Binding, type Role, type Rule, ruleAllows, selectorMatches, subjectMatches } from './rules.ts';

/** What RBAC knows at one moment. */
export interface RbacView {
  readonly roles: LiveView<Role>;
  readonly clusterRoles: LiveView<Role>;
  readonly roleBindings: LiveView<Binding>;
  readonly clusterRoleBindings: LiveView<Binding>;
}

/** A rule that a user has, and through which binding. */
export interface Grant {
  readonly rule: Rule;
  readonly reason: string;
}

/** Rules of a role; those of an aggregated ClusterRole are the sum of what its selectors match. */
export function rulesOfRole(view: RbacView, kind: string, namespace: string, name: string): readonly Rule[] {
  if (kind === 'Role') return view.roles.objects.get(liveKey(namespace, name))?.rules ?? [];
  const role = kind === 'ClusterRole' ? view.clusterRoles.objects.get(liveKey('', name)) : undefined;
  return role === undefined ? [] : aggregated(view, role, new Set());
}

function aggregated(view: RbacView, role: Role, seen: Set<Role>): readonly Rule[] {
  if (seen.has(role)) return [];
  seen.add(role);
  if (role.aggregates.length === 0) return role.rules;
  const parts = [...view.clusterRoles.objects.values()].filter((other) =>
    role.aggregates.some((selector) => selectorMatches(selector, other.labels)),
  );
  return [...role.rules, ...parts.flatMap((part) => aggregated(view, part, seen))];
}

const describe = (kind: string, binding: Binding): string => {
  const where = binding.namespace === '' ? binding.name : `${binding.name}/${binding.namespace}`;
  return `RBAC: allowed by ${kind} ${JSON.stringify(where)} of ${binding.roleKind} ${JSON.stringify(binding.roleName)}`;
};

/** Every rule that holds for the user: cluster-wide ones, and those of `namespace` unless it is ''. */
export function* grantsOf(view: RbacView, user: UserInfo, namespace: string): Generator<Grant> {
  for (const binding of view.clusterRoleBindings.objects.values()) {
    if (!binding.subjects.some((subject) => subjectMatches(subject, user, ''))) continue;
    const reason = describe('ClusterRoleBinding', binding);
    for (const rule of rulesOfRole(view, binding.roleKind, '', binding.roleName)) yield { rule, reason };
  }
  if (namespace === '') return;
  for (const binding of view.roleBindings.objects.values()) {
    if (binding.namespace !== namespace) continue;
    if (!binding.subjects.some((subject) => subjectMatches(subject, user, namespace))) continue;
    const reason = describe('RoleBinding', binding);
    for (const rule of rulesOfRole(view, binding.roleKind, namespace, binding.roleName)) yield { rule, reason };
  }
}

/** Rules never depend on the path being a resource: a non-resource rule of a namespace binding counts for nothing. */
export function decide(view: RbacView, user: UserInfo, attributes: Attributes): Decision {
  const namespace = attributes.type === 'resource' ? attributes.namespace : '';
  for (const grant of grantsOf(view, user, namespace))
    if (ruleAllows(grant.rule, attributes)) return { verdict: 'allow', reason: grant.reason };
  return { verdict: 'no-opinion', reason: '' };
}

export interface Rbac extends Authoriser {
  readonly view: RbacView;
  synced(): Promise<void>;
}

/** An RBAC authoriser that keeps its four collections current until the signal aborts. */
export function createRbac(parts: { registry: Registry; clock: Clock; logger: Logger; signal: AbortSignal }): Rbac {
  const collection = (resource: string) => ({ group: 'rbac.authorization.k8s.io', version: 'v1', resource });
  const roles = (resource: string): LiveCollection<Role> =>
    follow({ ...parts, collection: collection(resource), project: toRole });
  const bindings = (resource: string): LiveCollection<Binding> =>
    follow({ ...parts, collection: collection(resource), project: toBinding });
  const view = {
    roles: roles('roles'),
    clusterRoles: roles('clusterroles'),
    roleBindings: bindings('rolebindings'),
    clusterRoleBindings: bindings('clusterrolebindings'),
  };
  return {
    view,
    decide: (user, attributes) => decide(view, user, attributes),
    synced: async () => {
      await Promise.all(Object.values(view).map((one) => one.synced()));
    },
  };
}

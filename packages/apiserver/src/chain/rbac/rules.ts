/** RBAC's questions, as pure functions over what the objects say (kubernetes: pkg/apis/rbac and plugin/pkg/auth/authorizer/rbac). */
import type { UserInfo } from '../../registry/contract.ts';
import { serviceAccountOf } from '../../tokens/service-account-name.ts';
import type { Attributes } from '../attributes.ts';

/** One PolicyRule. Absent lists are empty. */
export interface Rule {
  readonly verbs: readonly string[];
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames: readonly string[];
  readonly nonResourceURLs: readonly string[];
}

export interface Subject {
  readonly kind: string;
  readonly apiGroup: string;
  readonly namespace: string;
  readonly name: string;
}

/** A Role or ClusterRole. */
export interface Role {
  readonly namespace: string;
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly rules: readonly Rule[];
  /** clusterRoleSelectors of an aggregated ClusterRole: its rules are those of the roles that any of them matches. */
  readonly aggregates: readonly ReadonlyMap<string, string>[];
}

/** A RoleBinding or ClusterRoleBinding. */
export interface Binding {
  readonly namespace: string;
  readonly name: string;
  readonly roleKind: string;
  readonly roleName: string;
  readonly subjects: readonly Subject[];
}

const holds = (list: readonly string[], ...values: string[]): boolean =>
  list.includes('*') || values.some((value) => list.includes(value));

/** True when the rule lets `attributes` happen. */
export function ruleAllows(rule: Rule, attributes: Attributes): boolean {
  if (!holds(rule.verbs, attributes.verb)) return false;
  if (attributes.type === 'path') return rule.nonResourceURLs.some((pattern) => urlMatches(pattern, attributes.path));
  if (!holds(rule.apiGroups, attributes.group)) return false;
  if (!resourceMatches(rule.resources, attributes.resource, attributes.subresource)) return false;
  return rule.resourceNames.length === 0 || rule.resourceNames.includes(attributes.name);
}

function resourceMatches(resources: readonly string[], resource: string, subresource: string): boolean {
  if (subresource === '') return holds(resources, resource);
  return holds(resources, `${resource}/${subresource}`, `*/${subresource}`);
}

/** `/healthz`, `/healthz/*`, `*`: a star is only special at the end. */
function urlMatches(pattern: string, path: string): boolean {
  if (pattern === '*' || pattern === path) return true;
  return pattern.endsWith('*') && path.startsWith(pattern.slice(0, -1).replace(/\*+$/, ''));
}

/** True when `subject` (of a binding in `namespace`) is the user. */
export function subjectMatches(subject: Subject, user: UserInfo, namespace: string): boolean {
  switch (subject.kind) {
    case 'User':
      return subject.name === user.name;
    case 'Group':
      return user.groups.includes(subject.name);
    case 'ServiceAccount': {
      const account = serviceAccountOf(user.name);
      const where = subject.namespace === '' ? namespace : subject.namespace;
      return account !== undefined && where !== '' && account.namespace === where && account.name === subject.name;
    }
    default:
      return false;
  }
}

/** Labels of an aggregation selector, all of which a role must carry. Selectors with expressions are beyond RBAC's bootstrap roles and match nothing. */
export function selectorMatches(selector: ReadonlyMap<string, string>, labels: ReadonlyMap<string, string>): boolean {
  if (selector.size === 0) return false;
  for (const [key, value] of selector) if (labels.get(key) !== value) return false;
  return true;
}

/** Roles and bindings (pkg/apis/rbac/validation). */

import { type GoText, goStruct } from '../algebra/go-text.ts';
import { checkDns1123Subdomain, checkPathSegment } from '../algebra/names.ts';
import { field } from '../errors.ts';
import type { ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, Subject } from '../kinds/types.ts';
import { addLabelSelector } from './selectors.ts';
import { addChanged, addEach, type Faults, type Loose } from './support.ts';

function addRules(faults: Faults, rules: Loose<PolicyRule[]> | undefined, namespaced: boolean): void {
  for (const [index, rule] of (rules ?? []).entries()) {
    const at = `rules[${index}]`;
    const { verbs = [], nonResourceURLs = [], apiGroups = [], resources = [], resourceNames = [] } = rule;
    if (verbs.length === 0) faults.push(field.required(`${at}.verbs`, 'verbs must contain at least one value'));
    if (nonResourceURLs.length > 0) {
      if (namespaced) {
        const why = 'namespaced rules cannot apply to non-resource URLs';
        faults.push(field.invalid(`${at}.nonResourceURLs`, nonResourceURLs, why));
      }
      if (apiGroups.length + resources.length + resourceNames.length > 0) {
        const why = 'rules cannot apply to both regular resources and non-resource URLs';
        faults.push(field.invalid(`${at}.nonResourceURLs`, nonResourceURLs, why));
      }
      continue;
    }
    if (apiGroups.length === 0) {
      faults.push(field.required(`${at}.apiGroups`, 'resource rules must supply at least one api group'));
    }
    if (resources.length === 0) {
      faults.push(field.required(`${at}.resources`, 'resource rules must supply at least one resource'));
    }
  }
}

export function addRole(faults: Faults, role: Loose<Role>): void {
  addRules(faults, role.rules, true);
}

export function addClusterRole(faults: Faults, role: Loose<ClusterRole>): void {
  addRules(faults, role.rules, false);
  const { aggregationRule } = role;
  if (aggregationRule === undefined) return;
  const selectors = aggregationRule.clusterRoleSelectors ?? [];
  const path = 'aggregationRule.clusterRoleSelectors';
  if (selectors.length === 0) {
    faults.push(field.required(path, 'at least one clusterRoleSelector required if aggregationRule is non-nil'));
  }
  for (const [index, selector] of selectors.entries()) {
    const before = faults.length;
    addLabelSelector(faults, selector, `${path}[${index}]`);
    if (faults.length > before) faults.push(field.invalid(`${path}[${index}]`, null, 'invalid label selector.'));
  }
}

type Binding = Loose<RoleBinding> | Loose<ClusterRoleBinding>;

const group = 'rbac.authorization.k8s.io';

export function addRoleBinding(faults: Faults, binding: Binding): void {
  const { roleRef = {}, subjects = [] } = binding;
  if (roleRef.apiGroup !== group) faults.push(field.notSupported('roleRef.apiGroup', roleRef.apiGroup ?? '', [group]));
  const kinds = binding.kind === 'ClusterRoleBinding' ? ['ClusterRole'] : ['Role', 'ClusterRole'];
  if (!kinds.includes(roleRef.kind ?? '')) faults.push(field.notSupported('roleRef.kind', roleRef.kind ?? '', kinds));
  if ((roleRef.name ?? '') === '') faults.push(field.required('roleRef.name'));
  else addEach(faults, 'roleRef.name', roleRef.name, checkPathSegment(roleRef.name ?? ''));
  for (const [index, subject] of subjects.entries()) {
    addSubject(faults, subject, binding.kind === 'RoleBinding', `subjects[${index}]`);
  }
}

function addSubject(faults: Faults, subject: Loose<Subject>, namespaced: boolean, path: string): void {
  const { kind = '', name = '', apiGroup = '', namespace = '' } = subject;
  if (name === '') faults.push(field.required(`${path}.name`));
  if (kind === 'ServiceAccount') {
    if (name !== '') addEach(faults, `${path}.name`, name, checkDns1123Subdomain(name));
    if (apiGroup !== '') faults.push(field.notSupported(`${path}.apiGroup`, apiGroup, ['']));
    if (namespace === '' && !namespaced) faults.push(field.required(`${path}.namespace`));
  } else if (kind === 'User' || kind === 'Group') {
    if (apiGroup !== group) faults.push(field.notSupported(`${path}.apiGroup`, apiGroup, [group]));
  } else faults.push(field.notSupported(`${path}.kind`, kind, ['ServiceAccount', 'User', 'Group']));
}

const shownRoleRef = ({ apiGroup, kind, name }: Binding['roleRef'] = {}): GoText =>
  goStruct('rbac.RoleRef', { APIGroup: apiGroup, Kind: kind, Name: name });

/** What a binding grants is looked up by its role: another role is another binding. */
export function addRoleBindingUpdate(faults: Faults, next: Binding, previous: Binding): void {
  if (JSON.stringify(next.roleRef) === JSON.stringify(previous.roleRef)) return;
  const before = faults.length;
  addChanged(faults, 'roleRef', next.roleRef, previous.roleRef);
  if (faults.length > before) {
    faults.splice(before, 1, field.invalid('roleRef', shownRoleRef(next.roleRef), 'cannot change roleRef'));
  }
}

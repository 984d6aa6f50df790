/** How the default roles and bindings are kept whole (pkg/registry/rbac/reconciliation): what is missing is added, nothing is taken away. */
import type { Json, JsonObject } from '@skiff/api';
import { copy, listAt, objectAt, put, same, textAt } from '../../patch/values.ts';
import type { Reconciled } from '../../registry/bootstrap.ts';
import { uncovered } from './covers.ts';
import { toRule } from './objects.ts';
import type { Rule } from './rules.ts';

const autoUpdate = 'rbac.authorization.kubernetes.io/autoupdate';

/** What an object that exists should be: undefined as it is. Its owner may say that it is his (the annotation is `false`). */
export function reconcileRbac(current: JsonObject, wanted: JsonObject): Reconciled {
  if (textAt(current, 'metadata', 'annotations', autoUpdate) === 'false') return undefined;
  const isBinding = textAt(wanted, 'kind').endsWith('Binding');
  if (isBinding && !same(objectAt(current, 'roleRef'), objectAt(wanted, 'roleRef'))) return 'recreate';
  const next = copy(current);
  mergeMeta(next, wanted);
  if (isBinding) addMissing(next, 'subjects', listAt(wanted, 'subjects'));
  else {
    addRules(next, wanted);
    addSelectors(next, wanted);
  }
  return same(next, current) ? undefined : next;
}

/** What the owner said stays. */
function mergeMeta(next: JsonObject, wanted: JsonObject): void {
  const metadata = objectAt(next, 'metadata') ?? {};
  for (const part of ['labels', 'annotations']) {
    const merged = { ...objectAt(wanted, 'metadata', part), ...objectAt(metadata, part) };
    if (Object.keys(merged).length > 0) put(metadata, part, merged);
  }
}

function addMissing(into: JsonObject, key: string, wanted: readonly Json[]): void {
  const found = listAt(into, key);
  const missing = wanted.filter((one) => !found.some((other) => same(one, other)));
  if (missing.length > 0) put(into, key, [...found, ...missing.map((one) => copy(one))]);
}

/** The rules of a sum are the summing controller's. */
function addRules(next: JsonObject, wanted: JsonObject): void {
  if (objectAt(wanted, 'aggregationRule') !== undefined) return;
  const found = listAt(next, 'rules');
  const missing = uncovered(found.map(toRule), listAt(wanted, 'rules').map(toRule));
  if (missing.length > 0) put(next, 'rules', [...found, ...missing.map(ruleJson)]);
}

const ruleJson = (rule: Rule): JsonObject =>
  Object.fromEntries(Object.entries(rule).flatMap(([key, list]) => (list.length === 0 ? [] : [[key, [...list]]])));

function addSelectors(next: JsonObject, wanted: JsonObject): void {
  const selectors = listAt(wanted, 'aggregationRule', 'clusterRoleSelectors');
  if (selectors.length === 0) return;
  const rule = objectAt(next, 'aggregationRule') ?? {};
  put(next, 'aggregationRule', rule);
  addMissing(rule, 'clusterRoleSelectors', selectors);
}

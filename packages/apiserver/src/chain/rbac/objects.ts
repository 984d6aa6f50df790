/** RBAC objects out of their documents. A stored document has passed its schema, but nothing here trusts that. */
import type { Json, JsonObject } from '@skiff/api';
import { identityOf } from '../live.ts';
import type { Binding, Role, Rule, Subject } from './rules.ts';

const asObject = (value: Json | undefined): JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};

const asList = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? value : []);

const asText = (value: Json | undefined): string => (typeof value === 'string' ? value : '');

const texts = (value: Json | undefined): readonly string[] =>
  asList(value).filter((one): one is string => typeof one === 'string');

const textMap = (value: Json | undefined): ReadonlyMap<string, string> =>
  new Map(Object.entries(asObject(value)).map(([key, text]) => [key, asText(text)]));

/** A PolicyRule. */
export function toRule(value: Json): Rule {
  const rule = asObject(value);
  return {
    verbs: texts(rule.verbs),
    apiGroups: texts(rule.apiGroups),
    resources: texts(rule.resources),
    resourceNames: texts(rule.resourceNames),
    nonResourceURLs: texts(rule.nonResourceURLs),
  };
}

/** A Role or ClusterRole document. */
export function toRole(object: JsonObject): Role {
  const selectors = asList(asObject(object.aggregationRule).clusterRoleSelectors);
  return {
    ...identityOf(object),
    labels: textMap(asObject(object.metadata).labels),
    rules: asList(object.rules).map(toRule),
    aggregates: selectors
      .map(asObject)
      .filter((selector) => asList(selector.matchExpressions).length === 0)
      .map((selector) => textMap(selector.matchLabels)),
  };
}

function toSubject(value: Json): Subject {
  const subject = asObject(value);
  return {
    kind: asText(subject.kind),
    apiGroup: asText(subject.apiGroup),
    namespace: asText(subject.namespace),
    name: asText(subject.name),
  };
}

/** A RoleBinding or ClusterRoleBinding document. */
export function toBinding(object: JsonObject): Binding {
  const role = asObject(object.roleRef);
  return {
    ...identityOf(object),
    roleKind: asText(role.kind),
    roleName: asText(role.name),
    subjects: asList(object.subjects).map(toSubject),
  };
}

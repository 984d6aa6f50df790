/** Which requests a webhook or policy is asked about: pure. The rules are those of apiserver's admission predicates. */
import type { Definition, JsonObject } from '@skiff/api';
import { objectAt } from '../../patch/values.ts';
import type { AdmissionRequest } from '../../registry/contract.ts';
import { selectsLabels } from '../../registry/selectors.ts';

export interface Rule {
  readonly operations?: readonly string[];
  readonly apiGroups?: readonly string[];
  readonly apiVersions?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly scope?: string;
}

/** Where a request is matched: what it names, at the version it is looked at. */
export interface Matched {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
}

/** True for the kinds that configure admission: nobody may lock himself out of them. */
export const isExempt = (request: Pick<AdmissionRequest, 'target'>): boolean =>
  request.target.group === 'admissionregistration.k8s.io' &&
  /^(mutating|validating)(webhookconfigurations|admissionpolic(ies|ybindings))$/.test(request.target.resource);

const has = (list: readonly string[] | undefined, wanted: string): boolean =>
  list?.some((each) => each === '*' || each === wanted) === true;

/** True when one rule speaks of the request as seen at `at`. */
export function matchesRule(rule: Rule, request: AdmissionRequest, at: Matched): boolean {
  const { target, operation } = request;
  const isNamespace = target.group === '' && target.resource === 'namespaces';
  const isNamespaced = !isNamespace && target.namespace !== '';
  if (rule.scope === 'Namespaced' && !isNamespaced) return false;
  if (rule.scope === 'Cluster' && isNamespaced) return false;
  const { resourceNames = [] } = rule;
  if (resourceNames.length > 0 && !resourceNames.includes(target.name)) return false;
  return (
    has(rule.operations, operation) &&
    has(rule.apiGroups, at.group) &&
    has(rule.apiVersions, at.version) &&
    (rule.resources ?? []).some((each) => matchesResource(each, at.resource, target.subresource))
  );
}

function matchesResource(pattern: string, resource: string, subresource: string): boolean {
  const [wanted, below = ''] = pattern.split('/', 2);
  return (wanted === '*' || wanted === resource) && (below === '*' || below === subresource);
}

/**
 * The version at which the rules speak of the request: its own first, then, unless matches must be exact, an equivalent one.
 * Undefined when they do not.
 */
export function matchRules(
  rules: readonly Rule[],
  request: AdmissionRequest,
  equivalents: readonly Definition[],
): Definition | undefined {
  for (const definition of [request.definition, ...equivalents]) {
    if (rules.some((rule) => matchesRule(rule, request, definition))) return definition;
  }
  return undefined;
}

/** True when the selector selects the object, or what it was before. What has no metadata is never selected. */
export function selectsObject(selector: JsonObject | undefined, request: AdmissionRequest): boolean {
  if (selector === undefined || isEmpty(selector)) return true;
  return [request.object, request.oldObject].some(
    (object) => object?.metadata !== undefined && selectsLabels(selector, objectAt(object, 'metadata', 'labels') ?? {}),
  );
}

/** An empty selector selects everything, and needs nothing to be read. */
export const isEmpty = (selector: JsonObject): boolean =>
  Object.keys(objectAt(selector, 'matchLabels') ?? {}).length === 0 &&
  (Array.isArray(selector.matchExpressions) ? selector.matchExpressions.length : 0) === 0;

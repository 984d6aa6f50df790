/** Webhook configurations: whom to call, and for what (apiserver's ValidateWebhookService and its neighbours). */
import { checkDns1035Label, checkDns1123Subdomain, checkPathSegment } from '../algebra/names.ts';
import { field } from '../errors.ts';
import type { MutatingWebhook, MutatingWebhookConfiguration, ValidatingWebhookConfiguration } from '../kinds/types.ts';
import { checkClientConfig } from './client-config.ts';
import { addLabelSelector } from './selectors.ts';
import { addEach, addUnsupported, addUnsupportedIfSet, type Faults, type Loose, repeatsOf } from './support.ts';

type Webhooks = Loose<ValidatingWebhookConfiguration> | Loose<MutatingWebhookConfiguration>;

const sideEffects = ['None', 'NoneOnDryRun'];
const reviewVersions = ['v1', 'v1beta1'];

/** In the order in which Kubernetes finds faults. Expressions are looked at elsewhere: that takes a compiler. */
export function addWebhooks(faults: Faults, { webhooks = [] }: Webhooks): void {
  const names = new Set<string>();
  for (const [index, hook] of webhooks.entries()) {
    const at = `webhooks[${index}]`;
    const name = hook.name ?? '';
    addQualifiedDomain(faults, `${at}.name`, name);
    for (const [place, rule] of (hook.rules ?? []).entries()) addOperationRule(faults, rule, `${at}.rules[${place}]`);
    addUnsupported(faults, `${at}.failurePolicy`, hook.failurePolicy, ['Fail', 'Ignore']);
    addUnsupported(faults, `${at}.matchPolicy`, hook.matchPolicy, ['Equivalent', 'Exact']);
    if (hook.sideEffects === undefined) {
      faults.push(field.required(`${at}.sideEffects`, `must specify one of ${sideEffects.join(', ')}`));
    } else addUnsupported(faults, `${at}.sideEffects`, hook.sideEffects, sideEffects);
    const { timeoutSeconds = 0 } = hook;
    if (timeoutSeconds < 1 || timeoutSeconds > 30) {
      const why = 'the timeout value must be between 1 and 30 seconds';
      faults.push(field.invalid(`${at}.timeoutSeconds`, timeoutSeconds, why));
    }
    addLabelSelector(faults, hook.namespaceSelector, `${at}.namespaceSelector`);
    addLabelSelector(faults, hook.objectSelector, `${at}.objectSelector`);
    const { reinvocationPolicy } = hook as Loose<MutatingWebhook>;
    addUnsupportedIfSet(faults, `${at}.reinvocationPolicy`, reinvocationPolicy, ['IfNeeded', 'Never']);
    faults.push(...checkClientConfig(hook.clientConfig ?? {}, `${at}.clientConfig`));
    addReviewVersions(faults, hook.admissionReviewVersions ?? [], `${at}.admissionReviewVersions`);
    if (name !== '' && names.has(name)) faults.push(field.duplicate(`${at}.name`, name));
    names.add(name);
  }
}

/** The versions of AdmissionReview that a webhook reads: each once, and one that the server sends. */
function addReviewVersions(faults: Faults, versions: readonly string[], path: string): void {
  const known = reviewVersions.join(', ');
  if (versions.length === 0) return void faults.push(field.required(path, `must specify one of ${known}`));
  const repeats = repeatsOf(versions);
  for (const [index, version] of versions.entries()) {
    const at = `${path}[${index}]`;
    if (repeats.has(index)) faults.push(field.invalid(at, version, 'duplicate version'));
    else addEach(faults, at, version, checkDns1035Label(version));
  }
  if (versions.some((version) => reviewVersions.includes(version))) return;
  faults.push(field.invalid(path, versions, `must include at least one of ${known}`));
}

/** A domain name of three labels or more (IsFullyQualifiedName). */
function addQualifiedDomain(faults: Faults, at: string, name: string): void {
  const messages = checkDns1123Subdomain(name);
  if (name === '') faults.push(field.required(at));
  else if (messages.length > 0) faults.push(field.invalid(at, name, messages.join(',')));
  else if (name.split('.').length < 3) {
    const why = 'should be a domain with at least three segments separated by dots';
    faults.push(field.invalid(at, name, why));
  }
}

export interface OperationRule {
  apiGroups?: string[];
  apiVersions?: string[];
  resources?: string[];
  resourceNames?: string[];
  operations?: string[];
  scope?: string;
}

const scopes = ['*', 'Cluster', 'Namespaced'];
const operations = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE'];
const wholes = [
  ['operations', 'operations'],
  ['apiGroups', 'API groups'],
  ['apiVersions', 'API versions'],
] as const;

/** Which requests a webhook or an admission policy is asked about. */
export function addOperationRule(faults: Faults, rule: OperationRule, path: string): void {
  const names = rule.resourceNames ?? [];
  const repeats = repeatsOf(names);
  for (const [index, name] of names.entries()) {
    const at = `${path}.resourceNames[${index}]`;
    addEach(faults, at, name, checkPathSegment(name));
    if (repeats.has(index)) faults.push(field.duplicate(at, name));
  }
  for (const [name, shown] of wholes) {
    const values = rule[name] ?? [];
    if (values.length === 0) faults.push(field.required(`${path}.${name}`));
    else if (values.includes('*') && values.length > 1) {
      faults.push(field.invalid(`${path}.${name}`, values, `if '*' is present, must not specify other ${shown}`));
    }
  }
  for (const [index, operation] of (rule.operations ?? []).entries()) {
    if (!operations.includes(operation)) {
      faults.push(field.notSupported(`${path}.operations[${index}]`, operation, operations));
    }
  }
  for (const [index, version] of (rule.apiVersions ?? []).entries()) {
    if (version === '') faults.push(field.required(`${path}.apiVersions[${index}]`));
  }
  addRuleResources(faults, rule.resources ?? [], `${path}.resources`);
  addUnsupportedIfSet(faults, `${path}.scope`, rule.scope, scopes);
}

/** `pods`, `pods/status`, and asterisks for either part: what an asterisk covers is not named again. */
function addRuleResources(faults: Faults, resources: readonly string[], path: string): void {
  if (resources.length === 0) faults.push(field.required(path));
  const withAllSubresources = new Set<string>();
  const ofAllResources = new Set<string>();
  for (const [index, text] of resources.entries()) {
    const at = `${path}[${index}]`;
    const slash = text.indexOf('/');
    if (text === '') faults.push(field.required(at));
    if (slash < 0) continue;
    const [resource, subresource] = [text.slice(0, slash), text.slice(slash + 1)];
    if (withAllSubresources.has(resource)) {
      faults.push(field.invalid(at, text, `if '${resource}/*' is present, must not specify ${text}`));
    }
    if (ofAllResources.has(subresource)) {
      faults.push(field.invalid(at, text, `if '*/${subresource}' is present, must not specify ${text}`));
    }
    if (subresource === '*') withAllSubresources.add(resource);
    if (resource === '*') ofAllResources.add(subresource);
  }
  if (resources.length > 1 && resources.includes('*/*')) {
    faults.push(field.invalid(path, resources, "if '*/*' is present, must not specify other resources"));
  }
  // Kubernetes remembers the last resource without a slash only, and so takes ['pods', '*'].
  if (resources.includes('*') && resources.findLast((text) => text !== '' && !text.includes('/')) !== '*') {
    const why = "if '*' is present, must not specify other resources without subresources";
    faults.push(field.invalid(path, resources, why));
  }
}

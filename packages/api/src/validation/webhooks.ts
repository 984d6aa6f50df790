/** Webhook configurations: whom to call, and for what (apiserver's ValidateWebhookService and its neighbours). */
import { checkDns1035Label, checkDns1123Subdomain, checkPortNumber, checkQualifiedName } from '../algebra/names.ts';
import { field } from '../errors.ts';
import type { MutatingWebhook, MutatingWebhookConfiguration, ValidatingWebhookConfiguration } from '../kinds/types.ts';
import { addLabelSelector } from './selectors.ts';
import { addEach, addUnsupported, addUnsupportedIfSet, type Faults, type Loose } from './support.ts';

const sideEffects = ['None', 'NoneOnDryRun'];
const reviewVersions = ['v1', 'v1beta1'];

type Webhooks = Loose<ValidatingWebhookConfiguration> | Loose<MutatingWebhookConfiguration>;

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
    addClientConfig(faults, hook.clientConfig ?? {}, `${at}.clientConfig`);
    for (const [place, condition] of (hook.matchConditions ?? []).entries()) {
      const where = `${at}.matchConditions[${place}]`;
      addEach(faults, `${where}.name`, condition.name ?? '', checkQualifiedName(condition.name ?? ''));
      if ((condition.expression ?? '').trim() === '') faults.push(field.required(`${where}.expression`));
    }
    addReviewVersions(faults, hook.admissionReviewVersions ?? [], `${at}.admissionReviewVersions`);
    if (name !== '' && names.has(name)) faults.push(field.duplicate(`${at}.name`, name));
    names.add(name);
  }
}

/** The versions of AdmissionReview that a webhook reads; one of them is one that the server sends. */
function addReviewVersions(faults: Faults, versions: readonly (string | undefined)[], at: string): void {
  const known = reviewVersions.join(', ');
  if (versions.length === 0) return void faults.push(field.required(at, `must specify one of ${known}`));
  for (const [index, version = ''] of versions.entries()) {
    if (versions.indexOf(version) < index) {
      faults.push(field.invalid(`${at}[${index}]`, version, 'duplicate version'));
    } else addEach(faults, `${at}[${index}]`, version, checkDns1035Label(version));
  }
  if (versions.some((version) => version !== undefined && reviewVersions.includes(version))) return;
  faults.push(field.invalid(at, versions, `must include at least one of ${known}`));
}

interface ClientConfig {
  url?: string;
  service?: { name?: string; namespace?: string; path?: string; port?: number };
}

function addClientConfig(faults: Faults, { url, service }: ClientConfig, path: string): void {
  if ((url === undefined) === (service === undefined)) {
    faults.push(field.required(path, 'exactly one of url or service is required'));
  }
  if (url !== undefined) {
    const parsed = URL.canParse(url) ? new URL(url) : undefined;
    if (parsed === undefined) faults.push(field.invalid(`${path}.url`, url, 'url must be a valid URL'));
    else if (parsed.protocol !== 'https:') {
      const why = `'https' is the only allowed URL scheme; desired format: https://host[/path]`;
      faults.push(field.invalid(`${path}.url`, url, why));
    } else if (parsed.username !== '' || parsed.password !== '') {
      faults.push(field.invalid(`${path}.url`, url, 'user information is not permitted in the URL'));
    } else if (parsed.search !== '' || parsed.hash !== '') {
      faults.push(field.invalid(`${path}.url`, url, 'fragments and query parameters are not permitted in the URL'));
    }
  }
  if (service === undefined) return;
  if ((service.name ?? '') === '') faults.push(field.required(`${path}.service.name`, 'service name is required'));
  if ((service.namespace ?? '') === '') {
    faults.push(field.required(`${path}.service.namespace`, 'service namespace is required'));
  }
  for (const message of checkPortNumber(service.port ?? 443)) {
    faults.push(field.invalid(`${path}.service.port`, service.port, `port is not valid: ${message}`));
  }
  addServicePath(faults, service.path ?? '', `${path}.service.path`);
}

/** A path of names; only its end may be empty. */
export function addServicePath(faults: Faults, path: string, at: string): void {
  if (path === '' || path === '/') return;
  if (!path.startsWith('/')) return void faults.push(field.invalid(at, path, "must start with a '/'"));
  const segments = path.slice(1).replace(/\/$/, '').split('/');
  for (const [index, segment] of segments.entries()) {
    if (segment === '') faults.push(field.invalid(at, path, `segment[${index}] may not be empty`));
    else {
      const why = checkDns1123Subdomain(segment).map((message) => `segment[${index}]: ${message}`);
      addEach(faults, at, path, why);
    }
  }
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
  operations?: string[];
  scope?: string;
}

const scopes = ['*', 'Cluster', 'Namespaced'];
const operations = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE'];

/** Which requests a webhook or an admission policy is asked about. */
export function addOperationRule(faults: Faults, rule: OperationRule, path: string): void {
  for (const name of ['apiGroups', 'apiVersions', 'operations', 'resources'] as const) {
    const values = rule[name] ?? [];
    if (values.length === 0) faults.push(field.required(`${path}.${name}`));
    else if (name !== 'resources' && values.includes('*') && values.length > 1) {
      const why =
        "if '*' is present, must not specify other " +
        (name === 'operations' ? 'operations' : name === 'apiGroups' ? 'API groups' : 'API versions');
      faults.push(field.invalid(`${path}.${name}`, values, why));
    }
  }
  for (const [index, operation] of (rule.operations ?? []).entries()) {
    if (!operations.includes(operation)) {
      faults.push(field.notSupported(`${path}.operations[${index}]`, operation, operations));
    }
  }
  addUnsupportedIfSet(faults, `${path}.scope`, rule.scope, scopes);
}

/** Lease, PriorityClass, RuntimeClass, CertificateSigningRequest and webhook configurations. */
import { checkDns1123Label, checkDomainPrefixedPath, checkQualifiedName } from '../algebra/names.ts';
import { field } from '../errors.ts';
import type {
  CertificateSigningRequest,
  Lease,
  MutatingWebhookConfiguration,
  PriorityClass,
  RuntimeClass,
  ValidatingWebhookConfiguration,
} from '../kinds/types.ts';
import { addLabelSelector } from './selectors.ts';
import { addChanged, addEach, addUnsupported, type Faults, type Loose, positiveMessage } from './support.ts';

export function addLease(faults: Faults, { spec = {} }: Loose<Lease>): void {
  const { leaseDurationSeconds, leaseTransitions, holderIdentity } = spec;
  if (leaseDurationSeconds !== undefined && leaseDurationSeconds <= 0) {
    faults.push(field.invalid('spec.leaseDurationSeconds', leaseDurationSeconds, positiveMessage));
  }
  if (leaseTransitions !== undefined && leaseTransitions < 0) {
    faults.push(field.invalid('spec.leaseTransitions', leaseTransitions, 'must be greater than or equal to 0'));
  }
  if (spec.preferredHolder !== undefined && (spec.strategy ?? '') === '' && (holderIdentity ?? '') === '') {
    faults.push(field.forbidden('spec.preferredHolder', 'may only be specified when `strategy` is defined'));
  }
}

/** Above this are the classes the system brings itself. */
const highestUserPriority = 1_000_000_000;
const systemClasses: ReadonlyMap<string, number> = new Map([
  ['system-node-critical', 2_000_001_000],
  ['system-cluster-critical', 2_000_000_000],
]);

export function addPriorityClass(faults: Faults, one: Loose<PriorityClass>): void {
  const name = one.metadata?.name ?? '';
  const { value = 0 } = one;
  if (name.startsWith('system-')) {
    if (systemClasses.get(name) !== value) {
      const why = `priority class names with 'system-' prefix are reserved for system use only. error: ${name} is not a known system priority class`;
      faults.push(field.forbidden('metadata.name', why));
    }
  } else if (value > highestUserPriority) {
    const why = `maximum allowed value of a user defined priority is ${highestUserPriority}`;
    faults.push(field.forbidden('value', why));
  }
  addUnsupported(faults, 'preemptionPolicy', one.preemptionPolicy, ['Never', 'PreemptLowerPriority']);
}

export function addPriorityClassUpdate(
  faults: Faults,
  next: Loose<PriorityClass>,
  previous: Loose<PriorityClass>,
): void {
  if ((next.value ?? 0) !== (previous.value ?? 0)) {
    faults.push(field.forbidden('value', 'may not be changed in an update.'));
  }
  addChanged(faults, 'preemptionPolicy', next.preemptionPolicy, previous.preemptionPolicy);
}

export function addRuntimeClass(faults: Faults, one: Loose<RuntimeClass>): void {
  const handler = one.handler ?? '';
  addEach(faults, 'handler', handler, checkDns1123Label(handler));
}

export function addRuntimeClassUpdate(faults: Faults, next: Loose<RuntimeClass>, previous: Loose<RuntimeClass>): void {
  addChanged(faults, 'handler', next.handler, previous.handler);
}

const minCertificateSeconds = 600;

export function addSigningRequest(faults: Faults, { spec = {} }: Loose<CertificateSigningRequest>): void {
  const { request = '', usages = [], signerName = '', expirationSeconds } = spec;
  const pem = Buffer.from(request, 'base64').toString('latin1');
  if (!/-----BEGIN (?:NEW )?CERTIFICATE REQUEST-----/.test(pem)) {
    faults.push(field.invalid('spec.request', request, 'PEM block type must be CERTIFICATE REQUEST'));
  }
  if (usages.length === 0) faults.push(field.required('spec.usages'));
  for (const [index, usage] of usages.entries()) {
    if (usages.indexOf(usage) < index) faults.push(field.duplicate(`spec.usages[${index}]`, usage));
  }
  if (signerName === '') faults.push(field.required('spec.signerName'));
  else addEach(faults, 'spec.signerName', signerName, checkDomainPrefixedPath(signerName));
  if (expirationSeconds !== undefined && expirationSeconds < minCertificateSeconds) {
    faults.push(
      field.invalid(
        'spec.expirationSeconds',
        expirationSeconds,
        'may not specify a duration less than 600 seconds (10 minutes)',
      ),
    );
  }
}

export function addSigningRequestUpdate(
  faults: Faults,
  next: Loose<CertificateSigningRequest>,
  previous: Loose<CertificateSigningRequest>,
): void {
  addChanged(faults, 'spec', next.spec, previous.spec);
}

type Webhooks = Loose<ValidatingWebhookConfiguration> | Loose<MutatingWebhookConfiguration>;

export function addWebhooks(faults: Faults, { webhooks = [] }: Webhooks): void {
  const names = new Set<string>();
  for (const [index, hook] of webhooks.entries()) {
    const at = `webhooks[${index}]`;
    const name = hook.name ?? '';
    if (name === '') faults.push(field.required(`${at}.name`));
    else if (name.split('.').length < 3) {
      const why = 'should be a domain with at least three segments separated by dots';
      faults.push(field.invalid(`${at}.name`, name, why));
    }
    if (names.has(name)) faults.push(field.duplicate(`${at}.name`, name));
    names.add(name);
    if ((hook.admissionReviewVersions ?? []).length === 0) {
      const why = 'must specify one of v1, v1beta1';
      faults.push(field.required(`${at}.admissionReviewVersions`, why));
    }
    addUnsupported(faults, `${at}.sideEffects`, hook.sideEffects, ['None', 'NoneOnDryRun']);
    addUnsupported(faults, `${at}.failurePolicy`, hook.failurePolicy, ['Fail', 'Ignore']);
    addUnsupported(faults, `${at}.matchPolicy`, hook.matchPolicy, ['Equivalent', 'Exact']);
    const { timeoutSeconds = 0 } = hook;
    if (timeoutSeconds < 1 || timeoutSeconds > 30) {
      const why = 'the timeout value must be between 1 and 30 seconds';
      faults.push(field.invalid(`${at}.timeoutSeconds`, timeoutSeconds, why));
    }
    addLabelSelector(faults, hook.namespaceSelector, `${at}.namespaceSelector`);
    addLabelSelector(faults, hook.objectSelector, `${at}.objectSelector`);
    addClientConfig(faults, hook.clientConfig ?? {}, `${at}.clientConfig`);
    for (const [place, rule] of (hook.rules ?? []).entries()) addWebhookRule(faults, rule, `${at}.rules[${place}]`);
    for (const [place, condition] of (hook.matchConditions ?? []).entries()) {
      const where = `${at}.matchConditions[${place}]`;
      addEach(faults, `${where}.name`, condition.name ?? '', checkQualifiedName(condition.name ?? ''));
      if ((condition.expression ?? '').trim() === '') faults.push(field.required(`${where}.expression`));
    }
  }
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
  if (service.path !== undefined && !service.path.startsWith('/')) {
    faults.push(field.invalid(`${path}.service.path`, service.path, "must start with a '/'"));
  }
}

interface WebhookRule {
  apiGroups?: string[];
  apiVersions?: string[];
  resources?: string[];
  operations?: string[];
  scope?: string;
}

const operations = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE'];

function addWebhookRule(faults: Faults, rule: WebhookRule, path: string): void {
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
}

/** APIServices: other servers behind this one (kube-aggregator's ValidateAPIService). */
import { checkDns1035Label, checkDns1123Subdomain, checkPortNumber } from '../algebra/names.ts';
import { field } from '../errors.ts';
import { addEach, addMissing, type Faults } from './support.ts';

const states = ['True', 'False', 'Unknown'];

interface ApiService {
  readonly metadata?: { readonly name?: string };
  readonly spec?: {
    readonly group?: string;
    readonly version?: string;
    readonly groupPriorityMinimum?: number;
    readonly versionPriority?: number;
    readonly insecureSkipTLSVerify?: boolean;
    readonly caBundle?: string;
    readonly service?: { readonly name?: string; readonly namespace?: string; readonly port?: number };
  };
  readonly status?: { readonly conditions?: readonly { readonly status?: string }[] };
}

export function addApiService(faults: Faults, { metadata = {}, spec = {} }: ApiService): void {
  const { group = '', version = '', service, caBundle = '', insecureSkipTLSVerify = false } = spec;
  const name = `${version}.${group}`;
  if ((metadata.name ?? '') !== '' && metadata.name !== name) {
    const why = `must be \`spec.version+"."+spec.group\`: ${JSON.stringify(name)}`;
    faults.push(field.invalid('metadata.name', metadata.name, why));
  }
  if (group !== '') addEach(faults, 'spec.group', group, checkDns1123Subdomain(group));
  else if (version !== 'v1') {
    faults.push(field.required('spec.group', 'only v1 may have an empty group and it better be legacy kube'));
  }
  addEach(faults, 'spec.version', version, checkDns1035Label(version));
  addPriority(faults, 'spec.groupPriorityMinimum', spec.groupPriorityMinimum, 20_000);
  addPriority(faults, 'spec.versionPriority', spec.versionPriority, 1000);
  if (service === undefined) {
    if (caBundle !== '') {
      const shown = `${Buffer.byteLength(caBundle, 'base64')} bytes`;
      faults.push(field.invalid('spec.caBundle', shown, 'local APIServices may not have a caBundle'));
    }
    if (insecureSkipTLSVerify) {
      const why = 'local APIServices may not have insecureSkipTLSVerify';
      faults.push(field.invalid('spec.insecureSkipTLSVerify', true, why));
    }
    return;
  }
  addMissing(faults, 'spec.service.namespace', service.namespace);
  addMissing(faults, 'spec.service.name', service.name);
  for (const message of checkPortNumber(service.port ?? 443)) {
    faults.push(field.invalid('spec.service.port', service.port, `port is not valid: ${message}`));
  }
  if (insecureSkipTLSVerify && caBundle !== '') {
    faults.push(field.invalid('spec.insecureSkipTLSVerify', true, 'may not be true if caBundle is present'));
  }
}

function addPriority(faults: Faults, path: string, value = 0, most: number): void {
  if (value <= 0 || value > most) faults.push(field.invalid(path, value, `must be positive and less than ${most}`));
}

export function addApiServiceStatus(faults: Faults, { status }: ApiService): void {
  for (const [index, condition] of (status?.conditions ?? []).entries()) {
    if (states.includes(condition.status ?? '')) continue;
    faults.push(field.notSupported(`status.conditions[${index}].status`, condition.status ?? '', states));
  }
}

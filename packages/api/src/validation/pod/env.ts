/** Environment variables and where their values come from. */
import {
  checkConfigKey,
  checkDns1123Subdomain,
  checkQualifiedName,
  checkRelaxedEnvironmentName,
} from '../../algebra/names.ts';
import { canonicalQuantity } from '../../algebra/quantity.ts';
import { field } from '../../errors.ts';
import type {
  EnvFromSource,
  EnvVar,
  EnvVarSource,
  ObjectFieldSelector,
  ResourceFieldSelector,
} from '../../kinds/types.ts';
import { addEach, addName, addNul, type Faults, type Loose } from '../support.ts';

export function addEnvironment(faults: Faults, variables: Loose<EnvVar[]> | undefined, path: string): void {
  for (const [index, variable] of (variables ?? []).entries()) {
    const at = `${path}[${index}]`;
    const name = variable.name ?? '';
    if (name === '') faults.push(field.required(`${at}.name`));
    else addEach(faults, `${at}.name`, name, checkRelaxedEnvironmentName(name));
    addNul(faults, `${at}.value`, variable.value);
    if (variable.valueFrom !== undefined)
      addSource(faults, variable.valueFrom, variable.value ?? '', `${at}.valueFrom`);
  }
}

const sources = ['fieldRef', 'resourceFieldRef', 'configMapKeyRef', 'secretKeyRef'] as const;

function addSource(faults: Faults, source: Loose<EnvVarSource>, value: string, path: string): void {
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef } = source;
  if (fieldRef !== undefined) addFieldRef(faults, fieldRef, environmentFields, `${path}.fieldRef`);
  if (resourceFieldRef !== undefined) addResourceRef(faults, resourceFieldRef, false, `${path}.resourceFieldRef`);
  if (configMapKeyRef !== undefined) addKeyRef(faults, configMapKeyRef, `${path}.configMapKeyRef`);
  if (secretKeyRef !== undefined) addKeyRef(faults, secretKeyRef, `${path}.secretKeyRef`);
  const given = sources.filter((name) => source[name] !== undefined).length;
  if (given === 0) {
    const why = 'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`';
    faults.push(field.invalid(path, '', why));
  } else if (value !== '') faults.push(field.invalid(path, '', 'may not be specified when `value` is not empty'));
  else if (given > 1) faults.push(field.invalid(path, '', 'may not have more than one field specified at a time'));
}

function addKeyRef(faults: Faults, ref: { name?: string; key?: string }, path: string): void {
  addEach(faults, `${path}.name`, ref.name ?? '', checkDns1123Subdomain(ref.name ?? ''));
  if ((ref.key ?? '') === '') faults.push(field.required(`${path}.key`));
  else addEach(faults, `${path}.key`, ref.key, checkConfigKey(ref.key ?? ''));
}

export const environmentFields: readonly string[] = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
];

export const volumeFields: readonly string[] = [
  'metadata.annotations',
  'metadata.labels',
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
];

const knownFields = new Set([...environmentFields, ...volumeFields]);

/** A field of the pod itself, by its path; labels and annotations also by key: `metadata.labels['app']`. */
export function addFieldRef(
  faults: Faults,
  ref: Loose<ObjectFieldSelector>,
  supported: readonly string[],
  path: string,
): void {
  const text = ref.fieldPath ?? '';
  if ((ref.apiVersion ?? '') === '') return void faults.push(field.required(`${path}.apiVersion`));
  if (text === '') return void faults.push(field.required(`${path}.fieldPath`));
  const subscripted = /^([^[]+)\['([^']*)'\]$/.exec(text);
  if (subscripted !== null) {
    const [, name = '', key = ''] = subscripted;
    if (name === 'metadata.annotations') addEach(faults, path, key, checkQualifiedName(key.toLowerCase()));
    else if (name === 'metadata.labels') addEach(faults, path, key, checkQualifiedName(key));
    else faults.push(field.invalid(path, name, 'does not support subscript'));
  } else if (!knownFields.has(text) || ref.apiVersion !== 'v1') {
    const why =
      ref.apiVersion === 'v1' ? `field label not supported: ${text}` : `unsupported pod version: ${ref.apiVersion}`;
    faults.push(field.invalid(`${path}.fieldPath`, text, `error converting fieldPath: ${why}`));
  } else if (!supported.includes(text)) faults.push(field.notSupported(`${path}.fieldPath`, text, supported));
}

const resourceFields = [
  'limits.cpu',
  'limits.ephemeral-storage',
  'limits.memory',
  'requests.cpu',
  'requests.ephemeral-storage',
  'requests.memory',
];
const byteDivisors = ['1', '1k', '1M', '1G', '1T', '1P', '1E', '1Ki', '1Mi', '1Gi', '1Ti', '1Pi', '1Ei'];

/** A container's own request or limit. In a volume the container must be named. */
export function addResourceRef(
  faults: Faults,
  ref: Loose<ResourceFieldSelector>,
  inVolume: boolean,
  path: string,
): void {
  const resource = ref.resource ?? '';
  const isHugePages = /^(?:limits|requests)\.hugepages-/.test(resource);
  if (inVolume && (ref.containerName ?? '') === '') faults.push(field.required(`${path}.containerName`));
  else if (resource === '') faults.push(field.required(`${path}.resource`));
  else if (!resourceFields.includes(resource) && !isHugePages) {
    faults.push(field.notSupported(`${path}.resource`, resource, resourceFields));
  }
  const divisor = canonicalQuantity(ref.divisor ?? '0');
  if (divisor === undefined || divisor === '0') return;
  const isCpu = resource.endsWith('.cpu');
  if (isCpu && divisor !== '1' && divisor !== '1m') {
    const why = "only divisor's values 1m and 1 are supported with the cpu resource";
    faults.push(field.invalid(`${path}.divisor`, resource, why));
  } else if (!isCpu && !byteDivisors.includes(divisor)) {
    const kind = resource.endsWith('.memory') ? 'memory' : isHugePages ? 'hugepages' : 'local ephemeral storage';
    const why = `only divisor's values ${byteDivisors.join(', ')} are supported with the ${kind} resource`;
    faults.push(field.invalid(`${path}.divisor`, resource, why));
  }
}

/** Whole ConfigMaps and Secrets as variables. */
export function addEnvironmentFrom(faults: Faults, from: Loose<EnvFromSource[]> | undefined, path: string): void {
  for (const [index, one] of (from ?? []).entries()) {
    const at = `${path}[${index}]`;
    if ((one.prefix ?? '') !== '') {
      addEach(faults, `${at}.prefix`, one.prefix, checkRelaxedEnvironmentName(one.prefix ?? ''));
    }
    if (one.configMapRef !== undefined) addName(faults, `${at}.configMapRef.name`, one.configMapRef.name);
    if (one.secretRef !== undefined) addName(faults, `${at}.secretRef.name`, one.secretRef.name);
    if (one.configMapRef === undefined && one.secretRef === undefined) {
      faults.push(field.invalid(path, '', 'must specify one of: `configMapRef` or `secretRef`'));
    } else if (one.configMapRef !== undefined && one.secretRef !== undefined) {
      faults.push(field.invalid(path, '', 'may not have more than one field specified at a time'));
    }
  }
}

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

/** What else of a pod has a field label, and is still no variable and no file. */
const otherFields = ['spec.host', 'spec.restartPolicy', 'spec.schedulerName', 'status.phase'];
const knownFields = new Set([...environmentFields, ...volumeFields, ...otherFields]);
const subscriptable = ['metadata.annotations', 'metadata.labels'];

/** Why a path is no field of a pod; undefined when it is one. */
function unknownField(version: string, text: string, subscripted: string | undefined): string | undefined {
  if (version !== 'v1') return `unsupported pod version: ${version}`;
  if (subscripted !== undefined)
    return subscriptable.includes(subscripted) ? undefined : `field label does not support subscript: ${text}`;
  return knownFields.has(text) ? undefined : `field label not supported: ${text}`;
}

/** A field of the pod itself, by its path; labels and annotations also by key: `metadata.labels['app']`. */
export function addFieldRef(
  faults: Faults,
  { apiVersion = '', fieldPath = '' }: Loose<ObjectFieldSelector>,
  supported: readonly string[],
  path: string,
): void {
  if (apiVersion === '') return void faults.push(field.required(`${path}.apiVersion`));
  if (fieldPath === '') return void faults.push(field.required(`${path}.fieldPath`));
  const [, name, key = ''] = /^(.+?)\['(.*)'\]$/.exec(fieldPath) ?? [];
  const why = unknownField(apiVersion, fieldPath, name);
  if (why !== undefined) {
    faults.push(field.invalid(`${path}.fieldPath`, fieldPath, `error converting fieldPath: ${why}`));
  } else if (name !== undefined) {
    const label = name === 'metadata.labels' ? key : key.toLowerCase();
    addEach(faults, path, label, checkQualifiedName(label));
  } else if (!supported.includes(fieldPath)) {
    faults.push(field.notSupported(`${path}.fieldPath`, fieldPath, supported));
  }
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
  const kind = isHugePages ? 'hugepages' : divided[resource];
  const divisors = kind === 'cpu' ? ['1m', '1'] : byteDivisors;
  if (kind === undefined || divisors.includes(divisor)) return;
  const listed = divisors.join(kind === 'cpu' ? ' and ' : ', ');
  const why = `only divisor's values ${listed} are supported with the ${kind} resource`;
  faults.push(field.invalid(`${path}.divisor`, resource, why));
}

/** By what a field's amount may be divided depends on what it counts. */
const divided: Readonly<Record<string, string>> = Object.fromEntries(
  ['limits', 'requests'].flatMap((list) => [
    [`${list}.cpu`, 'cpu'],
    [`${list}.memory`, 'memory'],
    [`${list}.ephemeral-storage`, 'local ephemeral storage'],
  ]),
);

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

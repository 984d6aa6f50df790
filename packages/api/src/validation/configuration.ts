/** ConfigMap, Secret, ServiceAccount. */
import { deepEqual } from '../algebra/hash.ts';
import { checkConfigKey } from '../algebra/names.ts';
import { field } from '../errors.ts';
import { parseExact } from '../json/exact.ts';
import { maxJsonDepth } from '../json/parse.ts';
import type { ConfigMap, Secret } from '../kinds/types.ts';
import { addChanged, addEach, bytesOf, entriesOf, type Faults, type Loose } from './support.ts';

/** What a ConfigMap or Secret may hold, in bytes before base64. */
export const maxDataBytes = 1024 * 1024;

const decodedLength = (base64: string): number =>
  Math.floor((base64.length * 3) / 4) - (base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0);

export function addConfigMap(faults: Faults, { data, binaryData }: Loose<ConfigMap>): void {
  let size = 0;
  for (const [key, value] of entriesOf(data)) {
    addEach(faults, `data[${key}]`, key, checkConfigKey(key));
    if (binaryData !== undefined && Object.hasOwn(binaryData, key)) {
      faults.push(field.invalid(`data[${key}]`, key, 'duplicate of key present in binaryData'));
    }
    size += bytesOf(value);
  }
  for (const [key, value] of entriesOf(binaryData)) {
    addEach(faults, `binaryData[${key}]`, key, checkConfigKey(key));
    size += decodedLength(value);
  }
  if (size > maxDataBytes) faults.push(field.tooLong('[]', maxDataBytes));
}

const sealed = 'field is immutable when `immutable` is set';

/** An immutable one stays so, and stays as it is. */
function addSealed(
  faults: Faults,
  next: { immutable?: boolean },
  previous: { immutable?: boolean },
  parts: readonly (readonly [path: string, now: unknown, before: unknown])[],
): void {
  if (previous.immutable !== true) return;
  if (next.immutable !== true) faults.push(field.forbidden('immutable', sealed));
  for (const [path, now, before] of parts) {
    if (!deepEqual(now ?? {}, before ?? {})) faults.push(field.forbidden(path, sealed));
  }
}

export function addConfigMapUpdate(faults: Faults, next: Loose<ConfigMap>, previous: Loose<ConfigMap>): void {
  addSealed(faults, next, previous, [
    ['data', next.data, previous.data],
    ['binaryData', next.binaryData, previous.binaryData],
  ]);
}

/** The keys that a well-known type of Secret cannot be without. */
const requiredKeys: ReadonlyMap<string, readonly string[]> = new Map([
  ['kubernetes.io/dockercfg', ['.dockercfg']],
  ['kubernetes.io/dockerconfigjson', ['.dockerconfigjson']],
  ['kubernetes.io/ssh-auth', ['ssh-privatekey']],
  ['kubernetes.io/tls', ['tls.crt', 'tls.key']],
]);

export function addSecret(faults: Faults, secret: Loose<Secret>): void {
  const { data = {}, type = '' } = secret;
  let size = 0;
  for (const [key, value] of entriesOf(data)) {
    addEach(faults, `data[${key}]`, key, checkConfigKey(key));
    size += decodedLength(value);
  }
  if (size > maxDataBytes) faults.push(field.tooLong('data', maxDataBytes));
  const has = (key: string): boolean => Object.hasOwn(data, key);
  for (const key of requiredKeys.get(type) ?? []) {
    if (!has(key) || (key === 'ssh-privatekey' && data[key] === '')) faults.push(field.required(`data[${key}]`));
    else if (key.startsWith('.docker')) {
      const why = jsonFault(data[key] ?? '');
      if (why !== undefined) faults.push(field.invalid(`data[${key}]`, '<secret contents redacted>', why));
    }
  }
  if (type === 'kubernetes.io/basic-auth' && !has('username') && !has('password')) {
    faults.push(field.required('data[username]'), field.required('data[password]'));
  }
  if (type === 'kubernetes.io/service-account-token') {
    const name = 'kubernetes.io/service-account.name';
    if ((secret.metadata?.annotations?.[name] ?? '') === '') {
      faults.push(field.required(`metadata.annotations[${name}]`));
    }
  }
}

/** Why the bytes are no JSON object; undefined when they are one, or null. */
function jsonFault(base64: string): string | undefined {
  const text = Buffer.from(base64, 'base64').toString('utf8');
  try {
    const { value } = parseExact(text, maxJsonDepth);
    const type = Array.isArray(value) ? 'array' : goKinds[typeof value];
    return type === undefined
      ? undefined
      : `json: cannot unmarshal ${type} into Go value of type map[string]interface {}`;
  } catch (error) {
    return (error as Error).message;
  }
}

const goKinds: Readonly<Record<string, string>> = {
  string: 'string',
  number: 'number',
  bigint: 'number',
  boolean: 'bool',
};

export function addSecretUpdate(faults: Faults, next: Loose<Secret>, previous: Loose<Secret>): void {
  addChanged(faults, 'type', next.type, previous.type);
  addSealed(faults, next, previous, [['data', next.data, previous.data]]);
}

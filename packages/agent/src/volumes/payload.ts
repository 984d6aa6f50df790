/** Which files a volume made of API objects holds. Pure. */
import type {
  ConfigMap,
  ConfigMapProjection,
  DownwardAPIVolumeFile,
  KeyToPath,
  Pod,
  Secret,
  SecretProjection,
  Volume,
} from '@skiff/api';
import type { Objects } from '../env/environment.ts';
import { type PodSurroundings, resourceValue, selectField } from '../env/field-ref.ts';

export interface PayloadFile {
  readonly data: Uint8Array;
  /** Permission bits. */
  readonly mode: number;
}

/** Relative path to file. */
export type Payload = ReadonlyMap<string, PayloadFile>;

export interface PayloadInput {
  readonly pod: Pod;
  readonly objects: Objects;
  readonly around: PodSurroundings;
  /** Tokens that projected sources ask for, by `tokenKey`. */
  readonly tokens: ReadonlyMap<string, string>;
}

/** What a volume needs does not exist, or is malformed. The text is the user's. */
export class PayloadError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'PayloadError';
  }
}

const defaultFileMode = 0o644;

/** The files of a configMap, secret, downwardAPI or projected volume; undefined for another. Throws PayloadError. */
export function payloadOf(volume: Volume, input: PayloadInput): Payload | undefined {
  const { configMap, secret, downwardAPI, projected } = volume;
  if (configMap !== undefined) {
    return configMapFiles(configMap, configMap.defaultMode ?? defaultFileMode, input.objects);
  }
  if (secret !== undefined) {
    const source = { ...secret, name: secret.secretName ?? '' };
    return secretFiles(source, secret.defaultMode ?? defaultFileMode, input.objects);
  }
  if (downwardAPI !== undefined) {
    return downwardFiles(downwardAPI.items ?? [], downwardAPI.defaultMode ?? defaultFileMode, input);
  }
  return projected === undefined ? undefined : projectedFiles(volume, input);
}

function projectedFiles({ name, projected }: Volume, input: PayloadInput): Payload {
  const mode = projected?.defaultMode ?? defaultFileMode;
  const files = new Map<string, PayloadFile>();
  const take = (payload: Payload): void => {
    for (const [path, file] of payload) files.set(path, file);
  };
  for (const source of projected?.sources ?? []) {
    if (source.configMap !== undefined) take(configMapFiles(source.configMap, mode, input.objects));
    if (source.secret !== undefined) take(secretFiles(source.secret, mode, input.objects));
    if (source.downwardAPI !== undefined) take(downwardFiles(source.downwardAPI.items ?? [], mode, input));
    if (source.serviceAccountToken !== undefined) {
      const { path } = source.serviceAccountToken;
      const token = input.tokens.get(tokenKey(name, path));
      if (token === undefined) throw new PayloadError(`no service account token for ${path}`);
      // A token is for the pod's processes alone, whoever they run as (kubelet: 0600, or 0644 for other users).
      files.set(checked(path), { data: Buffer.from(token), mode });
    }
    if (source.clusterTrustBundle !== undefined) throw new PayloadError('clusterTrustBundle is not supported');
  }
  return files;
}

export const tokenKey = (volume: string, path: string): string => `${volume}/${path}`;

function configMapFiles(source: ConfigMapProjection, mode: number, objects: Objects): Payload {
  const name = source.name ?? '';
  const map = objects.configMap(name);
  if (map === undefined && source.optional !== true) throw new PayloadError(`configmap "${name}" not found`);
  return pick('config', configMapData(map), source.items, mode, source.optional === true);
}

function configMapData(map: ConfigMap | undefined): Map<string, Uint8Array> {
  const data = new Map<string, Uint8Array>();
  for (const [key, value] of Object.entries(map?.data ?? {})) data.set(key, Buffer.from(value));
  for (const [key, value] of Object.entries(map?.binaryData ?? {})) data.set(key, Buffer.from(value, 'base64'));
  return data;
}

function secretFiles(source: SecretProjection, mode: number, objects: Objects): Payload {
  const name = source.name ?? '';
  const secret: Secret | undefined = objects.secret(name);
  if (secret === undefined && source.optional !== true) throw new PayloadError(`secret "${name}" not found`);
  const entries = Object.entries(secret?.data ?? {});
  const data = new Map(entries.map(([key, value]) => [key, Buffer.from(value, 'base64')]));
  return pick('secret', data, source.items, mode, source.optional === true);
}

/** All keys, or those of `items` under their own paths. */
function pick(
  what: 'config' | 'secret',
  data: ReadonlyMap<string, Uint8Array>,
  items: readonly KeyToPath[] | undefined,
  mode: number,
  optional: boolean,
): Payload {
  const files = new Map<string, PayloadFile>();
  if (items === undefined || items.length === 0) {
    for (const [key, value] of data) files.set(checked(key), { data: value, mode });
    return files;
  }
  for (const item of items) {
    const value = data.get(item.key);
    if (value !== undefined) files.set(checked(item.path), { data: value, mode: item.mode ?? mode });
    else if (!optional) throw new PayloadError(`references non-existent ${what} key: ${item.key}`);
  }
  return files;
}

function downwardFiles(items: readonly DownwardAPIVolumeFile[], mode: number, input: PayloadInput): Payload {
  const files = new Map<string, PayloadFile>();
  for (const { path, fieldRef, resourceFieldRef, mode: own } of items) {
    const result =
      fieldRef !== undefined
        ? selectField(input.pod, fieldRef, input.around)
        : resourceFieldRef !== undefined
          ? resourceValue(input.pod, undefined, resourceFieldRef, input.around)
          : { fault: `${path} names no field` };
    if ('fault' in result) throw new PayloadError(result.fault);
    files.set(checked(path), { data: Buffer.from(result.value), mode: own ?? mode });
  }
  return files;
}

/** A path that stays inside its volume and clear of the writer's own `..` names. Throws PayloadError. */
function checked(path: string): string {
  const parts = path.split('/');
  const bad = path === '' || path.length > 4096 || path.startsWith('/') || path.startsWith('..');
  if (bad || parts.some((part) => part === '..' || part === '' || part === '.' || part.length > 255)) {
    throw new PayloadError(`invalid path ${JSON.stringify(path)}: must be relative and without ".."`);
  }
  return path;
}

/**
 * A container's environment. Order as kubelet makes it: Service variables, then envFrom, then env, where each value
 * may refer to what stands before it. Pure over the objects handed in.
 */
import type { ConfigMap, Container, EnvVar, Pod, Secret, Service } from '@skiff/api';
import { StepError } from '../pods/step-error.ts';
import { expand } from './expand.ts';
import { type PodSurroundings, resourceValue, selectField } from './field-ref.ts';
import { serviceVariables } from './services.ts';

/** Looks up an object in the pod's namespace; undefined when there is none. */
export interface Objects {
  readonly configMap: (name: string) => ConfigMap | undefined;
  readonly secret: (name: string) => Secret | undefined;
}

export interface EnvironmentInput {
  readonly pod: Pod;
  readonly container: Container;
  readonly objects: Objects;
  readonly services: readonly Service[];
  readonly around: PodSurroundings;
}

/** Throws StepError CreateContainerConfigError for something that is referred to and missing. */
export function environmentOf(input: EnvironmentInput): Map<string, string> {
  const result = new Map<string, string>();
  for (const [name, value] of envFrom(input)) result.set(name, value);
  const services = new Map(serviceVariables(input.pod, input.services));
  for (const variable of input.container.env ?? []) {
    const value = variableValue(input, variable, (name) => result.get(name) ?? services.get(name));
    if (value !== undefined) result.set(variable.name, value);
  }
  for (const [name, value] of services) if (!result.has(name)) result.set(name, value);
  return result;
}

const configError = (message: string): StepError => new StepError('CreateContainerConfigError', message);

function* envFrom({ container, objects }: EnvironmentInput): Generator<[string, string]> {
  for (const { prefix = '', configMapRef, secretRef } of container.envFrom ?? []) {
    if (configMapRef !== undefined) {
      const name = configMapRef.name ?? '';
      const map = objects.configMap(name);
      if (map === undefined && configMapRef.optional !== true) throw configError(`configmap "${name}" not found`);
      for (const [key, value] of Object.entries(map?.data ?? {})) yield* named(prefix + key, value);
    }
    if (secretRef !== undefined) {
      const name = secretRef.name ?? '';
      const secret = objects.secret(name);
      if (secret === undefined && secretRef.optional !== true) throw configError(`secret "${name}" not found`);
      for (const [key, value] of Object.entries(secret?.data ?? {})) yield* named(prefix + key, decode(value));
    }
  }
}

/** Since v1.30 any printable name but one with `=` is a variable's name. */
function* named(name: string, value: string): Generator<[string, string]> {
  if (name !== '' && /^[\x20-\x3c\x3e-\x7e]+$/.test(name)) yield [name, value];
}

const decode = (base64: string): string => Buffer.from(base64, 'base64').toString('utf8');

function variableValue(
  input: EnvironmentInput,
  { value, valueFrom }: EnvVar,
  lookUp: (name: string) => string | undefined,
): string | undefined {
  if (valueFrom === undefined) return expand(value ?? '', lookUp);
  const { pod, container, around } = input;
  if (valueFrom.fieldRef !== undefined) return orThrow(selectField(pod, valueFrom.fieldRef, around));
  if (valueFrom.resourceFieldRef !== undefined) {
    return orThrow(resourceValue(pod, container, valueFrom.resourceFieldRef, around));
  }
  if (valueFrom.configMapKeyRef !== undefined) {
    const { name = '', key, optional } = valueFrom.configMapKeyRef;
    const map = input.objects.configMap(name);
    return fromKey('configmap', name, key, optional, map === undefined ? undefined : { data: map.data ?? {} }, pod);
  }
  if (valueFrom.secretKeyRef !== undefined) {
    const { name = '', key, optional } = valueFrom.secretKeyRef;
    const secret = input.objects.secret(name);
    const found = secret === undefined ? undefined : { data: secret.data ?? {} };
    const encoded = fromKey('secret', name, key, optional, found, pod);
    return encoded === undefined ? undefined : decode(encoded);
  }
  return '';
}

function orThrow(result: { readonly value: string } | { readonly fault: string }): string {
  if ('fault' in result) throw configError(result.fault);
  return result.value;
}

function fromKey(
  kind: 'configmap' | 'secret',
  name: string,
  key: string,
  optional: boolean | undefined,
  object: { readonly data: Readonly<Record<string, string>> } | undefined,
  pod: Pod,
): string | undefined {
  if (object === undefined) {
    if (optional === true) return undefined;
    throw configError(`${kind} "${name}" not found`);
  }
  if (Object.hasOwn(object.data, key)) return object.data[key];
  if (optional === true) return undefined;
  const word = kind === 'configmap' ? 'ConfigMap' : 'Secret';
  throw configError(`couldn't find key ${key} in ${word} ${pod.metadata.namespace}/${name}`);
}

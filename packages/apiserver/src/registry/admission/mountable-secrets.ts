/**
 * A service account that bears `kubernetes.io/enforce-mountable-secrets: "true"` lets its pods use only the secrets that it names,
 * whichever way: volumes, variables, and containers that are added later. Texts are those of Kubernetes' ServiceAccount plugin.
 */
import type { JsonObject } from '@skiff/api';
import { objectAt, objectsAt, textAt } from '../../patch/values.ts';

const annotation = 'kubernetes.io/enforce-mountable-secrets';

const namesAt = (account: JsonObject, list: string): ReadonlySet<string> =>
  new Set(objectsAt(account, list).map((each) => textAt(each, 'name')));

/** Kubernetes reads it with ParseBool. */
const isEnforced = (account: JsonObject): boolean =>
  ['1', 't', 'T', 'TRUE', 'true', 'True'].includes(textAt(account, 'metadata', 'annotations', annotation));

/** What a new pod uses against its account's will; undefined when that is nothing. */
export function forbiddenSecret(account: JsonObject, spec: JsonObject): string | undefined {
  if (!isEnforced(account)) return undefined;
  const allowed = namesAt(account, 'secrets');
  const name = textAt(account, 'metadata', 'name');
  for (const volume of objectsAt(spec, 'volumes')) {
    const secret = objectAt(volume, 'secret');
    if (secret === undefined || allowed.has(textAt(secret, 'secretName'))) continue;
    return `volume with secret.secretName="${textAt(secret, 'secretName')}" ${refused(name, 'secret')}`;
  }
  const used =
    ofContainers(objectsAt(spec, 'initContainers'), 'init container', allowed) ??
    ofContainers(objectsAt(spec, 'containers'), 'container', allowed);
  if (used !== undefined) return `${used} ${refused(name, 'secret')}`;
  const pull = namesAt(account, 'imagePullSecrets');
  for (const [index, reference] of objectsAt(spec, 'imagePullSecrets').entries()) {
    if (pull.has(textAt(reference, 'name'))) continue;
    return `imagePullSecrets[${index}].name="${textAt(reference, 'name')}" ${refused(name, 'imagePullSecret')}`;
  }
  return undefined;
}

/** The same of containers that are added to a pod that runs. */
export function forbiddenEphemeralSecret(account: JsonObject, spec: JsonObject): string | undefined {
  if (!isEnforced(account)) return undefined;
  const containers = objectsAt(spec, 'ephemeralContainers');
  const used = ofContainers(containers, 'ephemeral container', namesAt(account, 'secrets'));
  return used === undefined ? undefined : `${used} ${refused(textAt(account, 'metadata', 'name'), 'secret')}`;
}

const refused = (account: string, what: string): string =>
  `is not allowed because service account ${account} does not reference that ${what}`;

function ofContainers(
  containers: readonly JsonObject[],
  kind: string,
  allowed: ReadonlySet<string>,
): string | undefined {
  for (const container of containers) {
    const at = `${kind} ${textAt(container, 'name')} with`;
    for (const variable of objectsAt(container, 'env')) {
      const reference = objectAt(objectAt(variable, 'valueFrom') ?? {}, 'secretKeyRef');
      if (reference === undefined || allowed.has(textAt(reference, 'name'))) continue;
      return `${at} envVar ${textAt(variable, 'name')} referencing secret.secretName="${textAt(reference, 'name')}"`;
    }
    for (const source of objectsAt(container, 'envFrom')) {
      const reference = objectAt(source, 'secretRef');
      if (reference === undefined || allowed.has(textAt(reference, 'name'))) continue;
      return `${at} envFrom referencing secret.secretName="${textAt(reference, 'name')}"`;
    }
  }
  return undefined;
}

/** ServiceAccount: every pod runs as an account; one that exists, and with a token when this server can mint one. */
import { forbidden, type Json, type JsonObject, textHash } from '@skiff/api';
import { childObject, copy, listAt, objectsAt, own, put, textAt } from '../../patch/values.ts';
import type { AdmissionRequest, AdmissionStep, Target } from '../contract.ts';
import type { Env } from '../env.ts';
import { readCached, readLive } from '../reader.ts';
import { forbiddenEphemeralSecret, forbiddenSecret } from './mountable-secrets.ts';

const accounts = { group: '', version: 'v1', resource: 'serviceaccounts' };
const mirrorAnnotation = 'kubernetes.io/config.mirror';
const tokenPath = '/var/run/secrets/kubernetes.io/serviceaccount';
/** An hour, and the seven seconds by which the agent knows tokens of its own making. */
const tokenSeconds = 3607;

export function serviceAccount(env: Env): AdmissionStep {
  return {
    name: 'ServiceAccount',
    mutate(request) {
      const { object: pod, target, operation } = request;
      const isNewPod = operation === 'CREATE' && target.group === '' && target.resource === 'pods';
      if (!isNewPod || target.subresource !== '' || pod === undefined) return;
      if (textAt(pod, 'metadata', 'annotations', mirrorAnnotation) !== '') {
        checkMirrorPod(request, pod);
        return;
      }
      const spec = childObject(pod, 'spec');
      if (textAt(spec, 'serviceAccountName') === '') put(spec, 'serviceAccountName', 'default');
      const name = textAt(spec, 'serviceAccountName');
      put(spec, 'serviceAccount', name);
      return withAccount(env, target, name, (account) => {
        addPullSecrets(spec, account);
        if (env.tokens !== undefined && wantsToken(spec, account)) addTokenVolume(spec, target.namespace);
      });
    },
    validate({ object: pod, target, operation }) {
      if (target.group !== '' || target.resource !== 'pods' || pod === undefined) return;
      const check = checks[`${operation} ${target.subresource}`];
      if (check === undefined || textAt(pod, 'metadata', 'annotations', mirrorAnnotation) !== '') return;
      const spec = childObject(pod, 'spec');
      return withAccount(env, target, textAt(spec, 'serviceAccountName'), (account) => {
        const why = check(account, spec);
        if (why !== undefined) throw forbidden(target, target.name, why);
      });
    },
  };
}

const checks: Readonly<Record<string, typeof forbiddenSecret>> = {
  'CREATE ': forbiddenSecret,
  'UPDATE ephemeralcontainers': forbiddenEphemeralSecret,
};

/** Does something with an account: at once when the cache has it. */
function withAccount(
  env: Env,
  target: Target,
  name: string,
  work: (account: JsonObject) => void,
): Promise<void> | undefined {
  const { namespace } = target;
  if (name === '')
    throw forbidden(target, target.name, `no service account specified for pod ${namespace}/${target.name}`);
  const cached = readCached(env, accounts, namespace, name);
  if (cached === undefined) return liveAccount(env, target, name).then(work);
  work(cached);
  return undefined;
}

async function liveAccount(env: Env, target: Target, name: string): Promise<JsonObject> {
  const account = await readLive(env, accounts, target.namespace, name);
  if (account !== undefined) return account;
  const why = `error looking up service account ${target.namespace}/${name}: serviceaccount "${name}" not found`;
  throw forbidden(target, target.name, why);
}

/** A pod that mirrors one of a node's own files may use nothing of the API's. */
function checkMirrorPod({ target }: AdmissionRequest, pod: JsonObject): void {
  if (textAt(pod, 'spec', 'serviceAccountName') !== '') {
    throw forbidden(target, target.name, 'a mirror pod may not reference service accounts');
  }
  for (const volume of objectsAt(pod, 'spec', 'volumes')) {
    if (own(volume, 'secret') !== undefined) {
      throw forbidden(target, target.name, 'a mirror pod may not reference secrets');
    }
    if (objectsAt(volume, 'projected', 'sources').some((source) => own(source, 'serviceAccountToken') !== undefined)) {
      throw forbidden(target, target.name, 'a mirror pod may not use ServiceAccountToken volume projections');
    }
  }
}

function addPullSecrets(spec: JsonObject, account: JsonObject): void {
  const secrets = listAt(account, 'imagePullSecrets');
  if (listAt(spec, 'imagePullSecrets').length === 0 && secrets.length > 0) {
    put(spec, 'imagePullSecrets', copy([...secrets]));
  }
}

/** The pod's word comes before the account's; silence is consent. */
function wantsToken(spec: JsonObject, account: JsonObject): boolean {
  const word = own(spec, 'automountServiceAccountToken') ?? own(account, 'automountServiceAccountToken');
  return word !== false;
}

/**
 * Mounts a token volume into every container that has nothing at its path. Where Kubernetes draws the end of its name, ours is the same for
 * all pods of an account: specs that were equal stay so, and are checked once (validation/pod/spec.ts).
 */
function addTokenVolume(spec: JsonObject, namespace: string): void {
  const volumes = objectsAt(spec, 'volumes');
  const present = volumes.map((volume) => textAt(volume, 'name')).find((name) => name.startsWith('kube-api-access-'));
  const suffix = (): string =>
    textHash(`${namespace}/${textAt(spec, 'serviceAccountName')}`)
      .padStart(5, 'x')
      .slice(-5);
  const name = present ?? `kube-api-access-${suffix()}`;
  let used = false;
  for (const container of [...objectsAt(spec, 'initContainers'), ...objectsAt(spec, 'containers')]) {
    const mounts = listAt(container, 'volumeMounts');
    if (mounts.some((mount) => textAt(mount, 'mountPath') === tokenPath)) continue;
    put(container, 'volumeMounts', [...mounts, { name, readOnly: true, mountPath: tokenPath }]);
    used = true;
  }
  if (used && present === undefined) put(spec, 'volumes', [...listAt(spec, 'volumes'), tokenVolume(name)]);
}

const tokenVolume = (name: string): Json => ({
  name,
  projected: {
    sources: [
      { serviceAccountToken: { expirationSeconds: tokenSeconds, path: 'token' } },
      { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
      {
        downwardAPI: {
          items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }],
        },
      },
    ],
    defaultMode: 420,
  },
});

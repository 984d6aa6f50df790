/**
 * Token Secrets get what they are for: a token of their account, the CA, the namespace. The token is bound to its Secret, so it dies with it,
 * and holds as long as a TokenRequest may ask for. Keyed by the Secret's `namespace/name`.
 */
import { isReason, resources, type Secret, type TokenRequest } from '@skiff/api';
import type { Client, InformerFactory } from '@skiff/client';
import type { Controller } from '../runtime/controller.ts';
import { keyOf, splitKey } from '../runtime/keys.ts';
import { accountNameOf, decideToken, toBase64, tokenType } from './decide.ts';

/** 2^32: the most that a TokenRequest may ask for; 136 years. */
const tokenSeconds = 4_294_967_296;

export function serviceAccountTokenController(client: Client, informers: InformerFactory, rootCA: string): Controller {
  const secrets = informers.informer(resources.secrets, { fieldSelector: `type=${tokenType}` });
  const accounts = informers.informer(resources.serviceaccounts);

  function watch(enqueue: (key: string) => void): () => void {
    const undo = [
      secrets.onChange(({ object }) => enqueue(keyOf(object))),
      accounts.onChange(({ object: { metadata } }) => {
        for (const secret of secrets.list(metadata.namespace))
          if (accountNameOf(secret) === metadata.name) enqueue(keyOf(secret));
      }),
    ];
    return () => undo.forEach((run) => void run());
  }

  async function reconcile(key: string): Promise<undefined> {
    const { namespace, name } = splitKey(key);
    const secret = secrets.get(namespace, name);
    const accountName = secret === undefined ? undefined : accountNameOf(secret);
    if (secret === undefined || accountName === undefined) return undefined;
    // An account that the cache does not have may be new.
    const account = accounts.get(namespace, accountName) ?? (await live(namespace, accountName));
    const plan = decideToken(secret, account, rootCA);
    const { uid, resourceVersion } = secret.metadata;
    const own = client.resource(resources.secrets);
    try {
      if (plan.remove) await own.delete(namespace, name, { uid });
      else if (plan.needsToken) {
        const token = await request(namespace, accountName, secret);
        await own.patch(namespace, name, 'merge', merged(plan.patch, resourceVersion, { token: toBase64(token) }));
      } else if (plan.patch !== undefined) {
        await own.patch(namespace, name, 'merge', merged(plan.patch, resourceVersion, {}));
      }
    } catch (error) {
      if (!isReason(error, 'NotFound')) throw error;
    }
    return undefined;
  }

  const live = (namespace: string, name: string) =>
    client
      .resource(resources.serviceaccounts)
      .get(namespace, name)
      .catch((error: unknown) => {
        if (isReason(error, 'NotFound')) return undefined;
        throw error;
      });

  async function request(namespace: string, account: string, { metadata: { name, uid } }: Secret): Promise<string> {
    const boundObjectRef = { kind: 'Secret', apiVersion: 'v1', name, uid };
    const spec = { audiences: [], expirationSeconds: tokenSeconds, boundObjectRef };
    const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', metadata: {}, spec };
    const accountsOf = client.resource(resources.serviceaccounts);
    const answer = (await accountsOf.createSubresource(namespace, account, 'token', body)) as TokenRequest;
    return answer.status?.token ?? '';
  }

  return { name: 'serviceaccount-token', watch, reconcile };
}

/** The patch, for the version that was looked at. */
function merged(patch: object | undefined, resourceVersion: string, data: Readonly<Record<string, string>>): object {
  const { metadata = {}, data: other = {} } = (patch ?? {}) as { metadata?: object; data?: object };
  return { metadata: { ...metadata, resourceVersion }, data: { ...other, ...data } };
}

/** Answers TokenRequests (authentication.k8s.io/v1): a signed token for a service account, bound to what the request names. */
import { randomUUID } from 'node:crypto';
import {
  ApiError,
  type Clock,
  conflict,
  type FieldError,
  field,
  formatTime,
  invalid,
  type JsonObject,
} from '@skiff/api';
import { SignJWT } from 'jose';
import { listAt, numberAt, objectAt, put, textAt } from '../patch/values.ts';
import type { TokenIssuer } from '../registry/env.ts';
import { nameOf, uidOf } from '../registry/meta.ts';
import { type BoundObject, claimsToJson, type TokenSubject } from './claims.ts';
import { type TokenKeys, tokenAlgorithm } from './keys.ts';
import type { ObjectReader } from './objects.ts';

export interface IssuerOptions {
  readonly keys: TokenKeys;
  /** `iss` of every token. */
  readonly issuer: string;
  /** The audiences of a token that asks for none. */
  readonly audiences: readonly string[];
  readonly clock: Clock;
  /** Late, because it reads the registry that the issuer serves. */
  readonly objects: () => ObjectReader;
}

const leastSeconds = 600;
const mostSeconds = 2 ** 32;
const defaultSeconds = 3600;
const boundKinds: ReadonlyMap<string, { readonly resource: string; readonly apiVersion: string }> = new Map([
  ['Pod', { resource: 'pods', apiVersion: 'v1' }],
  ['Node', { resource: 'nodes', apiVersion: 'v1' }],
  ['Secret', { resource: 'secrets', apiVersion: 'v1' }],
]);
const requestKind = { group: 'authentication.k8s.io', kind: 'TokenRequest' };

export function createTokenIssuer(options: IssuerOptions): TokenIssuer {
  const { keys, issuer, clock } = options;
  return {
    async issue(context, serviceAccount, request) {
      const account: BoundObject = { name: nameOf(serviceAccount), uid: uidOf(serviceAccount) };
      const namespace = textAt(serviceAccount, 'metadata', 'namespace');
      const seconds = numberAt(request, 'spec', 'expirationSeconds') ?? defaultSeconds;
      checkRequest(request, seconds);
      const asked = listAt(request, 'spec', 'audiences').filter((one) => typeof one === 'string');
      const audiences = asked.length === 0 ? options.audiences : asked;
      const bound = await boundSubject(options.objects(), request, namespace, account.name, context.signal);
      const issuedAt = Math.floor(clock.now() / 1000);
      const claims = claimsToJson({
        ...{ issuer, audiences, issuedAt, expiresAt: issuedAt + seconds, id: randomUUID() },
        subject: { namespace, serviceAccount: account, ...bound },
      });
      const token = await new SignJWT(claims)
        .setProtectedHeader({ alg: tokenAlgorithm, kid: keys.keyId })
        .sign(keys.privateKey);
      put(request, 'spec', { ...objectAt(request, 'spec'), audiences: [...audiences], expirationSeconds: seconds });
      put(request, 'status', { expirationTimestamp: formatTime((issuedAt + seconds) * 1000), token });
      return request;
    },
  };
}

function checkRequest(request: JsonObject, seconds: number): void {
  const faults: FieldError[] = [];
  const path = 'spec.expirationSeconds';
  if (seconds < leastSeconds)
    faults.push(field.invalid(path, seconds, 'may not specify a duration less than 10 minutes'));
  if (seconds > mostSeconds)
    faults.push(field.invalid(path, seconds, 'may not specify a duration larger than 2^32 seconds'));
  const kind = textAt(request, 'spec', 'boundObjectRef', 'kind');
  const known = boundKinds.get(kind);
  if (kind !== '' && known === undefined)
    faults.push(field.notSupported('spec.boundObjectRef.kind', kind, [...boundKinds.keys()]));
  if (faults.length > 0) throw invalid(requestKind, '', faults);
}

/** What the token is bound to besides its account. Throws Conflict when the reference means another object than there is. */
async function boundSubject(
  objects: ObjectReader,
  request: JsonObject,
  namespace: string,
  account: string,
  signal: AbortSignal,
): Promise<Pick<TokenSubject, 'pod' | 'node' | 'secret'>> {
  const reference = objectAt(request, 'spec', 'boundObjectRef');
  if (reference === undefined) return {};
  const kind = textAt(reference, 'kind');
  const { resource = '', apiVersion = '' } = boundKinds.get(kind) ?? {};
  const name = textAt(reference, 'name');
  const given = textAt(reference, 'apiVersion');
  if (given !== '' && given !== apiVersion)
    throw new ApiError('BadRequest', `cannot bind token to object of type ${given}, Kind=${kind}`);
  const found = await objects.get(resource, resource === 'nodes' ? '' : namespace, name, signal);
  if (found === undefined) throw new ApiError('NotFound', `${resource} "${name}" not found`, { kind: resource, name });
  const uid = uidOf(found);
  const asked = textAt(reference, 'uid');
  if (asked !== '' && asked !== uid) {
    const why = `the UID in the bound object reference (${asked}) does not match the UID in record. The object might have been deleted and then recreated`;
    throw conflict({ group: '', resource }, name, why);
  }
  if (kind === 'Secret') return { secret: { name, uid } };
  if (kind === 'Node') return { node: { name, uid } };
  const own = textAt(found, 'spec', 'serviceAccountName');
  if (own !== account) {
    throw new ApiError(
      'BadRequest',
      `cannot bind token for serviceaccount "${account}" to pod running with different serviceaccount name.`,
    );
  }
  const node = await nodeOf(objects, textAt(found, 'spec', 'nodeName'), signal);
  return { pod: { name, uid }, ...(node === undefined ? {} : { node }) };
}

async function nodeOf(objects: ObjectReader, name: string, signal: AbortSignal): Promise<BoundObject | undefined> {
  if (name === '') return undefined;
  const node = await objects.get('nodes', '', name, signal);
  return node === undefined ? undefined : { name, uid: uidOf(node) };
}

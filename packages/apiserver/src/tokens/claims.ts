/**
 * What a service account token says (KEP-1205, bound service account tokens), and whom it makes its bearer. The claims are
 * Kubernetes' own, so that whoever verifies its tokens verifies ours.
 */
import type { JsonObject } from '@skiff/api';
import { isObject, listAt, objectAt, textAt } from '../patch/values.ts';
import type { UserInfo } from '../registry/contract.ts';
import { serviceAccountGroups, serviceAccountUserName } from './service-account-name.ts';

/** An object that a token dies with. */
export interface BoundObject {
  readonly name: string;
  readonly uid: string;
}

export interface TokenSubject {
  readonly namespace: string;
  readonly serviceAccount: BoundObject;
  readonly pod?: BoundObject;
  /** The pod's node, or the node that the token itself is bound to. */
  readonly node?: BoundObject;
  readonly secret?: BoundObject;
}

export interface Claims {
  readonly issuer: string;
  readonly audiences: readonly string[];
  /** Seconds since the epoch. */
  readonly issuedAt: number;
  readonly expiresAt: number;
  readonly id: string;
  readonly subject: TokenSubject;
}

const extraPrefix = 'authentication.kubernetes.io';
const boundKinds = ['pod', 'node', 'secret'] as const;

/** The payload of the JWT. */
export function claimsToJson({ issuer, audiences, issuedAt, expiresAt, id, subject }: Claims): JsonObject {
  const { namespace, serviceAccount } = subject;
  const bound: JsonObject = { namespace, serviceaccount: { ...serviceAccount } };
  for (const kind of boundKinds) {
    const object = subject[kind];
    if (object !== undefined) bound[kind] = { ...object };
  }
  return {
    aud: [...audiences],
    exp: expiresAt,
    iat: issuedAt,
    iss: issuer,
    jti: id,
    'kubernetes.io': bound,
    nbf: issuedAt,
    sub: serviceAccountUserName(namespace, serviceAccount.name),
  };
}

/** The claims of a verified payload; undefined when it is not a service account's. */
export function claimsFromJson(payload: JsonObject): Claims | undefined {
  const bound = objectAt(payload, 'kubernetes.io');
  const serviceAccount = bound === undefined ? undefined : boundObject(bound, 'serviceaccount');
  if (bound === undefined || serviceAccount === undefined) return undefined;
  const namespace = textAt(bound, 'namespace');
  if (textAt(payload, 'sub') !== serviceAccountUserName(namespace, serviceAccount.name)) return undefined;
  const { iat, exp } = payload;
  if (typeof iat !== 'number' || typeof exp !== 'number') return undefined;
  const others = boundKinds.flatMap((kind) => {
    const object = boundObject(bound, kind);
    return object === undefined ? [] : [[kind, object] as const];
  });
  return {
    issuer: textAt(payload, 'iss'),
    audiences: listAt(payload, 'aud').filter((one) => typeof one === 'string'),
    issuedAt: iat,
    expiresAt: exp,
    id: textAt(payload, 'jti'),
    subject: { namespace, serviceAccount, ...Object.fromEntries(others) },
  };
}

function boundObject(bound: JsonObject, kind: string): BoundObject | undefined {
  const object = objectAt(bound, kind);
  return isObject(object) ? { name: textAt(object, 'name'), uid: textAt(object, 'uid') } : undefined;
}

export function userOf({ id, subject }: Claims): UserInfo {
  const { namespace, serviceAccount, pod, node } = subject;
  const extra: Record<string, string[]> = {
    [`${extraPrefix}/credential-id`]: [`JTI=${id}`],
    ...(pod === undefined ? {} : { [`${extraPrefix}/pod-name`]: [pod.name], [`${extraPrefix}/pod-uid`]: [pod.uid] }),
    ...(node === undefined
      ? {}
      : { [`${extraPrefix}/node-name`]: [node.name], [`${extraPrefix}/node-uid`]: [node.uid] }),
  };
  return {
    name: serviceAccountUserName(namespace, serviceAccount.name),
    uid: serviceAccount.uid,
    groups: serviceAccountGroups(namespace),
    extra,
  };
}

/**
 * Knows service account tokens: signed by our key, in their time, for this server, and bound to objects that still are what
 * they were. A verified signature is remembered by the token's digest: verifying costs more than everything after it.
 */
import { createHash } from 'node:crypto';
import { type Clock, type JsonObject, parseTime } from '@skiff/api';
import { decodeJwt, jwtVerify } from 'jose';
import { type TokenAuthenticator, unauthorized } from '../chain/authenticate.ts';
import { textAt } from '../patch/values.ts';
import { uidOf } from '../registry/meta.ts';
import { type BoundObject, type Claims, claimsFromJson, userOf } from './claims.ts';
import { type TokenKeys, tokenAlgorithm } from './keys.ts';
import type { ObjectReader } from './objects.ts';

export interface TokenAuthenticatorOptions {
  readonly keys: TokenKeys;
  readonly issuer: string;
  /** A token must be for one of these, unless its reader asks for others. */
  readonly audiences: readonly string[];
  readonly clock: Clock;
  readonly objects: ObjectReader;
}

/** Longer texts are no token of ours, and not worth the reading. */
const maxTokenLength = 16_384;
const rememberedTokens = 10_000;
/** Kubernetes lets a token of a deleted object live on for as long: the object's end takes time to become known. */
const goneAfterMs = 60_000;

export function createServiceAccountAuthenticator(options: TokenAuthenticatorOptions): TokenAuthenticator {
  const verified = new Map<string, Claims>();

  const verify = async (token: string): Promise<Claims> => {
    const digest = createHash('sha256').update(token).digest('base64');
    const known = verified.get(digest);
    if (known !== undefined) return known;
    const claims = await verifySignature(options, token);
    const [oldest] = verified.keys();
    if (verified.size >= rememberedTokens && oldest !== undefined) verified.delete(oldest);
    verified.set(digest, claims);
    return claims;
  };

  return {
    name: 'service account',
    async authenticate(token, signal, wanted = options.audiences) {
      if (!looksLikeOurs(token, options.issuer)) return undefined;
      const claims = await verify(token);
      const audiences = claims.audiences.filter((one) => wanted.includes(one));
      if (audiences.length === 0) throw unauthorized();
      const now = options.clock.now();
      if (now >= claims.expiresAt * 1000 || now < claims.issuedAt * 1000 - 1000) throw unauthorized();
      if (!(await stillBound(claims, options, signal))) throw unauthorized();
      return { user: userOf(claims), audiences };
    },
  };
}

/** A JWT that names our issuer; what it says is not believed yet. */
function looksLikeOurs(token: string, issuer: string): boolean {
  if (token.length > maxTokenLength || token.split('.').length !== 3) return false;
  try {
    return decodeJwt(token).iss === issuer;
  } catch {
    return false;
  }
}

async function verifySignature(options: TokenAuthenticatorOptions, token: string): Promise<Claims> {
  const { keys, issuer, clock } = options;
  try {
    const { payload, protectedHeader } = await jwtVerify(token, keys.publicKey, {
      ...{ issuer, algorithms: [tokenAlgorithm] },
      // Against this server's own clock, and without its fraction of a second.
      ...{ currentDate: new Date(clock.now()), clockTolerance: 1 },
    });
    const claims = claimsFromJson(payload as JsonObject);
    if (claims === undefined || protectedHeader.kid !== keys.keyId) throw unauthorized();
    return claims;
  } catch {
    throw unauthorized();
  }
}

/** True while the account, and everything else the token is bound to, is there under the same uid. */
async function stillBound(
  { subject }: Claims,
  { objects, clock }: TokenAuthenticatorOptions,
  signal: AbortSignal,
): Promise<boolean> {
  const { namespace, serviceAccount, pod, node, secret } = subject;
  const bound: (readonly [string, string, BoundObject | undefined])[] = [
    ['serviceaccounts', namespace, serviceAccount],
    ['pods', namespace, pod],
    ['secrets', namespace, secret],
    // A pod's token names its node only to tell; it does not die with it.
    ['nodes', '', pod === undefined ? node : undefined],
  ];
  for (const [resource, within, wanted] of bound) {
    if (wanted === undefined) continue;
    const found = await objects.get(resource, within, wanted.name, signal);
    if (found === undefined || uidOf(found) !== wanted.uid || isLongGone(found, clock.now())) return false;
  }
  return true;
}

/** Deleted, its grace period over (which is what deletionTimestamp tells), and a minute more. */
function isLongGone(object: JsonObject, nowMs: number): boolean {
  const at = parseTime(textAt(object, 'metadata', 'deletionTimestamp'));
  return at !== undefined && nowMs > at + goneAfterMs;
}

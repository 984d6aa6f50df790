/** Tokens that are signed by the right key, and wrong all the same (H-141). */
import { createPrivateKey } from 'node:crypto';
import type { JsonObject } from '@skiff/api';
import { createStepClock } from '@skiff/client/testing';
import { SignJWT } from 'jose';
import { beforeAll, expect, test } from 'vitest';
import { createServiceAccountAuthenticator } from './authenticator.ts';
import { claimsToJson } from './claims.ts';
import { createTokenKey, type TokenKeys, tokenKeys } from './keys.ts';

const issuer = 'https://issuer';
const clock = createStepClock();
let keys: TokenKeys;
beforeAll(async () => {
  keys = tokenKeys(createPrivateKey(await createTokenKey()));
});

const claims = (change: object): JsonObject => {
  const issuedAt = Math.floor(clock.now() / 1000);
  const subject = { namespace: 'default', serviceAccount: { name: 'bot', uid: 'u' } };
  const right = { issuer, audiences: [issuer], issuedAt, expiresAt: issuedAt + 600, id: 'i', subject };
  return { ...claimsToJson(right), ...change } as JsonObject;
};

const authenticate = async (change: object, header: object = {}) => {
  const objects = { get: async () => ({ metadata: { uid: 'u' } }) };
  const authenticator = createServiceAccountAuthenticator({
    keys,
    issuer,
    audiences: [issuer],
    clock,
    objects,
  } as never);
  const protectedHeader = { alg: 'RS256', kid: keys.keyId, ...header };
  const token = await new SignJWT(claims(change)).setProtectedHeader(protectedHeader).sign(keys.privateKey);
  return authenticator.authenticate(token, new AbortController().signal);
};

test('what is right is known', async () => {
  expect(await authenticate({})).toMatchObject({ user: { name: 'system:serviceaccount:default:bot' } });
});

const in10min = (): number => Math.floor(clock.now() / 1000) + 600;
test.each<[string, () => object]>([
  ['expired', () => ({ exp: 1 })],
  ['not yet valid', () => ({ nbf: in10min() })],
  ['issued in time to come', () => ({ iat: in10min(), exp: in10min() + 600 })],
  ['for another audience', () => ({ aud: ['vault'] })],
  ['for nobody', () => ({ aud: [] })],
  ['without an end', () => ({ exp: undefined })],
  ['without a subject', () => ({ 'kubernetes.io': undefined })],
  ['with a subject of another account', () => ({ sub: 'system:serviceaccount:kube-system:other' })],
  ['with claims of other types', () => ({ 'kubernetes.io': { namespace: 5, serviceaccount: [] } })],
])('%s is Unauthorized', async (_, change) => {
  await expect(authenticate(change())).rejects.toMatchObject({ reason: 'Unauthorized' });
});

test('another issuer’s is not ours', async () => {
  expect(await authenticate({ iss: 'https://elsewhere' })).toBeUndefined();
});

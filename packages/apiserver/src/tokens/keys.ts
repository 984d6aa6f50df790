/** The key pair that service account tokens are signed and verified with: RS256, which every verifier of Kubernetes' tokens knows. */
import { createHash, createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { JsonObject } from '@skiff/api';
import { exportJWK } from 'jose';

export const tokenAlgorithm = 'RS256';

export interface TokenKeys {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** The `kid` of tokens and of the key set: a digest of the public key, as kube-apiserver's. */
  readonly keyId: string;
}

/** A new private key (PKCS#8, PEM). */
export async function createTokenKey(): Promise<string> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** Reads an RSA private key (PEM). Throws Error for any other kind of key. */
export async function readTokenKeys(file: string): Promise<TokenKeys> {
  return tokenKeys(createPrivateKey(await readFile(file)));
}

export function tokenKeys(privateKey: KeyObject): TokenKeys {
  if (privateKey.asymmetricKeyType !== 'rsa') throw new Error('service account tokens need an RSA key');
  const publicKey = createPublicKey(privateKey);
  const der = publicKey.export({ type: 'spki', format: 'der' });
  return { privateKey, publicKey, keyId: createHash('sha256').update(der).digest('base64url') };
}

/** The key set (RFC 7517) that `/openid/v1/jwks` shows. */
export async function keySet({ publicKey, keyId }: TokenKeys): Promise<JsonObject> {
  const jwk = await exportJWK(publicKey);
  return {
    keys: [{ use: 'sig', kty: jwk.kty ?? '', kid: keyId, alg: tokenAlgorithm, n: jwk.n ?? '', e: jwk.e ?? '' }],
  };
}

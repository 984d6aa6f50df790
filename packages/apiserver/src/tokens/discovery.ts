/** What lets others verify service account tokens: OpenID Connect discovery and the key set (KEP-1393). */
import type { JsonObject } from '@skiff/api';
import { keySet, type TokenKeys, tokenAlgorithm } from './keys.ts';

export const discoveryPath = '/.well-known/openid-configuration';
export const keySetPath = '/openid/v1/jwks';

export interface TokenDiscovery {
  readonly configuration: JsonObject;
  readonly keySet: JsonObject;
}

/** `origin` is where this server is reached: `https://host:port`. */
export async function tokenDiscovery(keys: TokenKeys, issuer: string, origin: string): Promise<TokenDiscovery> {
  return {
    configuration: {
      issuer,
      jwks_uri: `${origin}${keySetPath}`,
      response_types_supported: ['id_token'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: [tokenAlgorithm],
    },
    keySet: await keySet(keys),
  };
}

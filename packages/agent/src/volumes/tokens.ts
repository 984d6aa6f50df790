/** Service account tokens for projected volumes: asked of the API server, kept until most of their life is over. */
import { ApiError, type Clock, type Pod, resources, type TokenRequest, type Volume } from '@skiff/api';
import type { Client } from '@skiff/client';
import { parseTime } from '../time.ts';
import { tokenKey } from './payload.ts';

export interface TokenSource {
  /** Every token the volume asks for, by `tokenKey`; none for another kind of volume. Throws ApiError. */
  forVolume(pod: Pod, volume: Volume): Promise<ReadonlyMap<string, string>>;
  forget(podUid: string): void;
}

interface Held {
  readonly token: string;
  readonly renewAt: number;
}

const defaultExpirationSeconds = 3600;
/** kubelet renews at four fifths of a token's life, or after a day. */
const renewAfter = 0.8;
const dayMs = 86_400_000;

export function createTokenSource(client: Client, clock: Clock): TokenSource {
  const held = new Map<string, Map<string, Held>>();

  async function request(pod: Pod, audience: string | undefined, expirationSeconds: number): Promise<Held> {
    const { namespace = '', name, uid } = pod.metadata;
    const account = pod.spec.serviceAccountName ?? 'default';
    const spec = {
      audiences: audience === undefined || audience === '' ? [] : [audience],
      expirationSeconds,
      boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name, uid },
    };
    const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', metadata: {}, spec };
    const accounts = client.resource(resources.serviceaccounts);
    const answer = (await accounts.createSubresource(namespace, account, 'token', body)) as TokenRequest;
    const { token, expirationTimestamp } = answer.status ?? {};
    if (token === undefined) throw new ApiError('InternalError', 'the API server sent no token');
    const now = clock.now();
    const life = (parseTime(String(expirationTimestamp)) ?? now + expirationSeconds * 1000) - now;
    return { token, renewAt: now + Math.min(life * renewAfter, dayMs) };
  }

  return {
    async forVolume(pod, volume) {
      const result = new Map<string, string>();
      const ours = held.get(pod.metadata.uid) ?? new Map<string, Held>();
      for (const { serviceAccountToken: source } of volume.projected?.sources ?? []) {
        if (source === undefined) continue;
        const key = tokenKey(volume.name, source.path);
        const known = ours.get(key);
        const fresh =
          known !== undefined && known.renewAt > clock.now()
            ? known
            : await request(pod, source.audience, source.expirationSeconds ?? defaultExpirationSeconds);
        ours.set(key, fresh);
        held.set(pod.metadata.uid, ours);
        result.set(key, fresh.token);
      }
      return result;
    },
    forget: (podUid) => void held.delete(podUid),
  };
}

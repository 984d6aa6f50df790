/** Bootstrap tokens: short-lived secrets that let a machine ask to become a node (Kubernetes: bootstrap-tokens). */
import { timingSafeEqual } from 'node:crypto';
import { type Clock, isReason, type JsonObject } from '@skiff/api';
import type { Registry, UserInfo } from '../registry/contract.ts';
import { systemContext } from '../registry/system-context.ts';
import { type TokenAuthenticator, unauthorized } from './authenticate.ts';

export const bootstrapGroup = 'system:bootstrappers';
const secretType = 'bootstrap.kubernetes.io/token';
const extraGroupPattern = /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/;

export interface BootstrapToken {
  readonly id: string;
  readonly secret: string;
}

/** `<id>.<secret>`; undefined for a token of another family. */
export function parseBootstrapToken(token: string): BootstrapToken | undefined {
  const match = /^([a-z0-9]{6})\.([a-z0-9]{16})$/.exec(token);
  return match === null ? undefined : { id: match[1] ?? '', secret: match[2] ?? '' };
}

const sameText = (a: string, b: string): boolean => {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
};

/** The user that a token's Secret makes of its bearer; undefined when the Secret does not stand behind the token now. */
export function bootstrapUser(secret: JsonObject, token: BootstrapToken, nowMs: number): UserInfo | undefined {
  const metadata = secret.metadata as JsonObject | undefined;
  if (secret.type !== secretType || metadata?.deletionTimestamp !== undefined) return undefined;
  const read = (key: string): string => {
    const data = secret.data;
    const value = typeof data === 'object' && data !== null && !Array.isArray(data) ? data[key] : undefined;
    return typeof value === 'string' ? Buffer.from(value, 'base64').toString() : '';
  };
  if (!sameText(read('token-id'), token.id) || !sameText(read('token-secret'), token.secret)) return undefined;
  if (read('usage-bootstrap-authentication') !== 'true') return undefined;
  const expiration = read('expiration');
  if (expiration !== '' && !(Date.parse(expiration) > nowMs)) return undefined;
  const extra = read('auth-extra-groups')
    .split(',')
    .filter((group) => extraGroupPattern.test(group));
  return { name: `system:bootstrap:${token.id}`, uid: '', groups: [bootstrapGroup, ...extra], extra: {} };
}

/** Knows bootstrap tokens by their Secrets in kube-system. They say nothing of audiences, so that they are for this server alone. */
export function createBootstrapAuthenticator(
  registry: Registry,
  clock: Clock,
  ownAudiences: readonly string[],
): TokenAuthenticator {
  return {
    name: 'bootstrap',
    async authenticate(text, signal, wanted = ownAudiences) {
      const token = parseBootstrapToken(text);
      if (token === undefined) return undefined;
      const secret = await readSecret(registry, `bootstrap-token-${token.id}`, signal);
      const user = secret === undefined ? undefined : bootstrapUser(secret, token, clock.now());
      const audiences = ownAudiences.filter((one) => wanted.includes(one));
      if (user === undefined || audiences.length === 0) throw unauthorized();
      return { user, audiences };
    },
  };
}

async function readSecret(registry: Registry, name: string, signal: AbortSignal): Promise<JsonObject | undefined> {
  const collection = { group: '', version: 'v1', resource: 'secrets', namespace: 'kube-system', subresource: '' };
  try {
    const answer = await registry.get(systemContext(signal), { ...collection, name }, { resourceVersion: '' });
    return JSON.parse(answer.text) as JsonObject;
  } catch (error) {
    if (isReason(error, 'NotFound')) return undefined;
    throw error;
  }
}

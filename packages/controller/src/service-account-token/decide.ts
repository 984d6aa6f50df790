/** What a Secret of type `kubernetes.io/service-account-token` lacks (Kubernetes: tokens_controller.go). */
import type { Secret, ServiceAccount } from '@skiff/api';

export const tokenType = 'kubernetes.io/service-account-token';
const nameAnnotation = 'kubernetes.io/service-account.name';
const uidAnnotation = 'kubernetes.io/service-account.uid';

/** The account that a token Secret is for; undefined for any other Secret. */
export function accountNameOf(secret: Secret): string | undefined {
  if (secret.type !== tokenType) return undefined;
  return secret.metadata.annotations?.[nameAnnotation];
}

export interface TokenPlan {
  /** Its account is gone, or another one has its name now: the Secret goes too. */
  readonly remove: boolean;
  readonly needsToken: boolean;
  /** A merge patch without the token; undefined when the rest is right. */
  readonly patch: object | undefined;
}

const nothing: TokenPlan = { remove: false, needsToken: false, patch: undefined };

/** `rootCA`: PEM, as pods get it. */
export function decideToken(secret: Secret, account: ServiceAccount | undefined, rootCA: string): TokenPlan {
  if (secret.metadata.deletionTimestamp !== undefined) return nothing;
  const uid = secret.metadata.annotations?.[uidAnnotation];
  if (account === undefined || (uid !== undefined && uid !== account.metadata.uid)) return { ...nothing, remove: true };
  const wanted: Readonly<Record<string, string>> = {
    'ca.crt': toBase64(rootCA),
    namespace: toBase64(secret.metadata.namespace ?? ''),
  };
  const wrong = Object.entries(wanted).filter(([key, value]) => secret.data?.[key] !== value);
  const patch = {
    ...(uid === undefined ? { metadata: { annotations: { [uidAnnotation]: account.metadata.uid } } } : {}),
    ...(wrong.length === 0 ? {} : { data: Object.fromEntries(wrong) }),
  };
  return {
    remove: false,
    needsToken: (secret.data?.token ?? '') === '',
    patch: Object.keys(patch).length === 0 ? undefined : patch,
  };
}

export const toBase64 = (text: string): string => Buffer.from(text).toString('base64');

/** Who is asking: a client certificate of our CA, a bearer token that one authenticator knows, or nobody. */
import type { X509Certificate } from 'node:crypto';
import { ApiError, type Clock } from '@skiff/api';
import type { UserInfo } from '../registry/contract.ts';
import { subjectOf } from './subject.ts';

/** What a caller shows. */
export interface Credentials {
  /** The certificate of the TLS handshake, unverified. */
  readonly certificate: X509Certificate | undefined;
  /** The whole `Authorization` value. */
  readonly authorization: string | undefined;
}

/** What a token proves: whose it is, and which of the wanted audiences it was made for. */
export interface TokenProof {
  readonly user: UserInfo;
  readonly audiences: readonly string[];
}

/**
 * Knows one family of bearer tokens. Answers undefined for tokens of other families; throws ApiError Unauthorized for a bad one
 * of its own, and for one that is for none of `audiences` (this server's, when nobody asks for others).
 */
export interface TokenAuthenticator {
  readonly name: string;
  authenticate(token: string, signal: AbortSignal, audiences?: readonly string[]): Promise<TokenProof | undefined>;
}

export interface AuthenticateParts {
  readonly clock: Clock;
  readonly ca: X509Certificate;
  readonly tokens: readonly TokenAuthenticator[];
}

export type Authenticate = (credentials: Credentials, signal: AbortSignal) => Promise<UserInfo>;

export const anonymous: UserInfo = {
  name: 'system:anonymous',
  uid: '',
  groups: ['system:unauthenticated'],
  extra: {},
};

/** extendedKeyUsage clientAuth (RFC 5280, 4.2.1.12) and anyExtendedKeyUsage. */
const clientUsages = ['1.3.6.1.5.5.7.3.2', '2.5.29.37.0'];

/** 401 says nothing of why: a guesser learns nothing from it. */
export const unauthorized = (): ApiError => new ApiError('Unauthorized', 'Unauthorized');

/** Makes the first step of the chain. What it makes throws ApiError Unauthorized for credentials that are shown and bad: those never become anonymous. */
export function createAuthenticate(parts: AuthenticateParts): Authenticate {
  const ofCertificate = certificateUsers(parts.ca);
  return async (credentials, signal) => {
    const token = bearerOf(credentials.authorization);
    if (credentials.certificate !== undefined) {
      const user = ofCertificate(credentials.certificate, parts.clock.now());
      if (user === undefined) throw unauthorized();
      return user;
    }
    if (token === undefined) return anonymous;
    for (const authenticator of parts.tokens) {
      const proof = await authenticator.authenticate(token, signal);
      if (proof !== undefined) return authenticated(proof.user);
    }
    throw unauthorized();
  };
}

/** Who a certificate proves its holder to be at an instant. What does not change with time is found out once for each certificate. */
function certificateUsers(ca: X509Certificate): (certificate: X509Certificate, nowMs: number) => UserInfo | undefined {
  const known = new WeakMap<X509Certificate, { readonly user: UserInfo | undefined }>();
  return (certificate, nowMs) => {
    if (outOfTime(certificate, nowMs) !== undefined) return undefined;
    const seen = known.get(certificate);
    if (seen !== undefined) return seen.user;
    const fault = certificateFault(certificate, ca, nowMs);
    const user = fault === undefined ? authenticated(userOfCertificate(certificate)) : undefined;
    known.set(certificate, { user });
    return user;
  };
}

/** Adds the group of everyone who proved who they are. */
export function authenticated(user: UserInfo): UserInfo {
  const group = 'system:authenticated';
  return user.groups.includes(group) ? user : { ...user, groups: [...user.groups, group] };
}

const bearer = /^bearer(\s|$)/i;

/** True for who will be anonymous at best. */
export const showsNothing = ({ certificate, authorization }: Credentials): boolean =>
  certificate === undefined && !bearer.test(authorization ?? '');

/** The token of a `Bearer` header. Another scheme is no credential; an empty token is a bad one. */
function bearerOf(authorization: string | undefined): string | undefined {
  if (authorization === undefined || !bearer.test(authorization)) return undefined;
  const token = authorization.slice('bearer'.length).trim();
  if (token === '' || /\s/.test(token)) throw unauthorized();
  return token;
}

/** Why a certificate proves nothing, or undefined when it does: signed by `ca`, in its time, made for clients. */
export function certificateFault(certificate: X509Certificate, ca: X509Certificate, nowMs: number): string | undefined {
  if (certificate.ca) return 'is a CA certificate';
  if (!certificate.checkIssued(ca) || !certificate.verify(ca.publicKey)) return 'signed by an unknown authority';
  const late = outOfTime(certificate, nowMs);
  if (late !== undefined) return late;
  const usages: readonly string[] = certificate.keyUsage ?? [];
  if (!usages.some((usage) => clientUsages.includes(usage))) return 'not for client authentication';
  return subjectOf(certificate).commonName === '' ? 'no common name' : undefined;
}

function outOfTime({ validFromDate, validToDate }: X509Certificate, nowMs: number): string | undefined {
  if (nowMs < validFromDate.getTime()) return 'not yet valid';
  return nowMs > validToDate.getTime() ? 'expired' : undefined;
}

function userOfCertificate(certificate: X509Certificate): UserInfo {
  const { commonName, organizations } = subjectOf(certificate);
  return {
    name: commonName,
    uid: '',
    groups: organizations,
    extra: {
      'authentication.kubernetes.io/credential-id': [
        `X509SHA256=${certificate.fingerprint256.replaceAll(':', '').toLowerCase()}`,
      ],
    },
  };
}

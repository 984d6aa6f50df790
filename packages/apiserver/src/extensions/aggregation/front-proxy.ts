/**
 * How this server proves itself to the servers behind it: a client certificate that says "I speak for the user in these
 * headers". Each server has an authority of its own for it, in memory only; extension-apiserver-authentication tells them all.
 */
import { X509Certificate } from 'node:crypto';
import { type Clock, isReason, type JsonObject } from '@skiff/api';
import { objectAt, put, textAt } from '../../patch/values.ts';
import { createCA, issueCertificate, type KeyPair } from '../../pki/authority.ts';
import type { Registry, UserInfo } from '../../registry/contract.ts';
import { systemContext } from '../../registry/system-context.ts';

export const proxyName = 'front-proxy-client';
const lifetimeMs = 10 * 365 * 86_400_000;
/** Servers that ended leave their authority behind: the newest of them are kept. */
const maxAuthorities = 16;

export interface FrontProxy {
  readonly authorityPem: string;
  readonly client: KeyPair;
}

export async function createFrontProxy(clock: Clock): Promise<FrontProxy> {
  const nowMs = clock.now();
  const ca = await createCA({ commonName: 'skiff-front-proxy-ca', nowMs, lifetimeMs });
  const client = await issueCertificate(ca, {
    ...{ commonName: proxyName, organizations: [], usages: ['client'], nowMs, lifetimeMs },
  });
  return { authorityPem: ca.certificatePem, client };
}

/** Who asks, as the far side is told (its requestheader authenticator reads these names). */
export function remoteHeaders(user: UserInfo): readonly (readonly [string, string])[] {
  return [
    ['X-Remote-User', user.name],
    ...(user.uid === '' ? [] : [['X-Remote-Uid', user.uid] as const]),
    ...user.groups.map((group) => ['X-Remote-Group', group] as const),
    ...Object.entries(user.extra).flatMap(([key, values]) =>
      values.map((value) => [`X-Remote-Extra-${encodeURIComponent(key)}`, value] as const),
    ),
  ];
}

const pemPattern = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----\n?/g;

/** The authorities in use: those that are not over, this server's own last. */
export function authorities(before: string, own: string, nowMs: number): string {
  const kept = (before.match(pemPattern) ?? []).filter((pem) => {
    try {
      return pem.trim() !== own.trim() && new X509Certificate(pem).validToDate.getTime() > nowMs;
    } catch {
      return false;
    }
  });
  return [...kept.slice(1 - maxAuthorities), own].map((pem) => `${pem.trim()}\n`).join('');
}

const target = {
  ...{ group: '', version: 'v1', resource: 'configmaps', namespace: 'kube-system', subresource: '' },
  name: 'extension-apiserver-authentication',
};
const write = { dryRun: false, fieldManager: 'kube-apiserver', fieldValidation: 'Ignore' } as const;

/** Makes extension-apiserver-authentication say what servers behind this one must know. */
export async function publishAuthorities(
  parts: { readonly registry: Registry; readonly clock: Clock; readonly clientCa: string; readonly proxy: FrontProxy },
  signal: AbortSignal,
): Promise<void> {
  const { registry, clock, clientCa, proxy } = parts;
  const context = systemContext(signal);
  for (;;) {
    const found = await registry.get(context, target, { resourceVersion: '' }).catch((error: unknown) => {
      if (isReason(error, 'NotFound')) return undefined;
      throw error;
    });
    const object: JsonObject =
      found === undefined
        ? { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: target.name, namespace: target.namespace } }
        : (JSON.parse(found.text) as JsonObject);
    const before = textAt(objectAt(object, 'data') ?? {}, 'requestheader-client-ca-file');
    put(object, 'data', {
      ...objectAt(object, 'data'),
      'client-ca-file': clientCa,
      'requestheader-allowed-names': JSON.stringify([proxyName]),
      'requestheader-client-ca-file': authorities(before, proxy.authorityPem, clock.now()),
      'requestheader-extra-headers-prefix': '["X-Remote-Extra-"]',
      'requestheader-group-headers': '["X-Remote-Group"]',
      'requestheader-uid-headers': '["X-Remote-Uid"]',
      'requestheader-username-headers': '["X-Remote-User"]',
    });
    const body = { document: object, duplicates: [] };
    try {
      if (found === undefined) await registry.create(context, { ...target, name: '' }, body, write);
      else await registry.update(context, target, body, write);
      return;
    } catch (error) {
      if (!isReason(error, 'Conflict', 'AlreadyExists', 'NotFound')) throw error;
    }
  }
}

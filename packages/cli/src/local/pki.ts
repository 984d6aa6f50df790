/**
 * Keys and certificates of a cluster, made once and made anew a month before they end. etcd has an authority of its own: a certificate that
 * opens the API server must not open the store behind it.
 */
import { X509Certificate } from 'node:crypto';
import { access, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  createCA,
  createTokenKey,
  issueCertificate,
  type KeyPair,
  type Usage,
  writeAtomically,
  writeKeyPair,
} from '@skiff/apiserver';

const dayMs = 24 * 60 * 60 * 1000;
const caLifetimeMs = 10 * 365 * dayMs;
const leafLifetimeMs = 365 * dayMs;
const renewBeforeMs = 30 * dayMs;

/** A folder of `<name>.crt` and `<name>.key` files, and what its servers are called. */
export interface PkiPlace {
  readonly dir: string;
  /** Addresses of the API server besides loopback and its Service. */
  readonly serverIPs: readonly string[];
  /** Addresses of etcd besides loopback. */
  readonly etcdIPs: readonly string[];
  readonly serviceCIDR: string;
  readonly clusterDomain: string;
}

export interface KeyPairPaths {
  readonly certificateFile: string;
  readonly keyFile: string;
}

/** Signs service account tokens. */
export const tokenKeyIn = (dir: string): string => join(dir, 'sa.key');

export const keyPairIn = (dir: string, name: string): KeyPairPaths => ({
  certificateFile: join(dir, `${name}.crt`),
  keyFile: join(dir, `${name}.key`),
});

interface Leaf {
  readonly file: string;
  readonly authority: 'ca' | 'etcd-ca';
  readonly commonName: string;
  readonly organizations?: readonly string[];
  readonly usages: readonly Usage[];
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
}

/** Every certificate there is, with the users and groups that Kubernetes' components have. */
function leaves(place: PkiPlace): Leaf[] {
  const serviceIP = place.serviceCIDR.replace(/\d+\/\d+$/, '1');
  return [
    {
      file: 'apiserver',
      authority: 'ca',
      commonName: 'kube-apiserver',
      usages: ['server'],
      dnsNames: [
        'localhost',
        'kubernetes',
        'kubernetes.default',
        'kubernetes.default.svc',
        `kubernetes.default.svc.${place.clusterDomain}`,
      ],
      ipAddresses: ['127.0.0.1', ...place.serverIPs, serviceIP],
    },
    {
      file: 'admin',
      authority: 'ca',
      commonName: 'kubernetes-admin',
      organizations: ['system:masters'],
      usages: ['client'],
    },
    { file: 'scheduler', authority: 'ca', commonName: 'system:kube-scheduler', usages: ['client'] },
    { file: 'controller', authority: 'ca', commonName: 'system:kube-controller-manager', usages: ['client'] },
    {
      file: 'etcd',
      authority: 'etcd-ca',
      commonName: 'etcd',
      usages: ['server', 'client'],
      dnsNames: ['localhost'],
      ipAddresses: ['127.0.0.1', ...place.etcdIPs],
    },
    { file: 'etcd-client', authority: 'etcd-ca', commonName: 'kube-apiserver-etcd-client', usages: ['client'] },
  ];
}

/** Makes what is missing or ends soon. Resolves to whether anything was made. `nowMs`: certificates hold from then on. */
export async function ensurePki(place: PkiPlace, nowMs: number): Promise<boolean> {
  const { dir } = place;
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const made = new Set<string>();
  for (const authority of ['ca', 'etcd-ca']) {
    if (await holds(dir, authority, nowMs)) continue;
    const commonName = authority === 'ca' ? 'skiff' : 'skiff-etcd';
    await writeKeyPair(keyPairIn(dir, authority), await createCA({ commonName, nowMs, lifetimeMs: caLifetimeMs }));
    made.add(authority);
  }
  for (const { file, authority, ...subject } of leaves(place)) {
    if (!made.has(authority) && (await holds(dir, file, nowMs))) continue;
    const pair = await issueCertificate(await readPair(dir, authority), {
      ...subject,
      nowMs,
      lifetimeMs: leafLifetimeMs,
    });
    await writeKeyPair(keyPairIn(dir, file), pair);
    made.add(file);
  }
  if (await ensureTokenKey(dir)) made.add('sa');
  return made.size > 0;
}

/** The key that signs service account tokens; kept for ever, since what it signed must stay good. */
async function ensureTokenKey(dir: string): Promise<boolean> {
  const file = tokenKeyIn(dir);
  const isThere = await access(file).then(
    () => true,
    () => false,
  );
  if (!isThere) await writeAtomically(file, await createTokenKey(), 0o600);
  return !isThere;
}

/** True when the certificate is there and holds for a month more. */
async function holds(dir: string, name: string, nowMs: number): Promise<boolean> {
  const pem = await readFile(keyPairIn(dir, name).certificateFile).catch(() => undefined);
  return pem !== undefined && new X509Certificate(pem).validToDate.getTime() > nowMs + renewBeforeMs;
}

async function readPair(dir: string, name: string): Promise<KeyPair> {
  const files = keyPairIn(dir, name);
  return {
    certificatePem: await readFile(files.certificateFile, 'utf8'),
    keyPem: await readFile(files.keyFile, 'utf8'),
  };
}

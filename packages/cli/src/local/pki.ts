/**
 * Keys and certificates of a cluster on this machine, made once. etcd has an authority of its own: a certificate that
 * opens the API server must not open the store behind it.
 */
import { access, mkdir, readFile } from 'node:fs/promises';
import { createCA, issueCertificate, type KeyPair, type Usage, writeKeyPair } from '@skiff/apiserver';
import { keyPair } from './components.ts';
import { type ClusterConfig, controlPlaneIP, paths } from './layout.ts';

const dayMs = 24 * 60 * 60 * 1000;
const caLifetimeMs = 10 * 365 * dayMs;
const leafLifetimeMs = 365 * dayMs;

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
function leaves(config: ClusterConfig): Leaf[] {
  const serviceIP = config.serviceCIDR.replace(/\d+\/\d+$/, '1');
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
        `kubernetes.default.svc.${config.clusterDomain}`,
      ],
      ipAddresses: ['127.0.0.1', controlPlaneIP(config), serviceIP],
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
      ipAddresses: ['127.0.0.1'],
    },
    { file: 'etcd-client', authority: 'etcd-ca', commonName: 'kube-apiserver-etcd-client', usages: ['client'] },
  ];
}

/** Makes what is missing. Resolves to whether anything was. `nowMs`: certificates hold from then on. */
export async function ensurePki(config: ClusterConfig, nowMs: number): Promise<boolean> {
  await mkdir(paths(config).pki, { recursive: true, mode: 0o700 });
  let made = false;
  for (const authority of ['ca', 'etcd-ca']) {
    if (await exists(config, authority)) continue;
    const commonName = authority === 'ca' ? 'skiff' : 'skiff-etcd';
    await writeKeyPair(keyPair(config, authority), await createCA({ commonName, nowMs, lifetimeMs: caLifetimeMs }));
    made = true;
  }
  for (const { file, authority, ...subject } of leaves(config)) {
    if (await exists(config, file)) continue;
    const pair = await issueCertificate(await readPair(config, authority), {
      ...subject,
      nowMs,
      lifetimeMs: leafLifetimeMs,
    });
    await writeKeyPair(keyPair(config, file), pair);
    made = true;
  }
  return made;
}

async function exists(config: ClusterConfig, name: string): Promise<boolean> {
  return access(keyPair(config, name).certificateFile).then(
    () => true,
    () => false,
  );
}

async function readPair(config: ClusterConfig, name: string): Promise<KeyPair> {
  const files = keyPair(config, name);
  return {
    certificatePem: await readFile(files.certificateFile, 'utf8'),
    keyPem: await readFile(files.keyFile, 'utf8'),
  };
}

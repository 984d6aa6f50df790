/** The command lines of a local cluster's processes: pure, so that what runs can be read in one place. */

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DaemonSpec } from './daemons.ts';
import { insideHost } from './hosts.ts';
import type { KubeconfigTarget } from './kubeconfig.ts';
import { type ClusterConfig, controlPlaneIP, type HostLayout, paths } from './layout.ts';
import { type KeyPairPaths, keyPairIn, type PkiPlace, tokenKeyIn } from './pki.ts';

const mainFile = fileURLToPath(new URL('../main.ts', import.meta.url));

/** The paths of one identity's files in the pki folder. */
export const keyPair = (config: ClusterConfig, name: string): KeyPairPaths => keyPairIn(paths(config).pki, name);

export const pkiPlace = (config: ClusterConfig): PkiPlace => ({
  dir: paths(config).pki,
  serverIPs: [controlPlaneIP(config)],
  etcdIPs: [],
  serviceCIDR: config.serviceCIDR,
  clusterDomain: config.clusterDomain,
});

export const caFile = (config: ClusterConfig): string => join(paths(config).pki, 'ca.crt');

export const etcdEndpoint = (config: ClusterConfig): string => `https://127.0.0.1:${config.etcdPort}`;

export const restAddress = (config: ClusterConfig): string => `${controlPlaneIP(config)}:${config.restPort}`;

export const grpcAddress = (config: ClusterConfig): string => `${controlPlaneIP(config)}:${config.grpcPort}`;

export const adminKubeconfig = (config: ClusterConfig): KubeconfigTarget => ({
  file: paths(config).kubeconfig,
  name: config.name === 'skiff' ? 'skiff' : `skiff-${config.name}`,
  pki: paths(config).pki,
  rest: restAddress(config),
  grpc: grpcAddress(config),
});

export function etcdDaemon(config: ClusterConfig): DaemonSpec {
  const pair = keyPair(config, 'etcd');
  const peers = `http://127.0.0.1:${config.etcdPort + 1}`;
  return {
    name: 'etcd',
    command: 'etcd',
    args: [
      '--name',
      'skiff',
      '--data-dir',
      paths(config).etcd,
      // etcd keeps so many writes in memory beside its data, kubeadm's choice: ten times as many by default.
      '--snapshot-count',
      '10000',
      '--listen-client-urls',
      etcdEndpoint(config),
      '--advertise-client-urls',
      etcdEndpoint(config),
      '--listen-peer-urls',
      peers,
      '--initial-advertise-peer-urls',
      peers,
      '--initial-cluster',
      `skiff=${peers}`,
      '--client-cert-auth',
      '--trusted-ca-file',
      keyPair(config, 'etcd-ca').certificateFile,
      '--cert-file',
      pair.certificateFile,
      '--key-file',
      pair.keyFile,
      '--logger',
      'zap',
      '--log-level',
      'warn',
    ],
  };
}

/** One of Skiff's own processes: `skiff <args>` on the Node that runs this. */
const skiff = (name: string, args: readonly string[], nodeFlags: readonly string[] = []): DaemonSpec => ({
  name,
  command: process.execPath,
  args: [...nodeFlags, mainFile, ...args],
});

/** For processes that mostly wait: without a bound the space for new objects grows to three times 16 MB at the start and stays. */
const small = ['--max-semi-space-size=4'];

const identity = (config: ClusterConfig, name: string): string[] => {
  const pair = keyPair(config, name);
  return ['--ca-file', caFile(config), '--cert-file', pair.certificateFile, '--key-file', pair.keyFile];
};

export function apiserverDaemon(config: ClusterConfig): DaemonSpec {
  const etcd = keyPair(config, 'etcd-client');
  return skiff('apiserver', [
    'apiserver',
    '--etcd',
    etcdEndpoint(config),
    '--etcd-ca-file',
    keyPair(config, 'etcd-ca').certificateFile,
    '--etcd-cert-file',
    etcd.certificateFile,
    '--etcd-key-file',
    etcd.keyFile,
    '--rest-listen',
    `${restAddress(config)},127.0.0.1:${config.restPort}`,
    '--grpc-listen',
    `${grpcAddress(config)},127.0.0.1:${config.grpcPort}`,
    '--advertise-address',
    controlPlaneIP(config),
    '--ca-key-file',
    keyPair(config, 'ca').keyFile,
    '--service-account-key-file',
    tokenKeyIn(paths(config).pki),
    '--service-account-issuer',
    `https://kubernetes.default.svc.${config.clusterDomain}`,
    '--service-cidr',
    config.serviceCIDR,
    ...identity(config, 'apiserver'),
  ]);
}

export function schedulerDaemon(config: ClusterConfig): DaemonSpec {
  return skiff('scheduler', ['scheduler', '--server', grpcAddress(config), ...identity(config, 'scheduler')], small);
}

export function controllerDaemon(config: ClusterConfig): DaemonSpec {
  const args = [
    'controller',
    '--server',
    grpcAddress(config),
    '--cluster-cidr',
    config.podCIDR,
    '--root-ca-file',
    caFile(config),
    '--cluster-signing-cert-file',
    caFile(config),
    '--cluster-signing-key-file',
    keyPair(config, 'ca').keyFile,
    ...identity(config, 'controller'),
  ];
  return skiff('controller', args, small);
}

/**
 * Hosts of one machine share its disk, which belongs to others too, and images that were loaded into them are in no registry:
 * they give way only when the disk is nearly full (the thresholds are k3s').
 */
const sharedDisk = [
  'memory.available<100Mi',
  'nodefs.available<5%',
  'nodefs.inodesFree<5%',
  'imagefs.available<5%',
  'imagefs.inodesFree<5%',
  'pid.available<5%',
].join(',');

export const agentRootDir = (host: HostLayout): string => join(host.dir, 'agent');

/** `tokenFile` is needed only for the first start: an agent that holds its certificate does not read it. */
export function agentDaemon(config: ClusterConfig, host: HostLayout, tokenFile: string): DaemonSpec {
  const args = [
    'agent',
    '--server',
    grpcAddress(config),
    '--ca-file',
    caFile(config),
    '--token-file',
    tokenFile,
    '--node-name',
    host.name,
    '--node-ip',
    host.ip,
    '--root-dir',
    agentRootDir(host),
    '--docker-socket',
    host.dockerSocket,
    '--cluster-cidr',
    config.podCIDR,
    '--service-cidr',
    config.serviceCIDR,
    '--cluster-dns',
    config.dnsAddress,
    '--cluster-domain',
    config.clusterDomain,
    '--eviction-hard',
    sharedDisk,
    '--image-gc-high-threshold',
    '100',
  ];
  const daemon = skiff(`agent-${host.name}`, args, small);
  return { ...daemon, ...insideHost(host, daemon.command, daemon.args) };
}

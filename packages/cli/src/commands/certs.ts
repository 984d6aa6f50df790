import { join, resolve } from 'node:path';
import { realClock } from '@skiff/api';
import type { Command } from 'commander';
import { defaultConfig } from '../local/layout.ts';
import { portNumber, toList } from './values.ts';

interface CertsOptions {
  readonly out: string;
  readonly server: string[];
  readonly etcd: string[];
  readonly restPort: number;
  readonly grpcPort: number;
  readonly serviceCidr: string;
  readonly clusterDomain: string;
  readonly kubeconfig?: string;
  readonly kubeconfigAddress?: string;
}

/** `skiff certs create`: what `skiff up` does for a cluster on this machine, for one that is put together by hand. */
export function register(program: Command): void {
  program
    .command('certs')
    .description('make the certificates of a cluster that is put together by hand')
    .command('create')
    .description('make what is missing or ends within 30 days, and the administrator’s kubeconfig')
    .requiredOption('--out <folder>', 'where the certificates and admin.kubeconfig go', (value) => resolve(value))
    .requiredOption('--server <ip,...>', 'addresses of the API server; admin.kubeconfig names the first', toList)
    .option('--etcd <ip,...>', 'addresses of etcd besides loopback', toList, [])
    .option('--rest-port <port>', 'port of the REST door', portNumber, defaultConfig.restPort)
    .option('--grpc-port <port>', 'port of the gRPC door', portNumber, defaultConfig.grpcPort)
    .option('--service-cidr <cidr>', 'addresses of Services', defaultConfig.serviceCIDR)
    .option('--cluster-domain <domain>', 'DNS domain of the cluster', defaultConfig.clusterDomain)
    .option('--kubeconfig <file>', 'write a second kubeconfig here', (value) => resolve(value))
    .option('--kubeconfig-address <ip>', 'the address that it names (default: the first of --server)')
    .action(runCreate);
}

async function runCreate(options: CertsOptions): Promise<void> {
  const { ensurePki } = await import('../local/pki.ts');
  const { writeKubeconfig } = await import('../local/kubeconfig.ts');
  const [server] = options.server;
  if (server === undefined) throw new Error('--server names no address');
  const { out: dir, kubeconfig, kubeconfigAddress = server, serviceCidr: serviceCIDR, clusterDomain } = options;
  const addresses = [...new Set([...options.server, kubeconfigAddress])];
  const made = await ensurePki(
    { dir, serverIPs: addresses, etcdIPs: options.etcd, serviceCIDR, clusterDomain },
    realClock.now(),
  );
  const write = (file: string, address: string): Promise<boolean> =>
    writeKubeconfig({
      ...{ file, name: 'skiff', pki: dir },
      rest: `${address}:${options.restPort}`,
      grpc: `${address}:${options.grpcPort}`,
    });
  await write(join(dir, 'admin.kubeconfig'), server);
  if (kubeconfig !== undefined) await write(kubeconfig, kubeconfigAddress);
  process.stdout.write(made ? `${dir}: certificates made\n` : `${dir}: all certificates are there\n`);
}

import { join } from 'node:path';
import { realClock } from '@skiff/api';
import type { Command } from 'commander';
import { componentLogger, runComponent, toList } from './component.ts';

interface AgentOptions {
  readonly server: string[];
  readonly caFile: string;
  readonly tokenFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
  readonly nodeName: string;
  readonly nodeIp: string;
  readonly rootDir: string;
  readonly dockerSocket: string;
  readonly cniBinDir: string;
  readonly clusterCidr: string;
  readonly serviceCidr: string;
  readonly clusterDns: string;
  readonly clusterDomain: string;
  readonly nodeLabels: Record<string, string>;
  readonly maxPods: number;
}

export function registerAgent(program: Command): void {
  program
    .command('agent')
    .description('run the agent of a node: this host’s')
    .requiredOption('--server <address,...>', 'gRPC addresses of the API servers', toList)
    .requiredOption('--ca-file <file>', 'certificate authority of the cluster (PEM)')
    .option('--token-file <file>', 'bootstrap token to join with; not read while the agent holds its certificate')
    .option('--cert-file <file>', 'client certificate (PEM) instead of joining')
    .option('--key-file <file>', 'its key (PEM)')
    .requiredOption('--node-name <name>', 'name of the Node')
    .requiredOption('--node-ip <ip>', 'address of this host that other nodes reach')
    .option('--root-dir <folder>', 'volumes, keys and what the agent remembers', '/var/lib/skiff')
    .option('--docker-socket <path>', 'socket of the Docker engine', '/var/run/docker.sock')
    .option('--cni-bin-dir <folder>', 'CNI plugins', '/usr/lib/cni')
    .option('--cluster-cidr <cidr>', 'pod addresses of the whole cluster', '10.244.0.0/16')
    .option('--service-cidr <cidr>', 'addresses of Services', '10.96.0.0/16')
    .option('--cluster-dns <ip>', 'address of the DNS Service', '10.96.0.10')
    .option('--cluster-domain <domain>', 'domain of the cluster’s names', 'cluster.local')
    .option('--node-labels <name=value,...>', 'labels to register the Node with', toLabels, {})
    .option('--max-pods <count>', 'pods this node admits at most', Number, 110)
    .action(async (options: AgentOptions) => {
      const { runAgent } = await import('@skiff/agent');
      const logger = componentLogger('agent').child({ node: options.nodeName });
      const config = {
        nodeName: options.nodeName,
        nodeIP: options.nodeIp,
        endpoints: options.server,
        caPath: options.caFile,
        identity: identityOf(options),
        rootDir: options.rootDir,
        dockerSocket: options.dockerSocket,
        cniBinDir: options.cniBinDir,
        cniStateDir: join(options.rootDir, 'cni'),
        clusterDomain: options.clusterDomain,
        clusterDNS: options.clusterDns,
        serviceCIDR: options.serviceCidr,
        podCIDR: options.clusterCidr,
        labels: options.nodeLabels,
        taints: [],
        registerNode: true,
        maxPods: options.maxPods,
        logger,
        clock: realClock,
        random: Math.random,
      };
      await runComponent(logger, (signal) => runAgent(config, signal));
    });
}

function identityOf(options: AgentOptions) {
  const { certFile, keyFile, tokenFile } = options;
  if (certFile !== undefined && keyFile !== undefined)
    return { type: 'files' as const, certPath: certFile, keyPath: keyFile };
  if (tokenFile !== undefined) return { type: 'join' as const, tokenFile };
  throw new Error('an agent needs --token-file to join, or --cert-file and --key-file');
}

function toLabels(text: string): Record<string, string> {
  return Object.fromEntries(
    toList(text).map((label) => {
      const [name = '', value = ''] = label.split('=', 2);
      return [name, value];
    }),
  );
}

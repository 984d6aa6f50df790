import { realClock } from '@skiff/api';
import type { Command } from 'commander';
import { parseLabels, parseTaints } from '../objects/node-options.ts';
import { toList, wholeNumber } from './values.ts';

interface AgentOptions {
  readonly server: string[];
  readonly caFile: string;
  readonly tokenFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
  readonly nodeName?: string;
  readonly nodeIp: string;
  readonly rootDir: string;
  readonly dockerSocket: string;
  readonly cniBinDir: string;
  readonly clusterCidr: string;
  readonly serviceCidr: string;
  readonly clusterDns: string;
  readonly clusterDomain: string;
  readonly nodeLabels: string;
  readonly registerWithTaints: string;
  readonly registerNode: boolean;
  readonly maxPods: number;
  readonly evictionHard?: string;
  readonly imageGcHighThreshold: number;
  readonly imageGcLowThreshold: number;
}

export function register(program: Command): void {
  program
    .command('agent')
    .description('run the node agent')
    .requiredOption('--server <address,...>', 'gRPC addresses of the API servers', toList)
    .requiredOption('--ca-file <file>', 'certificate authority of the cluster (PEM)')
    .option('--token-file <file>', 'bootstrap token to join with; read only while there is no certificate')
    .option('--cert-file <file>', 'client certificate that others made and renew (PEM), in place of a token')
    .option('--key-file <file>', 'its key (PEM)')
    .option('--node-name <name>', 'name of the Node (default: the host’s name)')
    .requiredOption('--node-ip <ip>', 'address that the other nodes reach this host under')
    .option('--root-dir <folder>', 'volumes, key and memory of the agent', '/var/lib/skiff')
    .option('--docker-socket <path>', 'socket of the Docker engine', '/var/run/docker.sock')
    .option('--cni-bin-dir <folder>', 'where the CNI plugins are', '/usr/lib/cni')
    .option('--cluster-cidr <cidr>', 'pod addresses of the whole cluster', '10.244.0.0/16')
    .option('--service-cidr <cidr>', 'addresses of Services', '10.96.0.0/16')
    .option('--cluster-dns <ip>', 'Service address that cluster DNS answers on', '10.96.0.10')
    .option('--cluster-domain <domain>', 'domain of Services', 'cluster.local')
    .option('--node-labels <key=value,...>', 'labels of the Node when it registers', '')
    .option('--register-with-taints <key=value:effect,...>', 'taints of the Node when it registers', '')
    .option('--no-register-node', 'keep the status of a Node that others make')
    .option('--max-pods <count>', 'pods that may run here', Number, 110)
    .option(
      '--eviction-hard <signal<least,...>',
      'evict pods when less is left, e.g. memory.available<100Mi,nodefs.available<10% (default: kubelet’s)',
    )
    .option('--image-gc-high-threshold <percent>', 'of the disk used: unused images go; 100: never', percent, 85)
    .option('--image-gc-low-threshold <percent>', 'down to which they go', percent, 80)
    .action(async (options: AgentOptions) => {
      const [parts, { componentLogger, runComponent }, { hostname }, { resolve }] = await Promise.all([
        import('@skiff/agent'),
        import('./component.ts'),
        import('node:os'),
        import('node:path'),
      ]);
      const { defaultThresholds, parseThresholds, runAgent } = parts;
      const logger = componentLogger('agent');
      const { server: endpoints, caFile: caPath, nodeIp: nodeIP, clusterCidr: podCIDR, ...rest } = options;
      const config = {
        ...{ endpoints, caPath, nodeIP, podCIDR, logger, clock: realClock, random: Math.random },
        identity: identityOf(options),
        nodeName: (rest.nodeName ?? hostname()).toLowerCase(),
        rootDir: resolve(rest.rootDir),
        dockerSocket: rest.dockerSocket,
        cniBinDir: rest.cniBinDir,
        serviceCIDR: rest.serviceCidr,
        clusterDNS: rest.clusterDns,
        clusterDomain: rest.clusterDomain,
        labels: parseLabels(rest.nodeLabels),
        taints: parseTaints(rest.registerWithTaints),
        registerNode: rest.registerNode,
        maxPods: rest.maxPods,
        thresholds: parseThresholds(rest.evictionHard ?? defaultThresholds),
        imageMarks: { high: rest.imageGcHighThreshold / 100, low: rest.imageGcLowThreshold / 100 },
        onReady: () => logger.info({}, 'the node is Ready'),
      };
      if (!Number.isInteger(config.maxPods) || config.maxPods < 1)
        throw new Error('--max-pods: a whole number above 0');
      if (config.imageMarks.low > config.imageMarks.high)
        throw new Error('--image-gc-low-threshold: must not be above --image-gc-high-threshold');
      await runComponent(logger, (signal) => runAgent(config, signal));
    });
}

const percent = wholeNumber(0, 100);

function identityOf({ tokenFile, certFile, keyFile }: AgentOptions) {
  if (certFile !== undefined && keyFile !== undefined)
    return { type: 'files', certPath: certFile, keyPath: keyFile } as const;
  if (tokenFile === undefined) throw new Error('who is this node? Give --token-file, or --cert-file and --key-file');
  return { type: 'join', tokenFile } as const;
}

import { readFile } from 'node:fs/promises';
import { realClock } from '@skiff/api';
import type { Command } from 'commander';
import type { IdentityOptions } from './component.ts';
import { toList, wholeNumber } from './values.ts';

interface ControllerOptions extends IdentityOptions {
  readonly server: string[];
  readonly clusterCidr: string;
  readonly nodeCidrMaskSize: number;
  readonly nodeMonitorGracePeriod: number;
  readonly rootCaFile: string;
  readonly clusterSigningCertFile?: string;
  readonly clusterSigningKeyFile?: string;
}

export function register(program: Command): void {
  program
    .command('controller')
    .description('run the controller manager')
    .requiredOption('--server <address,...>', 'gRPC addresses of the API servers', toList)
    .requiredOption('--ca-file <file>', 'certificate authority of the cluster (PEM)')
    .requiredOption('--cert-file <file>', 'client certificate (PEM)')
    .requiredOption('--key-file <file>', 'its key (PEM)')
    .requiredOption('--root-ca-file <file>', 'certificate authority to publish to pods (PEM)')
    .option('--cluster-signing-cert-file <file>', 'certificate authority that signs certificate requests (PEM)')
    .option('--cluster-signing-key-file <file>', 'its key (PEM)')
    .requiredOption('--cluster-cidr <cidr>', 'pod addresses of the whole cluster')
    .option('--node-cidr-mask-size <bits>', 'prefix length of a node’s part of it', wholeNumber(8, 30), 24)
    .option('--node-monitor-grace-period <seconds>', 'how long a node may be silent', wholeNumber(1), 50)
    .action(async (options: ControllerOptions) => {
      const [{ connect }, { runControllers }, { componentLogger, readIdentity, runComponent }, { hostname }] =
        await Promise.all([
          import('@skiff/client/connect'),
          import('@skiff/controller'),
          import('./component.ts'),
          import('node:os'),
        ]);
      const logger = componentLogger('controller');
      const shell = { clock: realClock, random: Math.random, logger };
      const client = connect({
        userAgent: 'kube-controller-manager/skiff',
        endpoints: options.server,
        tls: await readIdentity(options),
        ...shell,
      });
      const config = {
        client,
        identity: `${hostname()}_${process.pid}`,
        clusterCIDR: options.clusterCidr,
        nodeMaskSize: options.nodeCidrMaskSize,
        nodeGraceMs: options.nodeMonitorGracePeriod * 1000,
        rootCA: await readFile(options.rootCaFile, 'utf8'),
        signingAuthority: await readSigningAuthority(options),
        ...shell,
      };
      await runComponent(logger, (signal) => runControllers(config, signal));
    });
}

/** The authority that signs certificate requests; both of its files or none. */
async function readSigningAuthority({ clusterSigningCertFile, clusterSigningKeyFile }: ControllerOptions) {
  if (clusterSigningCertFile === undefined && clusterSigningKeyFile === undefined) return undefined;
  if (clusterSigningCertFile === undefined || clusterSigningKeyFile === undefined)
    throw new Error('--cluster-signing-cert-file and --cluster-signing-key-file go together');
  const [certificatePem, keyPem] = await Promise.all([
    readFile(clusterSigningCertFile, 'utf8'),
    readFile(clusterSigningKeyFile, 'utf8'),
  ]);
  return { certificatePem, keyPem };
}

import { realClock } from '@skiff/api';
import type { Command } from 'commander';
import { toList } from './values.ts';

interface ApiserverOptions {
  readonly etcd: string[];
  readonly etcdCaFile?: string;
  readonly etcdCertFile?: string;
  readonly etcdKeyFile?: string;
  readonly restListen: string[];
  readonly grpcListen: string[];
  readonly advertiseAddress: string;
  readonly caFile: string;
  readonly caKeyFile: string;
  readonly certFile: string;
  readonly keyFile: string;
  readonly serviceAccountKeyFile: string;
  readonly serviceAccountIssuer: string;
  readonly serviceCidr: string;
}

export function register(program: Command): void {
  program
    .command('apiserver')
    .description('run the API server')
    .requiredOption('--etcd <url,...>', 'client URLs of etcd', toList)
    .option('--etcd-ca-file <file>', 'certificate authority of etcd (PEM), for https URLs')
    .option('--etcd-cert-file <file>', 'client certificate to show etcd (PEM)')
    .option('--etcd-key-file <file>', 'its key (PEM)')
    .requiredOption('--rest-listen <address,...>', 'host:port of the REST door', toList)
    .requiredOption('--grpc-listen <address,...>', 'host:port of the gRPC door', toList)
    .requiredOption('--advertise-address <ip>', 'where pods and nodes reach this server')
    .requiredOption('--ca-file <file>', 'certificate authority of the cluster (PEM)')
    .requiredOption('--ca-key-file <file>', 'its key (PEM): signs the certificates of nodes that join')
    .requiredOption('--cert-file <file>', 'serving certificate (PEM)')
    .requiredOption('--key-file <file>', 'its key (PEM)')
    .requiredOption('--service-account-key-file <file>', 'RSA key (PEM) that signs and verifies service account tokens')
    .option(
      '--service-account-issuer <url>',
      'who the tokens say they are from, and whom they are for',
      'https://kubernetes.default.svc.cluster.local',
    )
    .option('--service-cidr <cidr>', 'addresses of Services', '10.96.0.0/16')
    .action(async (options: ApiserverOptions) => {
      const [{ runApiServer }, { componentLogger, runComponent }] = await Promise.all([
        import('@skiff/apiserver'),
        import('./component.ts'),
      ]);
      const logger = componentLogger('apiserver');
      const { etcdCaFile: caFile, etcdCertFile: certificateFile, etcdKeyFile: keyFile } = options;
      const tls =
        caFile === undefined || certificateFile === undefined || keyFile === undefined
          ? undefined
          : { caFile, certificateFile, keyFile };
      const config = {
        store: { type: 'etcd' as const, endpoints: options.etcd, ...(tls === undefined ? {} : { tls }) },
        restListen: options.restListen,
        grpcListen: options.grpcListen,
        advertiseAddress: options.advertiseAddress,
        ca: { certificateFile: options.caFile, keyFile: options.caKeyFile },
        serving: { certificateFile: options.certFile, keyFile: options.keyFile },
        serviceAccountKeyFile: options.serviceAccountKeyFile,
        serviceAccountIssuer: options.serviceAccountIssuer,
        serviceCidr: options.serviceCidr,
        logger,
        clock: realClock,
        random: Math.random,
      };
      await runComponent(logger, (signal) => runApiServer(config, signal));
    });
}

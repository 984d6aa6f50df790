import { hostname } from 'node:os';
import { realClock } from '@skiff/api';
import type { Command } from 'commander';
import { type ClusterConfig, configFault, defaultConfig, hostLayouts, paths } from '../local/layout.ts';
import { createProgress } from '../output/progress.ts';
import { type StateOptions, withState } from './local-options.ts';

interface UpOptions extends StateOptions {
  readonly nodes?: number;
  readonly name: string;
  readonly subnet: string;
  readonly restPort: number;
  readonly grpcPort: number;
  readonly etcdPort: number;
}

/** `skiff up`: idempotent; a cluster keeps the shape it was first given. */
export function registerUp(program: Command): void {
  withState(program.command('up').description('start a cluster on this machine, or what is missing of it'))
    .option(
      '--nodes <count>',
      'make this many hosts, each with its own Docker engine (default: one node on this machine’s Docker)',
      Number,
    )
    .option('--name <name>', 'begins the names of network devices', defaultConfig.name)
    .option('--subnet <prefix>', 'first three octets of the hosts’ /24', defaultConfig.subnet)
    .option('--rest-port <port>', 'port of the REST door', Number, defaultConfig.restPort)
    .option('--grpc-port <port>', 'port of the gRPC door', Number, defaultConfig.grpcPort)
    .option(
      '--etcd-port <port>',
      'etcd’s client port on loopback; the next one is its peer port',
      Number,
      defaultConfig.etcdPort,
    )
    .action(runUp);
}

async function runUp(options: UpOptions): Promise<void> {
  const { rememberedConfig, up } = await import('../local/up.ts');
  if (process.getuid?.() !== 0) throw new Error('`skiff up` makes network devices and starts engines: run it as root');
  const remembered = await rememberedConfig(options.state);
  if (remembered !== undefined && options.nodes !== undefined && options.nodes !== remembered.nodes) {
    throw new Error(
      `the cluster in ${options.state} has --nodes ${remembered.nodes}; \`skiff down\` first to change that`,
    );
  }
  const asked: ClusterConfig = {
    ...defaultConfig,
    name: options.name,
    subnet: options.subnet,
    restPort: options.restPort,
    grpcPort: options.grpcPort,
    etcdPort: options.etcdPort,
    nodes: options.nodes ?? 0,
    stateDir: options.state,
  };
  const config = remembered ?? asked;
  const fault = configFault(config);
  if (fault !== undefined) throw new Error(fault);
  const progress = createProgress(realClock, (line) => process.stderr.write(`${line}\n`));
  const started = realClock.now();
  const hosts = hostLayouts(config, hostname());
  await up({ config, hosts, clock: realClock, progress });
  const seconds = ((realClock.now() - started) / 1000).toFixed(1);
  process.stdout.write(
    progress.changes === 0
      ? `the cluster is up; nothing was changed (${seconds} s)\n`
      : `the cluster is up (${seconds} s)\n`,
  );
  process.stdout.write(
    summary(
      config,
      hosts.map((host) => `${host.name} (${host.ip})`),
    ),
  );
}

function summary(config: ClusterConfig, nodes: readonly string[]): string {
  const { kubeconfig, logs } = paths(config);
  return `
  kubeconfig  ${kubeconfig}
  REST        https://${config.subnet}.1:${config.restPort}
  gRPC        ${config.subnet}.1:${config.grpcPort}
  nodes       ${nodes.join(', ')}
  logs        ${logs}

try:
  export KUBECONFIG=${kubeconfig}
  kubectl get nodes -o wide
  scripts/images && packages/cli/bin/skiff image load skiff/guestbook-web:1 skiff/guestbook-store:1
  kubectl apply -f examples/guestbook
`;
}

import { hostname } from 'node:os';
import { relative } from 'node:path';
import { realClock } from '@skiff/api';
import type { Command } from 'commander';
import {
  type ClusterConfig,
  configFault,
  defaultConfig,
  hostLayouts,
  type Shape,
  shapeFault,
  shapeOptions,
} from '../local/layout.ts';
import { lockFile, withLock } from '../local/lock.ts';
import { createProgress, type Progress } from '../output/progress.ts';
import { summary } from '../output/summary.ts';
import { defaultStateDir, repositoryDir, type StateOptions, withState } from './local-options.ts';
import { portNumber, wholeNumber } from './values.ts';

interface UpOptions extends StateOptions, Partial<Shape> {}

/** `skiff up`: idempotent; a cluster keeps the shape it was first given. */
export function register(program: Command): void {
  const { name, subnet, restPort, grpcPort, etcdPort } = defaultConfig;
  withState(program.command('up').description('start a cluster on this machine, or what is missing of it'))
    .option(
      `${shapeOptions.nodes} <count>`,
      'make this many hosts, each with its own Docker engine (default: one node on this machine’s Docker)',
      wholeNumber(1, 50),
    )
    .option(`${shapeOptions.name} <name>`, `begins the names of network devices (default: ${name})`)
    .option(`${shapeOptions.subnet} <prefix>`, `first three octets of the hosts’ /24 (default: ${subnet})`)
    .option(`${shapeOptions.restPort} <port>`, `port of the REST door (default: ${restPort})`, portNumber)
    .option(`${shapeOptions.grpcPort} <port>`, `port of the gRPC door (default: ${grpcPort})`, portNumber)
    .option(
      `${shapeOptions.etcdPort} <port>`,
      `etcd’s client port on loopback; the next one is its peer port (default: ${etcdPort})`,
      wholeNumber(1, 65_534),
    )
    .action(runUp);
}

async function runUp({ state, ...asked }: UpOptions): Promise<void> {
  const [{ up }, { rememberedConfig, strayConfig }] = await Promise.all([
    import('../local/up.ts'),
    import('../local/remember.ts'),
  ]);
  if (process.getuid?.() !== 0) throw new Error('`skiff up` makes network devices and starts engines: run it as root');
  const remembered = await rememberedConfig(state);
  const config: ClusterConfig = { ...defaultConfig, ...remembered, ...asked, stateDir: state };
  const fault = (remembered === undefined ? undefined : shapeFault(remembered, asked)) ?? configFault(config);
  if (fault !== undefined) throw new Error(fault);
  const progress = createProgress(realClock, (line) => process.stderr.write(`${line}\n`));
  const started = realClock.now();
  const stray = await strayConfig(state);
  if (stray !== undefined) await removeStray(stray, progress);
  const hosts = hostLayouts(config, hostname());
  await withLock(lockFile(config.name), () => up({ config, hosts, clock: realClock, progress }));
  const seconds = ((realClock.now() - started) / 1000).toFixed(1);
  process.stdout.write(
    progress.changes === 0
      ? `the cluster is up; nothing was changed (${seconds} s)\n`
      : `the cluster is up (${seconds} s)\n`,
  );
  const place = { repository: relative(process.cwd(), repositoryDir), elsewhere: state !== defaultStateDir };
  process.stdout.write(summary(config, hosts, place));
}

/** The folder of a running cluster was deleted: what still runs of it would be in the new one's way. */
async function removeStray(config: ClusterConfig, progress: Progress): Promise<void> {
  const { down } = await import('../local/down.ts');
  process.stderr.write('the folder of this cluster was deleted while it ran: what is left of it is removed first\n');
  const hosts = hostLayouts(config, hostname());
  await withLock(lockFile(config.name), () => down({ config, hosts, clock: realClock, progress, keepImages: true }));
}

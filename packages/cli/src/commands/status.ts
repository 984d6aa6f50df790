import { hostname } from 'node:os';
import { type Node, realClock, resources } from '@skiff/api';
import type { Command } from 'commander';
import { type ClusterConfig, hostLayouts, paths } from '../local/layout.ts';
import { isReady } from '../local/node-state.ts';
import { describeFailure } from '../output/failure.ts';
import { formatTable } from '../output/table.ts';
import { type StateOptions, withState } from './local-options.ts';

export function register(program: Command): void {
  withState(program.command('status').description('what of the cluster on this machine runs')).action(runStatus);
}

/** Exit code 0: everything runs and all nodes are Ready; 1: something is missing. */
async function runStatus(options: StateOptions): Promise<void> {
  const { rememberedConfig } = await import('../local/remember.ts');
  const { daemonPid, logPath, recordedDaemons } = await import('../local/daemons.ts');
  const config = await rememberedConfig(options.state);
  if (config === undefined) {
    process.stdout.write(`there is no cluster in ${options.state}\n`);
    process.exitCode = 1;
    return;
  }
  const names = await recordedDaemons(paths(config));
  const pids = await Promise.all(names.map((name) => daemonPid(paths(config), name)));
  const rowsOfProcesses = names.map((name, index) => {
    const pid = pids[index];
    return [name, pid === undefined ? 'stopped' : 'running', String(pid ?? '-'), logPath(paths(config), name)];
  });
  process.stdout.write(formatTable(['PROCESS', 'STATE', 'PID', 'LOG'], rowsOfProcesses));
  const nodes = await listNodes(config).catch((error: unknown) => describeFailure(error));
  const rows = hostLayouts(config, hostname()).map((host) => [host.name, stateOf(nodes, host.name), host.ip]);
  process.stdout.write(`\n${formatTable(['NODE', 'STATE', 'ADDRESS'], rows)}`);
  if (typeof nodes === 'string') process.stderr.write(`${nodes}\n`);
  if (pids.includes(undefined) || rows.some(([, state]) => state !== 'Ready')) process.exitCode = 1;
}

async function listNodes(config: ClusterConfig): Promise<readonly Node[]> {
  const { connectAsAdmin } = await import('../local/admin.ts');
  const client = await connectAsAdmin(config, realClock);
  try {
    return (await client.resource(resources.nodes).list()).items;
  } finally {
    client.close();
  }
}

/** `nodes` as text is why nobody can tell. */
function stateOf(nodes: readonly Node[] | string, name: string): string {
  if (typeof nodes === 'string') return 'unknown';
  const node = nodes.find((one) => one.metadata.name === name);
  if (node === undefined) return 'absent';
  return isReady(node) ? 'Ready' : 'NotReady';
}

import { hostname } from 'node:os';
import { realClock, resources } from '@skiff/api';
import type { Command } from 'commander';
import { hostLayouts, paths } from '../local/layout.ts';
import { formatTable } from '../output/table.ts';
import { type StateOptions, withState } from './local-options.ts';

export function registerStatus(program: Command): void {
  withState(program.command('status').description('what of the cluster on this machine runs')).action(runStatus);
}

/** Exit code 0: everything runs and all nodes are Ready; 1: something is missing. */
async function runStatus(options: StateOptions): Promise<void> {
  const [{ rememberedConfig, isReady }, { daemonPid, recordedDaemons }, { connectAsAdmin }] = await Promise.all([
    import('../local/up.ts'),
    import('../local/daemons.ts'),
    import('../local/admin.ts'),
  ]);
  const config = await rememberedConfig(options.state);
  if (config === undefined) {
    process.stdout.write(`there is no cluster in ${options.state}\n`);
    process.exitCode = 1;
    return;
  }
  const names = await recordedDaemons(paths(config));
  const pids = await Promise.all(names.map((name) => daemonPid(paths(config), name)));
  process.stdout.write(
    formatTable(
      ['PROCESS', 'STATE', 'PID'],
      names.map((name, index) => [name, pids[index] === undefined ? 'stopped' : 'running', String(pids[index] ?? '-')]),
    ),
  );
  const client = await connectAsAdmin(config, realClock);
  try {
    const { items } = await client.resource(resources.nodes).list();
    const rows = hostLayouts(config, hostname()).map((host) => {
      const node = items.find((one) => one.metadata.name === host.name);
      return [host.name, node === undefined ? 'absent' : isReady(node) ? 'Ready' : 'NotReady', host.ip];
    });
    process.stdout.write(`\n${formatTable(['NODE', 'STATE', 'ADDRESS'], rows)}`);
    if (pids.includes(undefined) || rows.some(([, state]) => state !== 'Ready')) process.exitCode = 1;
  } finally {
    client.close();
  }
}

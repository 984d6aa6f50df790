/** What would keep a cluster from starting, looked for before anything is started. */
import { access, constants } from 'node:fs/promises';
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { delimiter, join } from 'node:path';
import type { Clock } from '@skiff/api';
import { daemonPid, untilEnded } from './daemons.ts';
import { bridgeName, type ClusterConfig, paths, shapeOptions } from './layout.ts';
import { run } from './run.ts';

const commands = ['dockerd', 'docker', 'etcd', 'ip', 'bridge', 'nft', 'iptables', 'conntrack', 'nsenter', 'umount'];

/** Throws with what is wrong and what to do about it. */
export async function preflight(config: ClusterConfig, clock: Clock): Promise<void> {
  const missing = await missingCommands();
  if (missing.length > 0)
    throw new Error(`not installed: ${missing.join(', ')}; scripts/install installs all that a cluster needs`);
  const fault = subnetFault(config, networkInterfaces()) ?? (await portFault(config, clock));
  if (fault !== undefined) throw new Error(fault);
}

async function missingCommands(): Promise<string[]> {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const found = await Promise.all(commands.map((command) => isOnPath(command, folders)));
  return commands.filter((_, index) => !found[index]);
}

const isOnPath = (command: string, folders: readonly string[]): Promise<boolean> =>
  Promise.any(folders.map((folder) => access(join(folder, command), constants.X_OK))).then(
    () => true,
    () => false,
  );

/** Another device of this machine that has an address in the hosts' network. */
export function subnetFault(
  config: ClusterConfig,
  devices: Readonly<Record<string, readonly { readonly address: string }[] | undefined>>,
): string | undefined {
  for (const [device, addresses] of Object.entries(devices)) {
    if (device === bridgeName(config)) continue;
    const taken = addresses?.find(({ address }) => address.startsWith(`${config.subnet}.`));
    if (taken === undefined) continue;
    return `device ${device} has the address ${taken.address}: choose another network with ${shapeOptions.subnet}`;
  }
  return undefined;
}

async function portFault(config: ClusterConfig, clock: Clock): Promise<string | undefined> {
  const wanted = [
    { port: config.etcdPort, daemon: 'etcd', option: shapeOptions.etcdPort },
    { port: config.etcdPort + 1, daemon: 'etcd', option: shapeOptions.etcdPort },
    { port: config.restPort, daemon: 'apiserver', option: shapeOptions.restPort },
    { port: config.grpcPort, daemon: 'apiserver', option: shapeOptions.grpcPort },
  ];
  for (const { port, daemon, option } of wanted) {
    await untilEnded(paths(config), daemon, clock);
    if ((await daemonPid(paths(config), daemon)) !== undefined) continue;
    const fault = await listenFault('127.0.0.1', port);
    if (fault === undefined) continue;
    return `${daemon} cannot listen on port ${port}: ${fault}${await holderOf(port)}; choose another with ${option}`;
  }
  return undefined;
}

/** Why this machine does not give the port; undefined: it does. */
const listenFault = (host: string, port: number): Promise<string | undefined> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) =>
      resolve(error.code === 'EADDRINUSE' ? 'it is in use' : error.message),
    );
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });

/** ` by nginx (process 123)`, when `ss` can tell. */
async function holderOf(port: number): Promise<string> {
  const text = await run('ss', ['-Hltnp', `sport = :${port}`]).catch(() => '');
  const [, name, pid] = /\("([^"]+)",pid=(\d+)/.exec(text) ?? [];
  return name === undefined ? '' : ` by ${name} (process ${pid})`;
}

/** A Docker engine in a network namespace of its own, as the only member of a swarm: what `docker service create` is measured on. */
import { type ChildProcess, spawn as start } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import spawn from 'nano-spawn';
import { eventually } from '../cluster/cluster.ts';
import { end, endWithUs } from './processes.ts';

export interface Swarm {
  readonly socket: string;
  docker(...args: string[]): Promise<string>;
  stop(): Promise<void>;
}

/** RFC 5737: documentation; nothing answers there, and nothing leaves the namespace. */
const address = '192.0.2.1';

/** `name`: of the namespace. What an interrupted run left of it is taken away first. */
export async function startSwarm(name: string): Promise<Swarm> {
  await spawn('ip', ['netns', 'delete', name]).catch(() => undefined);
  await spawn('ip', ['netns', 'add', name]);
  for (const args of [
    ['link', 'set', 'lo', 'up'],
    ['address', 'add', `${address}/32`, 'dev', 'lo'],
  ])
    await spawn('ip', ['-n', name, ...args]);
  const folder = await mkdtemp(join(tmpdir(), 'skiff-swarm-'));
  const socket = join(folder, 'docker.sock');
  const engine = start(
    'nsenter',
    [
      ...[
        `--net=/run/netns/${name}`,
        'dockerd',
        '--data-root',
        join(folder, 'data'),
        '--exec-root',
        join(folder, 'run'),
      ],
      ...['--pidfile', join(folder, 'pid'), '--host', `unix://${socket}`, '--log-level', 'error'],
      ...['--exec-opt', 'native.cgroupdriver=cgroupfs'],
      ...['--containerd-namespace', name, '--containerd-plugins-namespace', `${name}-plugins`],
    ],
    { stdio: 'ignore' },
  );
  endWithUs(engine);
  const docker = async (...args: string[]): Promise<string> =>
    (await spawn('docker', ['--host', `unix://${socket}`, ...args])).stdout;
  const stop = (): Promise<void> => stopSwarm(engine, docker, name, folder);
  try {
    await eventually('the engine answers', async () => (await docker('version')) !== '');
    await docker('swarm', 'init', '--advertise-addr', address);
    return { socket, docker, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function stopSwarm(engine: ChildProcess, docker: Swarm['docker'], name: string, folder: string): Promise<void> {
  await docker('swarm', 'leave', '--force').catch(() => undefined);
  await end(engine, 'SIGTERM');
  await spawn('ip', ['netns', 'delete', name]);
  await rm(folder, { recursive: true, force: true });
}

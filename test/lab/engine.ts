/** A Docker engine for the lab alone, in a network namespace without a way out: what the lab does stays in there. */
import { type ChildProcess, spawn as start } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { realClock } from '@skiff/api';
import { killCgroup, removeCgroup } from '@skiff/cli/cgroups';
import { signal } from '@skiff/cli/daemons';
import spawn from 'nano-spawn';
import { eventually } from '../cluster/cluster.ts';

export interface Engine {
  readonly socket: string;
  /** Runs a command inside the namespace, where the lab's ports are published. Resolves to standard output. */
  inside(file: string, args: readonly string[], environment?: Readonly<Record<string, string>>): Promise<string>;
  stop(): Promise<void>;
}

const netns = 'skiff-lab-test';
const cgroup = 'skiff-lab-test';
const socket = '/run/skiff-lab-test.sock';
const folders = 'skiff-lab-test-';

/** A folder for one run. What a run that was killed left behind, its engine included, is removed first. */
export async function labFolder(): Promise<string> {
  await removeKilled();
  for (const name of await readdir(tmpdir())) if (name.startsWith(folders)) await removeFolder(join(tmpdir(), name));
  return mkdtemp(join(tmpdir(), folders));
}

export async function startEngine(folder: string): Promise<Engine> {
  await spawn('ip', ['netns', 'add', netns]);
  await spawn('ip', ['-n', netns, 'link', 'set', 'lo', 'up']);
  const log = await open(join(folder, 'dockerd.log'), 'a');
  // nsenter, because `ip netns exec` would remount /sys and hide the cgroups.
  const flags = [
    '--data-root',
    join(folder, 'docker'),
    '--exec-root',
    join(folder, 'exec'),
    '--host',
    `unix://${socket}`,
  ];
  const own = [
    '--pidfile',
    join(folder, 'docker.pid'),
    '--exec-opt=native.cgroupdriver=cgroupfs',
    `--cgroup-parent=/${cgroup}`,
  ];
  const command = [`--net=/run/netns/${netns}`, 'dockerd', ...flags, ...own, '--log-level=warn'];
  const child = start('nsenter', command, { stdio: ['ignore', log.fd, log.fd] });
  await once(child, 'spawn');
  await log.close();
  const inside: Engine['inside'] = async (file, args, env = {}) =>
    (await spawn('nsenter', [`--net=/run/netns/${netns}`, file, ...args], { env, stdin: 'ignore' })).stdout;
  await eventually('the engine to answer', () => spawn('docker', ['-H', `unix://${socket}`, 'version']));
  return { socket, inside, stop: () => stop(child, folder) };
}

async function stop(child: ChildProcess, folder: string): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill('SIGTERM');
    await once(child, 'exit');
  }
  await spawn('ip', ['netns', 'delete', netns]);
  await removeCgroup(cgroup);
  await rm(socket, { force: true });
  await removeFolder(folder);
}

/** An engine that nobody stopped, with its containers: only their own namespace and cgroup tell them from a user's lab. */
async function removeKilled(): Promise<void> {
  const { stdout } = await spawn('ip', ['netns', 'list']);
  if (stdout.split('\n').some((line) => line.split(' ')[0] === netns)) {
    await eventually('the end of what runs in the namespace', async () => {
      const pids = (await spawn('ip', ['netns', 'pids', netns])).stdout.split('\n').filter((pid) => pid !== '');
      for (const pid of pids) signal(Number(pid), 'SIGKILL');
      return pids.length === 0;
    });
    await spawn('ip', ['netns', 'delete', netns]);
  }
  await killCgroup(cgroup, realClock);
  await removeCgroup(cgroup);
  await rm(socket, { force: true });
}

async function removeFolder(folder: string): Promise<void> {
  // The newest first: it may lie in another.
  for (const path of (await mountsIn(folder)).reverse()) await spawn('umount', [path]);
  await rm(folder, { recursive: true, force: true });
}

async function mountsIn(folder: string): Promise<string[]> {
  const lines = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n');
  return lines.map((line) => line.split(' ')[4] ?? '').filter((path) => path.startsWith(folder));
}

/** Processes, mounts and cgroups of the engine and of the lab's nodes that are still there. */
export async function labLeftovers(folder: string): Promise<string[]> {
  const cgroupFolders = await spawn('find', ['/sys/fs/cgroup', '-type', 'd', '-name', 'skiff-lab-*']);
  const pids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry));
  const processes = await Promise.all(
    pids.map(async (pid) => {
      const cgroups = await readFile(`/proc/${pid}/cgroup`, 'utf8').catch(() => '');
      return cgroups.includes('/skiff-lab-') ? [`process ${pid}`] : [];
    }),
  );
  const cgroups = cgroupFolders.stdout.split('\n').filter((line) => line !== '');
  return [...(await mountsIn(folder)), ...cgroups, ...processes.flat()];
}

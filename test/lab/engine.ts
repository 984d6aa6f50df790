/** A Docker engine for the lab alone, in a network namespace without a way out: what the lab does stays in there. */
import { type ChildProcess, spawn as start } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
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
const folders = join(tmpdir(), 'skiff-lab-');

/** A folder for one run. What a run that was killed left behind, its engine included, is removed first. */
export async function labFolder(): Promise<string> {
  await removeNamespace();
  const parent = dirname(folders);
  for (const name of await readdir(parent))
    if (join(parent, name).startsWith(folders)) await removeFolder(join(parent, name));
  return mkdtemp(folders);
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
  await removeNamespace();
  await removeFolder(folder);
}

/** Ends the engine and what runs in its cgroups, and removes the namespace and the cgroups. */
async function removeNamespace(): Promise<void> {
  const { stdout } = await spawn('ip', ['netns', 'list']);
  const there = stdout.split('\n').some((line) => line.split(' ')[0] === netns);
  await eventually('the end of what runs for the lab', async () => {
    const inside = there ? (await spawn('ip', ['netns', 'pids', netns])).stdout.split('\n').filter(Boolean) : [];
    const pids = [...inside, ...(await processesInCgroups())];
    for (const pid of pids) killIfThere(Number(pid));
    return pids.length === 0;
  });
  if (there) await spawn('ip', ['netns', 'delete', netns]);
  await spawn('find', ['/sys/fs/cgroup', '-depth', '-type', 'd', '-path', `*/${cgroup}*`, '-exec', 'rmdir', '{}', '+']);
  await rm(socket, { force: true });
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended meanwhile.
  }
}

async function removeFolder(folder: string): Promise<void> {
  for (const path of (await mountsIn(folder)).reverse()) await spawn('umount', [path]);
  await rm(folder, { recursive: true, force: true });
}

async function mountsIn(folder: string): Promise<string[]> {
  const lines = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n');
  return lines.map((line) => line.split(' ')[4] ?? '').filter((path) => path.startsWith(folder));
}

/** Processes, mounts and cgroups of the engine and of the lab's nodes that are still there. */
export async function labLeftovers(folder: string): Promise<string[]> {
  const { stdout } = await spawn('find', ['/sys/fs/cgroup', '-type', 'd', '-name', 'skiff-lab-*']);
  const processes = (await processesInCgroups()).map((pid) => `process ${pid}`);
  return [...(await mountsIn(folder)), ...stdout.split('\n').filter(Boolean), ...processes];
}

async function processesInCgroups(): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry));
  const cgroups = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cgroup`, 'utf8').catch(() => '')));
  return pids.filter((_, index) => cgroups[index]?.includes('/skiff-lab-'));
}

/** What a cluster left on this machine after it was taken down: empty is right. */
import { readdir, readFile } from 'node:fs/promises';
import spawn from 'nano-spawn';
import type { ClusterPlace } from './cluster.ts';

export async function leftovers(place: ClusterPlace): Promise<string[]> {
  const found = await Promise.all([
    processes(place),
    devices(place),
    namespaces(place),
    mounts(place),
    rules(place),
    cgroups(place),
    files(place),
  ]);
  return found.flat();
}

async function processes({ stateDir, name }: ClusterPlace): Promise<string[]> {
  const left: string[] = [];
  for (const pid of (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry))) {
    const command = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).replaceAll('\0', ' ');
    const cgroups = await readFile(`/proc/${pid}/cgroup`, 'utf8').catch(() => '');
    const ours = [stateDir, `/run/skiff/${name}`].some((path) => command.includes(path));
    if (Number(pid) !== process.pid && (ours || cgroups.includes(`/skiff-${name}/`)))
      left.push(`process ${pid}: ${command}`);
  }
  return left;
}

async function devices({ name }: ClusterPlace): Promise<string[]> {
  const { stdout } = await spawn('ip', ['-brief', 'link']);
  return stdout
    .split('\n')
    .filter((line) => line.startsWith(`${name}-`))
    .map((line) => `device ${line}`);
}

async function namespaces({ name }: ClusterPlace): Promise<string[]> {
  const { stdout } = await spawn('ip', ['netns', 'list']);
  return stdout
    .split('\n')
    .filter((line) => line.startsWith(`${name}-`))
    .map((line) => `network namespace ${line}`);
}

async function mounts({ stateDir, name }: ClusterPlace): Promise<string[]> {
  const text = await readFile('/proc/self/mountinfo', 'utf8');
  return text
    .split('\n')
    .filter((line) => line.includes(` ${stateDir}/`) || line.includes(`/run/skiff/${name}/`))
    .map((line) => `mount ${line}`);
}

async function rules({ name }: ClusterPlace): Promise<string[]> {
  const { stdout } = await spawn('iptables-save');
  return stdout
    .split('\n')
    .filter((line) => line.includes(`${name}-br`))
    .map((line) => `iptables ${line}`);
}

async function cgroups({ name }: ClusterPlace): Promise<string[]> {
  const { stdout } = await spawn('find', ['/sys/fs/cgroup', '-type', 'd', '-path', `*/skiff-${name}*`]);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => `cgroup ${line}`);
}

async function files({ stateDir, name }: ClusterPlace): Promise<string[]> {
  const there = await Promise.all(
    [stateDir, `/run/skiff/${name}`].map((path) =>
      readdir(path)
        .then(() => `folder ${path}`)
        .catch(() => undefined),
    ),
  );
  return there.filter((path) => path !== undefined);
}

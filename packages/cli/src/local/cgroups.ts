/** Cgroups that a cluster's own engines made: whoever is still in them is killed, and they are removed. */
import { readdir, readFile, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '@skiff/api';
import { signal } from './daemons.ts';

const root = '/sys/fs/cgroup';

/** Kills every process in the cgroup `name` of any hierarchy. Resolves when none is left. */
export async function killCgroup(name: string, clock: Clock): Promise<void> {
  for (;;) {
    const pids = await processesIn(name);
    if (pids.length === 0) return;
    for (const pid of pids) signal(pid, 'SIGKILL');
    await clock.sleep(25);
  }
}

/** Removes the cgroup `name` with all below it from every hierarchy. */
export async function removeCgroup(name: string): Promise<void> {
  for (const folder of await hierarchies()) await removeTree(join(folder, name));
}

async function processesIn(name: string): Promise<number[]> {
  const found = new Set<number>();
  for (const folder of await hierarchies()) {
    for (const below of await readdir(join(folder, name), { recursive: true }).catch(() => [])) {
      if (!below.endsWith('cgroup.procs')) continue;
      const text = await readFile(join(folder, name, below), 'utf8').catch(() => '');
      for (const pid of text.split('\n').filter((line) => line !== '')) found.add(Number(pid));
    }
  }
  return [...found];
}

/** The one hierarchy of cgroup v2, or the folders of v1's controllers. */
async function hierarchies(): Promise<string[]> {
  const entries = await readdir(root, { withFileTypes: true }).catch(() => []);
  return [root, ...entries.filter((entry) => entry.isDirectory()).map((entry) => join(root, entry.name))];
}

/** A cgroup's files cannot be deleted, and go with it: only folders are removed, deepest first. */
async function removeTree(folder: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => undefined);
  if (entries === undefined) return;
  for (const entry of entries) if (entry.isDirectory()) await removeTree(join(folder, entry.name));
  await rmdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
}

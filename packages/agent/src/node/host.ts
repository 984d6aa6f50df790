/** Reads what a Node says of its host: thin over the engine, /proc and /sys. */
import { readFile, statfs } from 'node:fs/promises';
import type { Runtime } from '../runtime/contract.ts';
import type { HostSight } from './reporter.ts';
import type { FileSystem, HostFacts } from './status.ts';

/** Throws RuntimeError when the engine does not answer. */
export async function readHost(runtime: Runtime, rootDir: string): Promise<HostSight> {
  const [host, images] = await Promise.all([readFacts(runtime, rootDir), runtime.listImages()]);
  return { host, images };
}

async function readFacts(runtime: Runtime, rootDir: string): Promise<HostFacts> {
  const [info, version] = await Promise.all([runtime.info(), runtime.version()]);
  const [nodefs, imagefs, memory, load, maxPids] = await Promise.all([
    readRoom(rootDir),
    readRoom(info.dataDir),
    text('/proc/meminfo'),
    text('/proc/loadavg'),
    text('/proc/sys/kernel/pid_max'),
  ]);
  return {
    info,
    runtime: version,
    machineID: await text('/etc/machine-id'),
    systemUUID: await text('/sys/class/dmi/id/product_uuid'),
    bootID: await text('/proc/sys/kernel/random/boot_id'),
    nodefs,
    imagefs,
    memoryAvailableBytes: parseAvailable(memory) ?? info.memoryBytes,
    pids: parseTasks(load) ?? 0,
    maxPids: Number(maxPids) || 32_768,
  };
}

async function readRoom(path: string): Promise<FileSystem> {
  const { blocks, bavail, bsize, files, ffree } = await statfs(path);
  return { bytes: blocks * bsize, availableBytes: bavail * bsize, inodes: files, inodesFree: ffree };
}

/** '' for a file that this host does not have, as a virtual machine or container may not. */
const text = (path: string): Promise<string> =>
  readFile(path, 'utf8').then(
    (content) => content.trim(),
    () => '',
  );

/** `MemAvailable` of /proc/meminfo, in bytes. */
export function parseAvailable(meminfo: string): number | undefined {
  const kib = /^MemAvailable:\s+(\d+) kB$/m.exec(meminfo)?.[1];
  return kib === undefined ? undefined : Number(kib) * 1024;
}

/** The count of tasks in /proc/loadavg (`0.1 0.2 0.3 running/all last`). */
export function parseTasks(loadavg: string): number | undefined {
  const all = /^\S+ \S+ \S+ \d+\/(\d+) /.exec(loadavg)?.[1];
  return all === undefined ? undefined : Number(all);
}

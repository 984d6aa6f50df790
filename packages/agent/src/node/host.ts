/** Reads what a Node says of its host: thin over the engine, /proc and /sys. */
import { readdir, readFile, statfs } from 'node:fs/promises';
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
  const machineID = (await text('/etc/machine-id')) || (await text('/var/lib/dbus/machine-id'));
  return {
    info,
    runtime: version,
    machineID,
    // As cAdvisor: a host without a firmware's word goes by its machine id.
    systemUUID: (await text('/sys/class/dmi/id/product_uuid')) || machineID,
    bootID: await text('/proc/sys/kernel/random/boot_id'),
    nodefs,
    imagefs,
    memoryAvailableBytes: parseAvailable(memory) ?? info.memoryBytes,
    pids: parseTasks(load) ?? 0,
    maxPids: Number(maxPids) || 32_768,
    hugePages: await readHugePages(),
  };
}

const hugePagesDir = '/sys/kernel/mm/hugepages';

/** Folders are called by the size of their pages: `hugepages-2048kB`. A kernel without huge pages has none. */
async function readHugePages(): Promise<ReadonlyMap<number, number>> {
  const sizes = (await readdir(hugePagesDir).catch(() => [])).flatMap((name) => {
    const kib = /^hugepages-(\d+)kB$/.exec(name)?.[1];
    return kib === undefined ? [] : [{ name, bytes: Number(kib) * 1024 }];
  });
  const read = async ({ name, bytes }: (typeof sizes)[number]): Promise<[number, number]> => [
    bytes,
    bytes * Number(await text(`${hugePagesDir}/${name}/nr_hugepages`)),
  ];
  const all = await Promise.all(sizes.map(read));
  return new Map(all.sort(([a], [b]) => a - b));
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

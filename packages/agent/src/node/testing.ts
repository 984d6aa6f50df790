/** A host for tests: four cores, 8 GiB of memory, 100 GiB of disk, half of all free. */
import type { HostFacts } from './status.ts';

const gib = 1024 ** 3;

const halfFree = { bytes: 100 * gib, availableBytes: 50 * gib, inodes: 1_000_000, inodesFree: 500_000 };

export const hostFacts = (): HostFacts => ({
  info: {
    operatingSystem: 'Debian GNU/Linux 12',
    kernelVersion: '6.1.0',
    architecture: 'amd64',
    cpus: 4,
    memoryBytes: 8 * gib,
    dataDir: '/var/lib/docker',
    cgroupVersion: 2,
  },
  runtime: { name: 'docker', version: '20.10.24', apiVersion: '1.41' },
  machineID: 'machine',
  systemUUID: 'system',
  bootID: 'boot',
  nodefs: halfFree,
  imagefs: halfFree,
  memoryAvailableBytes: 4 * gib,
  pids: 100,
  maxPids: 32_768,
  hugePages: new Map([[2 * 1024 ** 2, 0]]),
});

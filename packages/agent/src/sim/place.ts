/** What stands for the host and the network of a simulated node, out of its number. Pure. */
import type { HostSight } from '../node/reporter.ts';
import { hash32 } from './luck.ts';

const gib = 1024 ** 3;
/** Every simulated node needs a range of its own within 10.128.0.0/9. */
export const maxNodes = 2 ** 15;

const disk = { bytes: 500 * gib, availableBytes: 400 * gib, inodes: 1_000_000, inodesFree: 900_000 };

/** A big idle machine. */
export const hostOf = (nodeName: string): HostSight => ({
  images: [],
  host: {
    info: {
      ...{ operatingSystem: 'Simulated', kernelVersion: '0', architecture: 'amd64', cgroupVersion: 2 },
      ...{ cpus: 32, memoryBytes: 128 * gib, dataDir: '' },
    },
    runtime: { name: 'simulated', version: '1', apiVersion: '1' },
    machineID: hash32(`machine ${nodeName}`).toString(16),
    systemUUID: hash32(`system ${nodeName}`).toString(16),
    bootID: hash32(`boot ${nodeName}`).toString(16),
    ...{ nodefs: disk, imagefs: disk, memoryAvailableBytes: 100 * gib },
    ...{ pids: 300, maxPids: 4_194_304, hugePages: new Map() },
  },
});

/** From the range that carriers share (RFC 6598): nothing answers there. */
export const nodeAddress = (index: number): string => `100.${64 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}`;

/** The range of a node whose Node has no `podCIDR`. */
export const ownRange = (index: number): string => `10.${128 + (index >> 8)}.${index & 255}.0/24`;

/** The address at that place of an IPv4 range; the first two belong to the network and its bridge. */
export function addressIn(range: string, place: number): string {
  const [base = ''] = range.split('/');
  const number = base.split('.').reduce((sum, part) => sum * 256 + Number(part), 0) + 2 + place;
  return [24, 16, 8, 0].map((shift) => (number >>> shift) & 255).join('.');
}

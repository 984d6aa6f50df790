/** What the whole host uses, from /proc. */
import { readFile } from 'node:fs/promises';
import type { Clock } from '@skiff/api';
import type { HostSample } from './usage.ts';

/** The kernel tells times to programs in hundredths of a second, whatever its own tick. */
const nanosecondsPerTick = 10_000_000n;

/** Reads /proc/stat and /proc/meminfo. Memory that only caches inactive files counts as used, but not as working set. */
export function parseHostUsage(time: number, stat: string, meminfo: string): HostSample {
  const [user = 0n, nice = 0n, system = 0n, , , irq = 0n, softirq = 0n, steal = 0n] = (
    /^cpu +(.*)$/m.exec(stat)?.[1] ?? ''
  )
    .split(' ')
    .filter((word) => word !== '')
    .map(BigInt);
  const bytesOf = (key: string): number => {
    const found = new RegExp(`^${key}: +(\\d+) kB$`, 'm').exec(meminfo)?.[1];
    if (found === undefined) throw new Error(`/proc/meminfo has no ${key}`);
    return Number(found) * 1024;
  };
  const [total, used] = [bytesOf('MemTotal'), bytesOf('MemTotal') - bytesOf('MemFree')];
  return {
    time,
    cpuNanoseconds: (user + nice + system + irq + softirq + steal) * nanosecondsPerTick,
    memoryUsageBytes: used,
    memoryWorkingSetBytes: Math.max(0, used - bytesOf('Inactive\\(file\\)')),
    memoryTotalBytes: total,
  };
}

export async function readHostUsage(clock: Clock): Promise<HostSample> {
  const [stat, meminfo] = await Promise.all([readFile('/proc/stat', 'utf8'), readFile('/proc/meminfo', 'utf8')]);
  return parseHostUsage(clock.now(), stat, meminfo);
}

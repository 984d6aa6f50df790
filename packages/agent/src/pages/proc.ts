/** What /proc says of a process' network and control group. Pure. */
import type { DeviceCounters, Traffic } from './sight.ts';

/** Reads /proc/PID/net/dev; the loopback device is nobody's traffic. */
export const parseDevices = (text: string): readonly DeviceCounters[] =>
  text.split('\n').flatMap((line) => {
    const [, device = 'lo', numbers = ''] = /^\s*([^\s:]+):\s*(.*)$/.exec(line) ?? [];
    if (device === 'lo') return [];
    const columns = numbers.trim().split(/\s+/).map(Number);
    return [{ device, receive: trafficAt(columns, 0), transmit: trafficAt(columns, 8) }];
  });

const trafficAt = (columns: readonly number[], first: number): Traffic => {
  const [bytes = 0, packets = 0, errors = 0, dropped = 0] = columns.slice(first);
  return { bytes, packets, errors, dropped };
};

/** Reads /proc/PID/cgroup: the one group of version 2, or that of the memory controller; `/` when neither is told. */
export const parseCgroup = (text: string): string =>
  /^\d+:(?:[^:\n]*,)?memory(?:,[^:\n]*)?:(.+)$/m.exec(text)?.[1] ?? /^0::(.+)$/m.exec(text)?.[1] ?? '/';

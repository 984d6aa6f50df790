/** When a node has too little of something: signals, and the thresholds under which pods have to go (kubelet's --eviction-hard). Pure. */
import { tryParseQuantity } from '@skiff/api';
import type { HostFacts } from '../node/status.ts';
import { toBytes } from '../quantity.ts';

export const signals = [
  'memory.available',
  'nodefs.available',
  'nodefs.inodesFree',
  'imagefs.available',
  'imagefs.inodesFree',
  'pid.available',
] as const;

export type Signal = (typeof signals)[number];

export type Pressure = 'MemoryPressure' | 'DiskPressure' | 'PIDPressure';

/** The least of a signal that must be free: bytes (or a count), or a share of the whole. */
export type Least = { readonly amount: number } | { readonly share: number };

export type Thresholds = Readonly<Partial<Record<Signal, Least>>>;

/** kubelet's own; processes have none there, and a host without any left is past all help. */
export const defaultThresholds = [
  'memory.available<100Mi',
  'nodefs.available<10%',
  'nodefs.inodesFree<5%',
  'imagefs.available<15%',
  'imagefs.inodesFree<5%',
  'pid.available<5%',
].join(',');

/** Reads `signal<quantity,signal<percent%`. Throws an Error that names the part it does not understand. */
export function parseThresholds(text: string): Thresholds {
  const parts = text.split(',').filter((part) => part.trim() !== '');
  return Object.fromEntries(parts.map(parseOne));
}

function parseOne(part: string): [Signal, Least] {
  const [name = '', value = '', ...rest] = part.split('<').map((word) => word.trim());
  const signal = signals.find((one) => one === name);
  if (signal === undefined) throw new Error(`eviction threshold "${part}": the signals are ${signals.join(', ')}`);
  if (value.endsWith('%') && rest.length === 0) {
    const share = Number(value.slice(0, -1)) / 100;
    if (share >= 0 && share <= 1) return [signal, { share }];
  } else if (rest.length === 0 && tryParseQuantity(value) !== undefined && toBytes(value) >= 0) {
    return [signal, { amount: toBytes(value) }];
  }
  throw new Error(`eviction threshold "${part}": write signal<quantity or signal<percent%`);
}

export interface Observation {
  readonly available: number;
  readonly capacity: number;
}

export type Observations = Readonly<Record<Signal, Observation>>;

export const observe = (host: HostFacts): Observations => ({
  'memory.available': { available: host.memoryAvailableBytes, capacity: host.info.memoryBytes },
  'nodefs.available': { available: host.nodefs.availableBytes, capacity: host.nodefs.bytes },
  'nodefs.inodesFree': { available: host.nodefs.inodesFree, capacity: host.nodefs.inodes },
  'imagefs.available': { available: host.imagefs.availableBytes, capacity: host.imagefs.bytes },
  'imagefs.inodesFree': { available: host.imagefs.inodesFree, capacity: host.imagefs.inodes },
  'pid.available': { available: host.maxPids - host.pids, capacity: host.maxPids },
});

export const leastOf = (least: Least | undefined, capacity: number): number =>
  least === undefined ? 0 : 'amount' in least ? least.amount : least.share * capacity;

/** Signals below their thresholds, memory first, as kubelet reclaims it. File systems that count no inodes have none to lack. */
export const met = (thresholds: Thresholds, seen: Observations): readonly Signal[] =>
  signals.filter((signal) => {
    const { available, capacity } = seen[signal];
    return capacity > 0 && available < leastOf(thresholds[signal], capacity);
  });

export function pressureOf(signal: Signal): Pressure {
  if (signal === 'memory.available') return 'MemoryPressure';
  return signal === 'pid.available' ? 'PIDPressure' : 'DiskPressure';
}

/** When each pressure was last observed, in milliseconds since the epoch. */
export type LastPressed = Readonly<Partial<Record<Pressure, number>>>;

/** kubelet's evictionPressureTransitionPeriod: a pressure is called over only when it was not seen for so long. */
export const transitionMs = 300_000;

/** What is remembered after a look; what is over is forgotten. */
export function press(before: LastPressed, now: readonly Signal[], nowMs: number): LastPressed {
  const recent = Object.entries(before).filter(([, atMs]) => nowMs - atMs < transitionMs);
  return Object.fromEntries([...recent, ...now.map((signal) => [pressureOf(signal), nowMs] as const)]);
}

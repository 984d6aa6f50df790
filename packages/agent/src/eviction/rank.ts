/** Which pod goes first when a node lacks something (kubelet's eviction/helpers.go, v1.32), and what it is told. Pure. */
import type { Container, Pod } from '@skiff/api';
import { podRequest } from '../pods/admit.ts';
import { criticalPriority } from '../pods/spec.ts';
import { toBytes } from '../quantity.ts';
import { leastOf, type Observations, type Pressure, pressureOf, type Signal, type Thresholds } from './thresholds.ts';

export interface ContainerUse {
  readonly name: string;
  readonly memoryBytes: number;
  readonly diskBytes: number;
  readonly pids: number;
}

export interface PodUse {
  readonly pod: Pod;
  readonly containers: readonly ContainerUse[];
  /** Of its emptyDir volumes on disk. */
  readonly volumeBytes: number;
}

type Amount = 'memoryBytes' | 'diskBytes' | 'pids';

const amountOf: Readonly<Record<Pressure, Amount>> = {
  MemoryPressure: 'memoryBytes',
  DiskPressure: 'diskBytes',
  PIDPressure: 'pids',
};

/** What a pod is measured by, by Kubernetes' name; processes cannot be asked for. */
const resourceOf: Readonly<Partial<Record<Amount, string>>> = { memoryBytes: 'memory', diskBytes: 'ephemeral-storage' };

const used = ({ containers, volumeBytes }: PodUse, amount: Amount): number =>
  containers.reduce((sum, one) => sum + one[amount], amount === 'diskBytes' ? volumeBytes : 0);

const requested = (pod: Pod, amount: Amount): number => {
  const resource = resourceOf[amount];
  return resource === undefined ? 0 : podRequest(pod, resource);
};

/** Critical pods are never evicted for a lack. The first to go first: who uses more than it asked for, then the least important, then who exceeds its request most. */
export function rank(signal: Signal, pods: readonly PodUse[]): readonly PodUse[] {
  const amount = amountOf[pressureOf(signal)];
  const excess = (one: PodUse): number => used(one, amount) - requested(one.pod, amount);
  const exceeds = (one: PodUse): number => Number(amount !== 'pids' && excess(one) > 0);
  return pods
    .filter(({ pod }) => (pod.spec.priority ?? 0) < criticalPriority)
    .sort(
      (a, b) =>
        exceeds(b) - exceeds(a) ||
        (a.pod.spec.priority ?? 0) - (b.pod.spec.priority ?? 0) ||
        excess(b) - excess(a) ||
        (a.pod.metadata.uid < b.pod.metadata.uid ? -1 : 1),
    );
}

const resourceNames: Readonly<Record<Signal, string>> = {
  'memory.available': 'memory',
  'nodefs.available': 'ephemeral-storage',
  'nodefs.inodesFree': 'inodes',
  'imagefs.available': 'ephemeral-storage',
  'imagefs.inodesFree': 'inodes',
  'pid.available': 'pids',
};

/** What the node lacks, as its own event names it. */
export const resourceNameOf = (signal: Signal): string => resourceNames[signal];

/** Why the pod has to go, in kubelet's words. */
export function evictionMessage(
  signal: Signal,
  { pod, containers }: PodUse,
  of: Thresholds,
  seen: Observations,
): string {
  const { available, capacity } = seen[signal];
  const name = resourceNames[signal];
  const least = leastOf(of[signal], capacity);
  const [threshold, left] = [least, available].map((value) => show(signal, value));
  const node = `The node was low on resource: ${name}. Threshold quantity: ${threshold}, available: ${left}. `;
  const amount = amountOf[pressureOf(signal)];
  const resource = resourceOf[amount];
  if (resource === undefined || name !== resource) return node;
  const greedy = containers.flatMap((container) => {
    const request = requestOf(pod, container.name, resource);
    if (container[amount] <= toBytes(request)) return [];
    const using = `${Math.ceil(container[amount] / 1024)}Ki`;
    return `Container ${container.name} was using ${using}, request is ${request}, has larger consumption of ${resource}. `;
  });
  return node + greedy.join('');
}

const show = (signal: Signal, value: number): string =>
  signal.endsWith('inodesFree') || signal === 'pid.available'
    ? String(Math.floor(value))
    : `${Math.floor(value / 1024)}Ki`;

function requestOf({ spec }: Pod, name: string, resource: string): string {
  const all: readonly Container[] = [...spec.containers, ...(spec.initContainers ?? [])];
  return String(all.find((one) => one.name === name)?.resources?.requests?.[resource] ?? '0');
}

/** CPU and memory of the node and its pods in the shape of the kubelet's Summary API (stats/v1alpha1). Pure. */
import { formatTime } from '@skiff/api';
import type { ContainerSummary } from '../runtime/contract.ts';

/** One look at something that runs. */
export interface Sample {
  /** Milliseconds since the epoch. */
  readonly time: number;
  /** CPU time used since it started. */
  readonly cpuNanoseconds: bigint;
  readonly memoryUsageBytes: number;
  readonly memoryWorkingSetBytes: number;
}

export interface HostSample extends Sample {
  readonly memoryTotalBytes: number;
}

/** Samples that a rate is taken over lie at least this far apart. */
export const shortestRateMs = 5000;

/** What is remembered of one thing: at most two samples, oldest first. */
export type History = readonly Sample[];

/** With a new sample. Samples close behind each other count as one, so that askers who come together do not spoil the rate. */
export function remember(history: History, sample: Sample): History {
  const newest = history.at(-1);
  if (newest !== undefined && sample.time - newest.time < shortestRateMs) return history;
  return [...history.slice(-1), sample];
}

/** CPU use in billionths of a core since a remembered sample; undefined when none is old enough, or the counter began anew. */
export function nanoCores(history: History, now: Sample): number | undefined {
  const before = history.findLast(({ time }) => now.time - time >= shortestRateMs);
  if (before === undefined || now.cpuNanoseconds < before.cpuNanoseconds) return undefined;
  const seconds = (now.time - before.time) / 1000;
  return Math.round(Number(now.cpuNanoseconds - before.cpuNanoseconds) / seconds);
}

export interface Measured {
  readonly sample: Sample;
  readonly usageNanoCores: number | undefined;
}

export interface MeasuredContainer extends Measured {
  readonly container: ContainerSummary;
  readonly startedAt: number;
}

/** Counters are JSON numbers, as the kubelet's are: exact up to 2^53. */
const cpuOf = ({ sample, usageNanoCores }: Measured): object => ({
  time: formatTime(sample.time),
  ...(usageNanoCores === undefined ? {} : { usageNanoCores }),
  usageCoreNanoSeconds: Number(sample.cpuNanoseconds),
});

const memoryOf = ({ sample }: Measured): object => ({
  time: formatTime(sample.time),
  usageBytes: sample.memoryUsageBytes,
  workingSetBytes: sample.memoryWorkingSetBytes,
});

/** A pod's use is that of its containers: its sandbox does nothing but wait. */
function sum(all: readonly Measured[]): Measured {
  const rates = all.map(({ usageNanoCores }) => usageNanoCores);
  return {
    sample: {
      time: Math.min(...all.map(({ sample }) => sample.time)),
      cpuNanoseconds: all.reduce((total, { sample }) => total + sample.cpuNanoseconds, 0n),
      memoryUsageBytes: all.reduce((total, { sample }) => total + sample.memoryUsageBytes, 0),
      memoryWorkingSetBytes: all.reduce((total, { sample }) => total + sample.memoryWorkingSetBytes, 0),
    },
    usageNanoCores: rates.includes(undefined) ? undefined : rates.reduce<number>((a, b = 0) => a + b, 0),
  };
}

function podOf(containers: readonly [MeasuredContainer, ...MeasuredContainer[]]): object {
  const { namespace, name, uid } = containers[0].container.pod;
  const total = sum(containers);
  return {
    podRef: { name, namespace, uid },
    startTime: formatTime(Math.min(...containers.map(({ startedAt }) => startedAt))),
    containers: containers.map((one) => ({
      name: one.container.name,
      startTime: formatTime(one.startedAt),
      cpu: cpuOf(one),
      memory: memoryOf(one),
    })),
    cpu: cpuOf(total),
    memory: memoryOf(total),
  };
}

export interface NodeUsage extends Measured {
  readonly nodeName: string;
  readonly memoryTotalBytes: number;
}

/** The document that answers a stats stream. Pods come in order of namespace and name. */
export function summaryOf(node: NodeUsage, containers: readonly MeasuredContainer[]): object {
  const availableBytes = Math.max(0, node.memoryTotalBytes - node.sample.memoryWorkingSetBytes);
  const keyOf = ({ container: { pod } }: MeasuredContainer): string => `${pod.namespace}/${pod.name}/${pod.uid}`;
  const pods = [...Map.groupBy(containers, keyOf)].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    node: { nodeName: node.nodeName, cpu: cpuOf(node), memory: { ...memoryOf(node), availableBytes } },
    pods: pods.flatMap(([, [first, ...rest]]) => (first === undefined ? [] : [podOf([first, ...rest])])),
  };
}

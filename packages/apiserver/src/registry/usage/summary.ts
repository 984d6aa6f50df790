/** Reads the document that answers a stats stream: the kubelet's Summary API (stats/v1alpha1). Nothing in it is trusted. Pure. */
import { type Json, parseTime } from '@skiff/api';
import { numberAt, objectAt, objectsAt, textAt } from '../../patch/values.ts';

export interface Amounts {
  /** Billionths of a core, a rate over the window. */
  readonly nanoCores: number;
  readonly workingSetBytes: number;
}

export interface Measured {
  /** When it was measured, milliseconds since the epoch. */
  readonly timeMs: number;
}

export interface ContainerUsage extends Amounts, Measured {
  readonly name: string;
}

export interface PodUsage extends Measured {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly containers: readonly ContainerUsage[];
}

export interface NodeUsage {
  /** How long the interval is that rates were taken over. */
  readonly windowMs: number;
  /** Undefined while the node has no rate of its own yet. */
  readonly node: (Amounts & Measured) | undefined;
  /** Pods of which every container has a rate. */
  readonly pods: readonly PodUsage[];
}

/** What the server knows of its nodes' use, by node; silent nodes are not in it. */
export interface UsageReader {
  readonly nodes: ReadonlyMap<string, NodeUsage>;
}

const amount = (value: number | undefined): number | undefined =>
  value !== undefined && value >= 0 && Number.isSafeInteger(Math.round(value)) ? Math.round(value) : undefined;

function measuredAt(of: Json): (Amounts & Measured) | undefined {
  const nanoCores = amount(numberAt(of, 'cpu', 'usageNanoCores'));
  const workingSetBytes = amount(numberAt(of, 'memory', 'workingSetBytes'));
  const timeMs = parseTime(textAt(of, 'cpu', 'time'));
  if (nanoCores === undefined || workingSetBytes === undefined || timeMs === undefined) return undefined;
  return { nanoCores, workingSetBytes, timeMs };
}

/** A pod is shown whole or not at all, as metrics-server does. */
function podOf(pod: Json): PodUsage | undefined {
  const ref = objectAt(pod, 'podRef');
  const containers: ContainerUsage[] = [];
  for (const container of objectsAt(pod, 'containers')) {
    const measured = measuredAt(container);
    if (measured === undefined) return undefined;
    containers.push({ name: textAt(container, 'name'), ...measured });
  }
  if (containers.length === 0) return undefined;
  const timeMs = Math.min(...containers.map((container) => container.timeMs));
  return {
    namespace: textAt(ref, 'namespace'),
    name: textAt(ref, 'name'),
    uid: textAt(ref, 'uid'),
    timeMs,
    containers,
  };
}

export function readSummary(summary: Json, windowMs: number): NodeUsage {
  return {
    windowMs,
    node: measuredAt(objectAt(summary, 'node') ?? {}),
    pods: objectsAt(summary, 'pods').flatMap((pod) => podOf(pod) ?? []),
  };
}

/** `/metrics`: the agent's own numbers, under kubelet's names where it has them. Pure. */
import type { ContainerState, ContainerSummary } from '../runtime/contract.ts';
import { exposition } from './exposition.ts';

/** The agent as a process. */
export interface ProcessFacts {
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  readonly heapBytes: number;
  /** Milliseconds since the epoch. */
  readonly startedMs: number;
}

export interface OwnFacts {
  readonly nodeName: string;
  readonly version: string;
  readonly containers: readonly ContainerSummary[];
  readonly process: ProcessFacts;
}

const states: readonly ContainerState[] = ['created', 'running', 'exited'];

export function ownMetrics({ nodeName, version, containers, process }: OwnFacts): string {
  const apps = containers.filter(({ role }) => role === 'container');
  const sandboxes = containers.filter(({ role, state }) => role === 'sandbox' && state === 'running');
  const gauge = (name: string, help: string, value: number, labels: Record<string, string> = {}) =>
    ({ name, help, type: 'gauge', samples: [{ labels, value }] }) as const;
  return exposition([
    gauge('kubelet_node_name', "[ALPHA] The node's name. The count is always 1.", 1, { node: nodeName }),
    {
      name: 'kubelet_running_containers',
      help: '[ALPHA] Number of containers currently running',
      type: 'gauge',
      samples: states.map((state) => ({
        labels: { container_state: state },
        value: apps.filter((one) => one.state === state).length,
      })),
    },
    gauge('kubelet_running_pods', '[ALPHA] Number of pods that have a running pod sandbox', sandboxes.length),
    gauge(
      'kubernetes_build_info',
      "[ALPHA] A metric with a constant '1' value labeled by the version that this is.",
      1,
      {
        git_version: version,
      },
    ),
    {
      name: 'process_cpu_seconds_total',
      help: 'Total user and system CPU time spent in seconds.',
      type: 'counter',
      samples: [{ labels: {}, value: process.cpuSeconds }],
    },
    gauge('process_resident_memory_bytes', 'Resident memory size in bytes.', process.residentBytes),
    gauge(
      'process_start_time_seconds',
      'Start time of the process since unix epoch in seconds.',
      process.startedMs / 1000,
    ),
    gauge('nodejs_heap_size_used_bytes', 'Process heap size used from Node.js in bytes.', process.heapBytes),
  ]);
}

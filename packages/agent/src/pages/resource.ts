/** `/metrics/resource`: what autoscalers and `kubectl top` are fed from, under kubelet's names (pkg/kubelet/metrics/collectors/resource_metrics.go). Pure. */
import { cpuSeconds, exposition, type MetricSample } from './exposition.ts';
import type { SeenContainer, Sight } from './sight.ts';

const labelsOf = ({ status: { name, pod } }: SeenContainer): Record<string, string> => ({
  container: name,
  namespace: pod.namespace,
  pod: pod.name,
});

export function resourceMetrics({ host, containers }: Sight): string {
  const ofContainers = (value: (one: SeenContainer) => number): MetricSample[] =>
    containers.map((one) => ({ labels: labelsOf(one), value: value(one), timeMs: one.sample.time }));
  const ofPods = (value: (one: SeenContainer) => number): MetricSample[] =>
    [...Map.groupBy(containers, ({ status }) => status.pod.uid).values()].map((own) => ({
      labels: { namespace: own[0]?.status.pod.namespace ?? '', pod: own[0]?.status.pod.name ?? '' },
      value: own.reduce((sum, one) => sum + value(one), 0),
      timeMs: Math.min(...own.map(({ sample }) => sample.time)),
    }));
  const cpu = ({ sample }: SeenContainer): number => cpuSeconds(sample.cpuNanoseconds);
  const memory = ({ sample }: SeenContainer): number => sample.memoryWorkingSetBytes;
  const ofHost = (value: number): MetricSample[] => [{ labels: {}, value, timeMs: host.time }];
  return exposition([
    {
      name: 'container_cpu_usage_seconds_total',
      help: '[STABLE] Cumulative cpu time consumed by the container in core-seconds',
      type: 'counter',
      samples: ofContainers(cpu),
    },
    {
      name: 'container_memory_working_set_bytes',
      help: '[STABLE] Current working set of the container in bytes',
      type: 'gauge',
      samples: ofContainers(memory),
    },
    {
      name: 'container_start_time_seconds',
      help: '[STABLE] Start time of the container since unix epoch in seconds',
      type: 'gauge',
      samples: containers.map((one) => ({ labels: labelsOf(one), value: one.status.startedAt / 1000 })),
    },
    {
      name: 'node_cpu_usage_seconds_total',
      help: '[STABLE] Cumulative cpu time consumed by the node in core-seconds',
      type: 'counter',
      samples: ofHost(cpuSeconds(host.cpuNanoseconds)),
    },
    {
      name: 'node_memory_working_set_bytes',
      help: '[STABLE] Current working set of the node in bytes',
      type: 'gauge',
      samples: ofHost(host.memoryWorkingSetBytes),
    },
    {
      name: 'pod_cpu_usage_seconds_total',
      help: '[STABLE] Cumulative cpu time consumed by the pod in core-seconds',
      type: 'counter',
      samples: ofPods(cpu),
    },
    {
      name: 'pod_memory_working_set_bytes',
      help: '[STABLE] Current working set of the pod in bytes',
      type: 'gauge',
      samples: ofPods(memory),
    },
    // A look that fails answers with an error, and no page at all.
    {
      name: 'resource_scrape_error',
      help: '[STABLE] 1 if there was an error while getting container metrics, 0 otherwise',
      type: 'gauge',
      samples: [{ labels: {}, value: 0 }],
    },
  ]);
}

/** `/metrics/cadvisor`: use by control group, under cAdvisor's names and labels, for the dashboards that read them. Pure. */
import type { ContainerStatus } from '../runtime/contract.ts';
import { label } from '../runtime/labels.ts';
import { cpuSeconds, exposition, type Family, type MetricSample } from './exposition.ts';
import type { DeviceCounters, SeenContainer, Sight } from './sight.ts';

/** A sandbox is the pod's own: it has no container's name. */
const labelsOf = ({ id, image, labels, name, pod }: ContainerStatus, cgroup: string): Record<string, string> => ({
  container: name,
  id: cgroup,
  image: labels[label.declaredImage] ?? image,
  name: id,
  namespace: pod.namespace,
  pod: pod.name,
});

/** The whole host. */
const root = { container: '', id: '/', image: '', name: '', namespace: '', pod: '' };

const networkFamilies: readonly (readonly [string, string, (counters: DeviceCounters) => number])[] = [
  ['receive_bytes', 'bytes received', ({ receive }) => receive.bytes],
  ['receive_errors', 'errors encountered while receiving', ({ receive }) => receive.errors],
  ['receive_packets', 'packets received', ({ receive }) => receive.packets],
  ['receive_packets_dropped', 'packets dropped while receiving', ({ receive }) => receive.dropped],
  ['transmit_bytes', 'bytes transmitted', ({ transmit }) => transmit.bytes],
  ['transmit_errors', 'errors encountered while transmitting', ({ transmit }) => transmit.errors],
  ['transmit_packets', 'packets transmitted', ({ transmit }) => transmit.packets],
  ['transmit_packets_dropped', 'packets dropped while transmitting', ({ transmit }) => transmit.dropped],
];

export function cadvisorMetrics({ host, containers, sandboxes, cpus, nowMs }: Sight): string {
  const of = (value: (one: SeenContainer) => number, more: Record<string, string> = {}): MetricSample[] =>
    containers.map((one) => ({
      labels: { ...labelsOf(one.status, one.cgroup), ...more },
      value: value(one),
      timeMs: one.sample.time,
    }));
  const ofHost = (value: number, more: Record<string, string> = {}): MetricSample => ({
    labels: { ...root, ...more },
    value,
    timeMs: host.time,
  });
  const total = { cpu: 'total' };
  const network = networkFamilies.map(
    ([name, what, read]): Family => ({
      name: `container_network_${name}_total`,
      help: `Cumulative count of ${what}`,
      type: 'counter',
      samples: sandboxes.flatMap(({ status, cgroup, devices }) =>
        devices.map((counters) => ({
          labels: { ...labelsOf(status, cgroup), interface: counters.device },
          value: read(counters),
          timeMs: nowMs,
        })),
      ),
    }),
  );
  return exposition([
    {
      name: 'container_cpu_usage_seconds_total',
      help: 'Cumulative cpu time consumed in seconds.',
      type: 'counter',
      samples: [
        ofHost(cpuSeconds(host.cpuNanoseconds), total),
        ...of(({ sample }) => cpuSeconds(sample.cpuNanoseconds), total),
      ],
    },
    {
      name: 'container_last_seen',
      help: 'Last time a container was seen by the exporter',
      type: 'gauge',
      samples: of(({ sample }) => Math.floor(sample.time / 1000)),
    },
    {
      name: 'container_memory_usage_bytes',
      help: 'Current memory usage in bytes, including all memory regardless of when it was accessed',
      type: 'gauge',
      samples: [ofHost(host.memoryUsageBytes), ...of(({ sample }) => sample.memoryUsageBytes)],
    },
    {
      name: 'container_memory_working_set_bytes',
      help: 'Current working set in bytes.',
      type: 'gauge',
      samples: [ofHost(host.memoryWorkingSetBytes), ...of(({ sample }) => sample.memoryWorkingSetBytes)],
    },
    ...network,
    {
      name: 'container_start_time_seconds',
      help: 'Start time of the container since unix epoch in seconds.',
      type: 'gauge',
      samples: of(({ status }) => status.startedAt / 1000),
    },
    {
      name: 'container_threads',
      help: 'Number of threads running inside the container',
      type: 'gauge',
      samples: of(({ sample }) => sample.pids),
    },
    {
      name: 'machine_cpu_cores',
      help: 'Number of logical CPU cores.',
      type: 'gauge',
      samples: [{ labels: {}, value: cpus }],
    },
    {
      name: 'machine_memory_bytes',
      help: 'Amount of memory installed on the machine.',
      type: 'gauge',
      samples: [{ labels: {}, value: host.memoryTotalBytes }],
    },
  ]);
}

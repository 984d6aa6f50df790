/** Requests and limits as the kernel takes them; the formulas are kubelet's (cm/helpers_linux.go, qos/policy.go, v1.32). Pure. */
import type { Container, Pod } from '@skiff/api';
import { qosClassOf } from '@skiff/api/quota';
import { toBytes, toMilliCpu } from '../quantity.ts';
import type { ContainerResources } from '../runtime/contract.ts';
import { criticalPriority } from './spec.ts';

const cpuPeriodMicros = 100_000;
const minQuotaMicros = 1_000;
const minShares = 2;
const maxShares = 262_144;

export function containerResources(pod: Pod, container: Container, nodeMemoryBytes: number): ContainerResources {
  const { requests, limits } = container.resources ?? {};
  const cpuLimit = toMilliCpu(limits?.cpu);
  const cpuRequest = requests?.cpu === undefined ? cpuLimit : toMilliCpu(requests.cpu);
  const memoryLimitBytes = toBytes(limits?.memory);
  return {
    cpuShares: toShares(cpuRequest),
    ...(cpuLimit > 0
      ? { cpuPeriodMicros, cpuQuotaMicros: Math.max(minQuotaMicros, Math.ceil((cpuLimit * cpuPeriodMicros) / 1000)) }
      : {}),
    ...(memoryLimitBytes > 0 ? { memoryLimitBytes } : {}),
    oomScoreAdj: oomScoreAdj(pod, container, nodeMemoryBytes),
  };
}

const toShares = (milliCpu: number): number =>
  milliCpu === 0 ? minShares : Math.min(maxShares, Math.max(minShares, Math.floor((milliCpu * 1024) / 1000)));

/** Who dies first when the node runs out of memory: BestEffort, then who uses most beyond its request. */
export function oomScoreAdj(pod: Pod, container: Container, nodeMemoryBytes: number): number {
  if ((pod.spec.priority ?? 0) >= criticalPriority) return -997;
  switch (qosClassOf(pod)) {
    case 'Guaranteed':
      return -997;
    case 'BestEffort':
      return 1000;
    case 'Burstable': {
      const { requests, limits } = container.resources ?? {};
      const request = toBytes(requests?.memory ?? limits?.memory);
      const score = Math.floor(1000 - (1000 * request) / Math.max(1, nodeMemoryBytes));
      return Math.min(999, Math.max(3, score));
    }
  }
}

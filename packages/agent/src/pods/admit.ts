/** Whether this node takes a pod that was bound to it: the last check, since bindings race. Pure; words are kubelet's. */
import type { Container, Node, NodeSelectorRequirement, NodeSelectorTerm, Pod, Taint, Toleration } from '@skiff/api';
import { qosClassOf } from '@skiff/api/quota';
import type { Pressure } from '../eviction/thresholds.ts';
import { quantityToNumber, toBytes, toMilliCpu } from '../quantity.ts';
import { criticalPriority, isSidecar } from './spec.ts';

export interface AdmitInput {
  readonly pod: Pod;
  /** Pods that this node runs already and that have not ended. */
  readonly others: readonly Pod[];
  readonly node: Pick<Node, 'metadata' | 'spec'>;
  readonly allocatable: Readonly<Record<string, unknown>>;
  readonly pressures: ReadonlySet<Pressure>;
}

export interface Rejection {
  readonly reason: string;
  readonly message: string;
}

/** Undefined when the pod may run here. */
export function admit(input: AdmitInput): Rejection | undefined {
  return pressureFault(input) ?? affinityFault(input) ?? taintFault(input) ?? portFault(input) ?? resourceFault(input);
}

/** A node that lacks something takes no more, but for critical pods; one that lacks memory takes those that ask for theirs. */
function pressureFault({ pod, pressures }: AdmitInput): Rejection | undefined {
  if (pressures.size === 0 || (pod.spec.priority ?? 0) >= criticalPriority) return undefined;
  if (pressures.size === 1 && pressures.has('MemoryPressure')) {
    if (qosClassOf(pod) !== 'BestEffort') return undefined;
    const taint = { key: 'node.kubernetes.io/memory-pressure', value: '', effect: 'NoSchedule' } as const;
    if ((pod.spec.tolerations ?? []).some((one) => tolerates(one, taint))) return undefined;
  }
  return { reason: 'Evicted', message: `The node had condition: [${[...pressures].join(' ')}]. ` };
}

/** A pod's request of one resource: the larger of its app containers with sidecars, and its init containers one by one. */
export function podRequest(pod: Pod, resource: string): number {
  const one = (container: Container): number => amount(resource, container.resources?.requests?.[resource]);
  const init = pod.spec.initContainers ?? [];
  let sidecars = 0;
  let peak = 0;
  for (const container of init) {
    if (isSidecar(container)) sidecars += one(container);
    else peak = Math.max(peak, sidecars + one(container));
  }
  const steady = pod.spec.containers.reduce((sum, container) => sum + one(container), sidecars);
  return Math.max(steady, peak) + amount(resource, pod.spec.overhead?.[resource]);
}

const amount = (resource: string, value: unknown): number =>
  resource === 'cpu' ? toMilliCpu(value) : resource === 'memory' ? toBytes(value) : quantityToNumber(value);

function resourceFault({ pod, others, allocatable }: AdmitInput): Rejection | undefined {
  const capacity = amount('pods', allocatable.pods);
  if (others.length + 1 > capacity) return outOf('pods', 1, others.length, capacity);
  const containers = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])];
  const asked = new Set(containers.flatMap(({ resources }) => Object.keys(resources?.requests ?? {})));
  for (const resource of asked) {
    const requested = podRequest(pod, resource);
    const room = amount(resource, Object.hasOwn(allocatable, resource) ? allocatable[resource] : undefined);
    const used = others.reduce((sum, other) => sum + podRequest(other, resource), 0);
    if (requested > 0 && used + requested > room) return outOf(resource, requested, used, room);
  }
  return undefined;
}

const outOf = (resource: string, requested: number, used: number, capacity: number): Rejection => ({
  reason: `OutOf${resource}`,
  message: `Node didn't have enough resource: ${resource}, requested: ${requested}, used: ${used}, capacity: ${capacity}`,
});

function portFault({ pod, others }: AdmitInput): Rejection | undefined {
  const taken = others.flatMap(hostPorts);
  const clash = hostPorts(pod).some((wanted) =>
    taken.some(
      (used) =>
        used.port === wanted.port &&
        used.protocol === wanted.protocol &&
        (used.ip === wanted.ip || used.ip === '0.0.0.0' || wanted.ip === '0.0.0.0'),
    ),
  );
  if (!clash) return undefined;
  const message = "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports";
  return { reason: 'NodePorts', message };
}

function hostPorts(pod: Pod) {
  return pod.spec.containers.flatMap(({ ports = [] }) =>
    ports
      .filter(({ hostPort }) => hostPort !== undefined && hostPort > 0)
      .map(({ hostPort = 0, hostIP, protocol = 'TCP' }) => ({ port: hostPort, ip: hostIP || '0.0.0.0', protocol })),
  );
}

function taintFault({ pod, node }: AdmitInput): Rejection | undefined {
  const tolerations = pod.spec.tolerations ?? [];
  const fatal = (node.spec?.taints ?? []).find(
    (taint) => taint.effect === 'NoExecute' && !tolerations.some((one) => tolerates(one, taint)),
  );
  if (fatal === undefined) return undefined;
  const message = `Predicate TaintToleration failed: node(s) had untolerated taint {${fatal.key}: ${fatal.value ?? ''}}`;
  return { reason: 'TaintToleration', message };
}

function tolerates({ key, operator = 'Equal', value = '', effect }: Toleration, taint: Taint): boolean {
  const sameKey = key === undefined ? operator === 'Exists' : key === taint.key;
  return (
    sameKey &&
    (effect === undefined || effect === taint.effect) &&
    (operator === 'Exists' || value === (taint.value ?? ''))
  );
}

function affinityFault({ pod, node }: AdmitInput): Rejection | undefined {
  const labels = node.metadata.labels ?? {};
  const selected = Object.entries(pod.spec.nodeSelector ?? {}).every(([key, value]) => labels[key] === value);
  const terms =
    pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  const wanted = terms.length === 0 || terms.some((term) => matchesTerm(term, labels, node.metadata.name));
  if (selected && wanted) return undefined;
  const message = "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector";
  return { reason: 'NodeAffinity', message };
}

function matchesTerm(term: NodeSelectorTerm, labels: Readonly<Record<string, string>>, name: string): boolean {
  const expressions = term.matchExpressions ?? [];
  const fields = term.matchFields ?? [];
  if (expressions.length === 0 && fields.length === 0) return false;
  const label = (key: string): string | undefined => (Object.hasOwn(labels, key) ? labels[key] : undefined);
  const field = (key: string): string | undefined => (key === 'metadata.name' ? name : undefined);
  return (
    expressions.every((one) => matches(one, label(one.key))) && fields.every((one) => matches(one, field(one.key)))
  );
}

function matches({ operator, values = [] }: NodeSelectorRequirement, actual: string | undefined): boolean {
  switch (operator) {
    case 'In':
      return actual !== undefined && values.includes(actual);
    case 'NotIn':
      return actual === undefined || !values.includes(actual);
    case 'Exists':
      return actual !== undefined;
    case 'DoesNotExist':
      return actual === undefined;
    case 'Gt':
      return actual !== undefined && /^-?\d+$/.test(actual) && Number(actual) > Number(values[0]);
    case 'Lt':
      return actual !== undefined && /^-?\d+$/.test(actual) && Number(actual) < Number(values[0]);
    default:
      return false;
  }
}

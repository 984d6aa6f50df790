/**
 * What a node's silence and conditions mean: pure. Rules: node-lifecycle-controller and taint-eviction-controller.
 */
import {
  type Condition,
  type Node,
  type NodeCondition,
  type Pod,
  setCondition,
  type Taint,
  type Toleration,
} from '@skiff/api';

/** What was last heard of a node: by this process' own clock, so that a node's wrong clock does no harm. */
export interface LastHeard {
  /** Lease renewTime and node heartbeat as text: any difference is a sign of life. */
  readonly sign: string;
  readonly atMs: number;
}

export function hear(before: LastHeard | undefined, sign: string, nowMs: number): LastHeard {
  return before !== undefined && before.sign === sign ? before : { sign, atMs: nowMs };
}

const silentConditions = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'] as const;

/** Conditions of a node that went silent: all Unknown. Undefined when nothing would change. */
export function silencedConditions(node: Node, nowMs: number): NodeCondition[] | undefined {
  const current = node.status?.conditions ?? [];
  const stale = silentConditions.filter(
    (type) => current.find((condition) => condition.type === type)?.status !== 'Unknown',
  );
  if (stale.length === 0) return undefined;
  const neverHeard = current.length === 0;
  let next: Condition[] = current as Condition[];
  for (const type of stale) {
    const reason = neverHeard ? 'NodeStatusNeverUpdated' : 'NodeStatusUnknown';
    const message = neverHeard ? 'Kubelet never posted node status.' : 'Kubelet stopped posting node status.';
    next = setCondition(next, { type, status: 'Unknown', reason, message }, nowMs);
  }
  return next as NodeCondition[];
}

const notReadyKey = 'node.kubernetes.io/not-ready';
const unreachableKey = 'node.kubernetes.io/unreachable';
const pressureKeys: Readonly<Record<string, string>> = {
  MemoryPressure: 'node.kubernetes.io/memory-pressure',
  DiskPressure: 'node.kubernetes.io/disk-pressure',
  PIDPressure: 'node.kubernetes.io/pid-pressure',
  NetworkUnavailable: 'node.kubernetes.io/network-unavailable',
};
const unschedulableKey = 'node.kubernetes.io/unschedulable';
const managedKeys = new Set([notReadyKey, unreachableKey, unschedulableKey, ...Object.values(pressureKeys)]);

/** The node's taints as its conditions demand; taints of others are kept. Undefined when they are so already. */
export function wantedTaints(node: Node, nowMs: number): Taint[] | undefined {
  const current = node.spec?.taints ?? [];
  const wanted = conditionTaints(node);
  const same = (a: Taint, b: Taint): boolean => a.key === b.key && a.effect === b.effect;
  const kept = current.filter((taint) => !managedKeys.has(taint.key) || wanted.some((one) => same(one, taint)));
  const added = wanted.filter((taint) => !current.some((one) => same(one, taint)));
  if (added.length === 0 && kept.length === current.length) return undefined;
  const timeAdded = new Date(nowMs).toISOString().replace(/\.\d{3}Z$/, 'Z');
  return [...kept, ...added.map((taint) => (taint.effect === 'NoExecute' ? { ...taint, timeAdded } : taint))];
}

function conditionTaints(node: Node): Taint[] {
  const taints: Taint[] = [];
  const statusOf = (type: string): string | undefined =>
    node.status?.conditions?.find((condition) => condition.type === type)?.status;
  const ready = statusOf('Ready');
  if (ready !== 'True') {
    const key = ready === 'Unknown' ? unreachableKey : notReadyKey;
    taints.push({ key, effect: 'NoSchedule' });
    // A node that never spoke is only kept free; eviction is for nodes that had pods to lose.
    if (ready !== undefined) taints.push({ key, effect: 'NoExecute' });
  }
  for (const [type, key] of Object.entries(pressureKeys))
    if (statusOf(type) === 'True') taints.push({ key, effect: 'NoSchedule' });
  if (node.spec?.unschedulable === true) taints.push({ key: unschedulableKey, effect: 'NoSchedule' });
  return taints;
}

/** When a pod has to leave its node for its NoExecute taints, in ms since the epoch; undefined: never. */
export function evictionTime(pod: Pod, node: Node): number | undefined {
  const taints = (node.spec?.taints ?? []).filter((taint) => taint.effect === 'NoExecute');
  let earliest: number | undefined;
  for (const taint of taints) {
    const added = typeof taint.timeAdded === 'string' ? Date.parse(taint.timeAdded) : 0;
    const leaves = leaveAfterMs(pod.spec.tolerations ?? [], taint);
    if (leaves !== undefined) earliest = Math.min(earliest ?? Number.POSITIVE_INFINITY, added + leaves);
  }
  return earliest;
}

/** The shortest time any matching toleration grants; 0 without one; undefined when one grants it for ever. */
function leaveAfterMs(tolerations: readonly Toleration[], taint: Taint): number | undefined {
  const matching = tolerations.filter((toleration) => tolerates(toleration, taint));
  if (matching.length === 0) return 0;
  const bounded = matching.map((toleration) => toleration.tolerationSeconds).filter((seconds) => seconds !== undefined);
  return bounded.length === 0 ? undefined : Math.max(0, Math.min(...bounded)) * 1000;
}

export function tolerates(toleration: Toleration, taint: Taint): boolean {
  const effect: string = toleration.effect ?? '';
  if (effect !== '' && effect !== taint.effect) return false;
  if (toleration.key !== undefined && toleration.key !== '' && toleration.key !== taint.key) return false;
  if (toleration.operator === 'Exists') return true;
  return (toleration.value ?? '') === (taint.value ?? '') && toleration.key !== undefined && toleration.key !== '';
}

/** The Ready condition of a pod whose node is not heard of: its Services must not send it traffic. Undefined when it is so already. */
export function unreadyConditions(pod: Pod, nowMs: number): Condition[] | undefined {
  const ready = pod.status?.conditions?.find((condition) => condition.type === 'Ready');
  if (ready === undefined || ready.status === 'False') return undefined;
  return setCondition(
    (pod.status?.conditions ?? []) as Condition[],
    { type: 'Ready', status: 'False', reason: 'NodeNotReady', message: '' },
    nowMs,
  );
}

/**
 * What a node's silence and conditions mean: pure. Rules: node-lifecycle-controller and taint-eviction-controller.
 */
import {
  findCondition,
  formatTime,
  isConditionTrue,
  type Node,
  type NodeCondition,
  type Pod,
  type PodCondition,
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
  const stale = silentConditions.filter((type) => findCondition(current, type)?.status !== 'Unknown');
  if (stale.length === 0) return undefined;
  return stale.reduce<NodeCondition[]>((conditions, type) => {
    const told = findCondition(current, type) !== undefined;
    return setCondition<NodeCondition>(
      conditions,
      told
        ? { type, status: 'Unknown', reason: 'NodeStatusUnknown', message: 'Kubelet stopped posting node status.' }
        : {
            type,
            status: 'Unknown',
            reason: 'NodeStatusNeverUpdated',
            message: 'Kubelet never posted node status.',
            lastHeartbeatTime: node.metadata.creationTimestamp,
          },
      nowMs,
    );
  }, current);
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

/** May the NoExecute taint of a node that is not ready be put there (`put`), must it go (`remove`), or stay as it is (`keep`)? */
export type Eviction = 'put' | 'keep' | 'remove';

/** The node's taints as its conditions demand; taints of others are kept. Undefined when they are so already. */
export function wantedTaints(node: Node, eviction: Eviction, nowMs: number): Taint[] | undefined {
  const current = node.spec?.taints ?? [];
  const wanted = [...conditionTaints(node), ...evictionTaints(node, eviction)];
  const same = (a: Taint, b: Taint): boolean => a.key === b.key && a.effect === b.effect;
  const kept = current.filter((taint) => !managedKeys.has(taint.key) || wanted.some((one) => same(one, taint)));
  const added = wanted.filter((taint) => !current.some((one) => same(one, taint)));
  if (added.length === 0 && kept.length === current.length) return undefined;
  return [...kept, ...added.map((taint) => ({ ...taint, timeAdded: formatTime(nowMs) }))];
}

const readiness = (node: Node): string | undefined => findCondition(node.status?.conditions, 'Ready')?.status;

const unreadyKey = (node: Node): string => (readiness(node) === 'Unknown' ? unreachableKey : notReadyKey);

function conditionTaints(node: Node): Taint[] {
  const taints: Taint[] = [];
  if (readiness(node) !== 'True') taints.push({ key: unreadyKey(node), effect: 'NoSchedule' });
  for (const [type, key] of Object.entries(pressureKeys))
    if (isConditionTrue(node.status?.conditions, type)) taints.push({ key, effect: 'NoSchedule' });
  if (node.spec?.unschedulable === true) taints.push({ key: unschedulableKey, effect: 'NoSchedule' });
  return taints;
}

/** A node that never spoke is only kept free; eviction is for nodes that had pods to lose. One that is evicted from already goes on under its other key. */
function evictionTaints(node: Node, eviction: Eviction): Taint[] {
  if (!isEvictable(node) || eviction === 'remove') return [];
  return eviction === 'put' || isEvictedFrom(node) ? [{ key: unreadyKey(node), effect: 'NoExecute' }] : [];
}

/** Said to be not ready, or not heard of any more. */
export const isEvictable = (node: Node): boolean => ['False', 'Unknown'].includes(readiness(node) ?? 'True');

/** Has the taint that makes pods leave a node that is not ready. */
export const isEvictedFrom = (node: Node): boolean =>
  (node.spec?.taints ?? []).some(
    ({ key, effect }) => effect === 'NoExecute' && (key === notReadyKey || key === unreachableKey),
  );

/** When a pod has to leave its node for its NoExecute taints, in ms since the epoch (0: at once); undefined: never. `addedMs`: since when a taint is there. */
export function evictionTime(
  pod: Pod,
  taints: readonly Taint[],
  addedMs: (taint: Taint) => number,
): number | undefined {
  const effective = taints.filter((taint) => taint.effect === 'NoExecute');
  if (effective.length === 0) return undefined;
  const used = effective.map((taint) => (pod.spec.tolerations ?? []).find((one) => tolerates(one, taint)));
  const since = Math.max(...effective.map(addedMs));
  if (used.includes(undefined)) return 0;
  const bounded = used.map((one) => one?.tolerationSeconds).filter((seconds) => seconds !== undefined);
  return bounded.length === 0 ? undefined : since + Math.max(0, Math.min(...bounded)) * 1000;
}

export function tolerates(toleration: Toleration, taint: Taint): boolean {
  const effect: string = toleration.effect ?? '';
  if (effect !== '' && effect !== taint.effect) return false;
  if (toleration.key !== undefined && toleration.key !== '' && toleration.key !== taint.key) return false;
  if (toleration.operator === 'Exists') return true;
  return (toleration.value ?? '') === (taint.value ?? '') && toleration.key !== undefined && toleration.key !== '';
}

/** The Ready condition of a pod whose node is not ready: its Services must not send it traffic. Undefined when it is so already. */
export function unreadyConditions(pod: Pod, nowMs: number): PodCondition[] | undefined {
  const ready = findCondition(pod.status?.conditions, 'Ready');
  if (ready === undefined || ready.status === 'False') return undefined;
  return setCondition<PodCondition>(pod.status?.conditions, { type: 'Ready', status: 'False' }, nowMs);
}

/** The decision: which node for a pod. Pure. */
import type { Pod } from '@skiff/api';
import { addPod } from './node-info.ts';
import { priorityOf } from './priority.ts';
import type { FilterPlugin, NodeInfo, Refusal, ScorePlugin, Snapshot } from './types.ts';

export interface Plugins {
  readonly filters: readonly FilterPlugin[];
  readonly scorers: readonly ScorePlugin[];
}

export type Decision =
  | { readonly type: 'node'; readonly node: string; readonly feasible: number }
  /** Every node refused; `refusals` by node name. */
  | { readonly type: 'unschedulable'; readonly refusals: ReadonlyMap<string, Refusal> };

/** `pick`: a number in [0, 1) that decides among equals. */
export function schedule(snapshot: Snapshot, pod: Pod, plugins: Plugins, pick: number): Decision {
  const { feasible, refusals } = filterNodes(snapshot, pod, plugins.filters);
  if (feasible.length === 0) return { type: 'unschedulable', refusals };
  const nominated = feasible.find((info) => info.node.metadata.name === pod.status?.nominatedNodeName);
  const winners = nominated === undefined ? bestOf(snapshot, pod, feasible, plugins.scorers) : [nominated];
  const winner = winners[Math.floor(pick * winners.length)] ?? feasible[0];
  return { type: 'node', node: winner?.node.metadata.name ?? '', feasible: feasible.length };
}

function bestOf(
  snapshot: Snapshot,
  pod: Pod,
  feasible: readonly NodeInfo[],
  scorers: readonly ScorePlugin[],
): readonly NodeInfo[] {
  if (feasible.length === 1) return feasible;
  const scores = scoreNodes(snapshot, pod, feasible, scorers);
  const best = Math.max(...scores.values());
  return feasible.filter((info) => scores.get(info) === best);
}

export interface Filtered {
  readonly feasible: readonly NodeInfo[];
  /** By node name. */
  readonly refusals: ReadonlyMap<string, Refusal>;
}

/**
 * Which of `nodes` take the pod. Where preemption made room for others at least as important, the pod must fit beside them; and also
 * without them, as they may never come.
 */
export function filterNodes(
  snapshot: Snapshot,
  pod: Pod,
  filters: readonly FilterPlugin[],
  nodes: readonly NodeInfo[] = snapshot.nodes,
): Filtered {
  const alone = filterAsIs(snapshot, pod, filters, nodes);
  const expected = snapshot.nominated.filter(
    (one) => one.metadata.uid !== pod.metadata.uid && priorityOf(one) >= priorityOf(pod),
  );
  if (expected.length === 0) return alone;
  const beside = withPods(snapshot, expected);
  const names = new Set(alone.feasible.map(nameOf));
  const crowded = filterAsIs(
    beside,
    pod,
    filters,
    beside.nodes.filter((info) => names.has(nameOf(info))),
  );
  return {
    feasible: alone.feasible.filter((info) => !crowded.refusals.has(nameOf(info))),
    refusals: new Map([...alone.refusals, ...crowded.refusals]),
  };
}

const nameOf = ({ node }: NodeInfo): string => node.metadata.name;

/** The snapshot as if each of these pods ran on the node it is nominated for. */
function withPods(snapshot: Snapshot, pods: readonly Pod[]): Snapshot {
  const nodes = snapshot.nodes.map((info) =>
    pods.filter((pod) => pod.status?.nominatedNodeName === nameOf(info)).reduce(addPod, info),
  );
  return { ...snapshot, nodes };
}

function filterAsIs(
  snapshot: Snapshot,
  pod: Pod,
  filters: readonly FilterPlugin[],
  nodes: readonly NodeInfo[],
): Filtered {
  const checks = filters.map((plugin) => plugin.prepareFilter(pod, snapshot)).filter((check) => check !== undefined);
  const feasible: NodeInfo[] = [];
  const refusals = new Map<string, Refusal>();
  for (const info of nodes) {
    let refusal: Refusal | undefined;
    for (const check of checks) {
      refusal = check(info);
      if (refusal !== undefined) break;
    }
    if (refusal === undefined) feasible.push(info);
    else refusals.set(nameOf(info), refusal);
  }
  return { feasible, refusals };
}

/** The weighted sum of every scorer's 0 to 100. */
export function scoreNodes(
  snapshot: Snapshot,
  pod: Pod,
  nodes: readonly NodeInfo[],
  scorers: readonly ScorePlugin[],
): Map<NodeInfo, number> {
  const totals = new Map(nodes.map((info) => [info, 0]));
  for (const plugin of scorers) {
    const scorer = plugin.prepareScore(pod, snapshot, nodes);
    if (scorer === undefined) continue;
    const raw = nodes.map((info) => scorer.score(info));
    const normal = scorer.normalise?.(raw) ?? raw;
    for (const [index, info] of nodes.entries())
      totals.set(info, (totals.get(info) ?? 0) + plugin.weight * (normal[index] ?? 0));
  }
  return totals;
}

/** `0/3 nodes are available: 1 Insufficient cpu, 2 node(s) were unschedulable.`: causes counted, in the order of their text. */
export function explain(total: number, refusals: Iterable<Refusal>): string {
  const counts = new Map<string, number>();
  for (const { reasons } of refusals) for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  const parts = [...counts].map(([reason, count]) => `${count} ${reason}`).sort();
  return parts.length === 0
    ? `0/${total} nodes are available.`
    : `0/${total} nodes are available: ${parts.join(', ')}.`;
}

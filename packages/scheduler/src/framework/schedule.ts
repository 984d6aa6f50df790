/** The decision: which node for a pod. Pure. */
import type { Pod } from '@skiff/api';
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
  const [only] = feasible;
  if (feasible.length === 1 && only !== undefined) return { type: 'node', node: only.node.metadata.name, feasible: 1 };
  const scores = scoreNodes(snapshot, pod, feasible, plugins.scorers);
  const best = Math.max(...scores.values());
  const winners = feasible.filter((info) => scores.get(info) === best);
  const winner = winners[Math.floor(pick * winners.length)] ?? only;
  return { type: 'node', node: winner?.node.metadata.name ?? '', feasible: feasible.length };
}

export function filterNodes(
  snapshot: Snapshot,
  pod: Pod,
  filters: readonly FilterPlugin[],
): { feasible: NodeInfo[]; refusals: Map<string, Refusal> } {
  const checks = filters.map((plugin) => plugin.prepareFilter(pod, snapshot)).filter((check) => check !== undefined);
  const feasible: NodeInfo[] = [];
  const refusals = new Map<string, Refusal>();
  for (const info of snapshot.nodes) {
    let refusal: Refusal | undefined;
    for (const check of checks) {
      refusal = check(info);
      if (refusal !== undefined) break;
    }
    if (refusal === undefined) feasible.push(info);
    else refusals.set(info.node.metadata.name, refusal);
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
    const normal = scorer.normalise === undefined ? raw : normalise(raw, scorer.normalise);
    for (const [index, info] of nodes.entries())
      totals.set(info, (totals.get(info) ?? 0) + plugin.weight * (normal[index] ?? 0));
  }
  return totals;
}

function normalise(raw: readonly number[], how: 'highest-is-best' | 'lowest-is-best'): number[] {
  const highest = Math.max(...raw);
  if (highest === 0) return raw.map(() => (how === 'lowest-is-best' ? 100 : 0));
  return raw.map((score) => (how === 'highest-is-best' ? (score * 100) / highest : 100 - (score * 100) / highest));
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

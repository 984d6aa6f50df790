/** Snapshots for tests of plugins, and what plugins say about them. */
import type { Node, Pod } from '@skiff/api';
import { nodeInfo } from './node-info.ts';
import { scoreNodes } from './schedule.ts';
import type { FilterPlugin, NodeInfo, ScorePlugin, Snapshot } from './types.ts';

export interface Surroundings {
  readonly namespaces?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly nominated?: readonly Pod[];
  readonly spreadSelectors?: Snapshot['spreadSelectors'];
}

/** Nodes, and pods that stand on the nodes they name. */
export function snapshotOf(nodes: readonly Node[], pods: readonly Pod[] = [], around: Surroundings = {}): Snapshot {
  const infos = nodes.map((node) =>
    nodeInfo(
      node,
      pods.filter(({ spec }) => spec.nodeName === node.metadata.name),
    ),
  );
  return {
    nodes: infos,
    namespaceLabels: (namespace) => around.namespaces?.[namespace] ?? {},
    spreadSelectors: around.spreadSelectors ?? (() => []),
    nominated: around.nominated ?? [],
  };
}

const named = <V>(infos: readonly NodeInfo[], value: (info: NodeInfo) => V): Record<string, V> =>
  Object.fromEntries(infos.map((info) => [info.node.metadata.name, value(info)]));

/** By node: 'fits', or the reasons joined; `!` before them when removing pods would not help. */
export function judge(plugin: FilterPlugin, pod: Pod, snapshot: Snapshot): Record<string, string> {
  const check = plugin.prepareFilter(pod, snapshot);
  return named(snapshot.nodes, (info) => {
    const refusal = check?.(info);
    return refusal === undefined ? 'fits' : `${refusal.unresolvable ? '!' : ''}${refusal.reasons.join(', ')}`;
  });
}

/** By node: the plugin's score without its weight. */
export function scoresOf(plugin: ScorePlugin, pod: Pod, snapshot: Snapshot): Record<string, number> {
  const scores = scoreNodes(snapshot, pod, snapshot.nodes, [{ ...plugin, weight: 1 }]);
  return named(snapshot.nodes, (info) => scores.get(info) ?? 0);
}

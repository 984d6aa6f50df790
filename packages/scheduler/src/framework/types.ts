/** The words of the scheduler: what a plugin is asked, and what it may answer. */
import type { Node, Pod } from '@skiff/api';
import type { Resources } from './resources.ts';

/** A node with what runs on it, as of one snapshot. */
export interface NodeInfo {
  readonly node: Node;
  /** Bound and assumed pods that have not finished. */
  readonly pods: readonly Pod[];
  /** Those of them that say whom they want near or far. */
  readonly podsWithAffinity: readonly Pod[];
  readonly allocatable: Resources;
  readonly requested: Resources;
  /** CPU and memory, with a little for containers that ask for none: what scores weigh. */
  readonly scoringRequested: Resources;
}

/** Everything a decision may look at. */
export interface Snapshot {
  readonly nodes: readonly NodeInfo[];
  /** Pods that wait for a node which preemption cleared for them (status.nominatedNodeName). */
  readonly nominated: readonly Pod[];
  /** Labels of namespaces, for selectors over them. */
  readonly namespaceLabels: (namespace: string) => Readonly<Record<string, string>>;
  /** Selectors of the Services and controllers that select the pod: what default spreading spreads. */
  readonly spreadSelectors: (pod: Pod) => readonly ((labels: Readonly<Record<string, string>>) => boolean)[];
}

/** Why a node was refused. `unresolvable`: removing pods from the node would not help. */
export interface Refusal {
  readonly reasons: readonly string[];
  readonly unresolvable: boolean;
}

/** A filter's judgement of one node; undefined: the node fits. */
export type NodeCheck = (node: NodeInfo) => Refusal | undefined;

/** A scorer's judgement of one node, 0 to 100 after `normalise`. */
export interface NodeScorer {
  score(node: NodeInfo): number;
  /** How raw scores become 0 to 100; absent: they are already. */
  readonly normalise?: (raw: readonly number[]) => readonly number[];
}

export interface FilterPlugin {
  readonly name: string;
  /** Looks at the pod and the cluster once; undefined: the plugin has nothing to say about this pod. */
  prepareFilter(pod: Pod, snapshot: Snapshot): NodeCheck | undefined;
}

export interface ScorePlugin {
  readonly name: string;
  readonly weight: number;
  /** Looks at the pod and the nodes that passed once; undefined: no preference. */
  prepareScore(pod: Pod, snapshot: Snapshot, nodes: readonly NodeInfo[]): NodeScorer | undefined;
}

export const refuse = (...reasons: string[]): Refusal => ({ reasons, unresolvable: false });

export const refuseForGood = (...reasons: string[]): Refusal => ({ reasons, unresolvable: true });

/** The cluster as the scheduler believes it is: what its caches show, and the pods it has placed that they do not show yet. */
import type { Node, Pod } from '@skiff/api';
import { addPod, nodeInfo, removePod } from '../framework/node-info.ts';
import type { NodeInfo, Snapshot } from '../framework/types.ts';

interface Entry {
  /** Absent while pods are known of a node that is not. */
  node: Node | undefined;
  readonly pods: Map<string, Pod>;
  /** Made anew when the node changes, kept up to date as pods come and go. */
  info: NodeInfo | undefined;
}

export const isFinished = (pod: Pod): boolean => pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';

export class ClusterState {
  readonly #nodes = new Map<string, Entry>();
  readonly #podNode = new Map<string, string>();
  readonly #assumed = new Set<string>();

  setNode(node: Node): void {
    const entry = this.#entry(node.metadata.name);
    entry.node = node;
    entry.info = undefined;
  }

  removeNode(name: string): void {
    const entry = this.#nodes.get(name);
    if (entry === undefined) return;
    entry.node = undefined;
    entry.info = undefined;
    if (entry.pods.size === 0) this.#nodes.delete(name);
  }

  /** A bound pod as the cache shows it; takes the place of an assumption about it. */
  setPod(pod: Pod): void {
    this.#assumed.delete(pod.metadata.uid);
    this.#place(pod);
  }

  removePod(uid: string): void {
    this.#assumed.delete(uid);
    this.#displace(uid);
  }

  /** Counts a pod on a node before the API server has confirmed it. */
  assume(pod: Pod, node: string): void {
    this.#assumed.add(pod.metadata.uid);
    this.#place({ ...pod, spec: { ...pod.spec, nodeName: node } });
  }

  /** The binding failed: the assumption is taken back, unless the cache has confirmed it meanwhile. */
  forget(uid: string): void {
    if (this.#assumed.delete(uid)) this.#displace(uid);
  }

  isAssumed(uid: string): boolean {
    return this.#assumed.has(uid);
  }

  nodeInfos(): NodeInfo[] {
    const infos: NodeInfo[] = [];
    for (const entry of this.#nodes.values()) {
      if (entry.node === undefined) continue;
      entry.info ??= nodeInfo(entry.node, [...entry.pods.values()]);
      infos.push(entry.info);
    }
    return infos;
  }

  #place(pod: Pod): void {
    this.#displace(pod.metadata.uid);
    const name = pod.spec.nodeName;
    if (name === undefined || name === '' || isFinished(pod)) return;
    const entry = this.#entry(name);
    entry.pods.set(pod.metadata.uid, pod);
    if (entry.info !== undefined) entry.info = addPod(entry.info, pod);
    this.#podNode.set(pod.metadata.uid, name);
  }

  #displace(uid: string): void {
    const name = this.#podNode.get(uid);
    if (name === undefined) return;
    this.#podNode.delete(uid);
    const entry = this.#nodes.get(name);
    const pod = entry?.pods.get(uid);
    if (entry === undefined || pod === undefined) return;
    entry.pods.delete(uid);
    if (entry.info !== undefined) entry.info = removePod(entry.info, pod);
    if (entry.node === undefined && entry.pods.size === 0) this.#nodes.delete(name);
  }

  #entry(name: string): Entry {
    const found = this.#nodes.get(name);
    if (found !== undefined) return found;
    const made: Entry = { node: undefined, pods: new Map(), info: undefined };
    this.#nodes.set(name, made);
    return made;
  }
}

/** Nodes in the order given, for plugins. */
export function toSnapshot(
  nodes: readonly NodeInfo[],
  rest: Pick<Snapshot, 'namespaceLabels' | 'spreadSelectors' | 'nominated'>,
): Snapshot {
  return { nodes, ...rest };
}

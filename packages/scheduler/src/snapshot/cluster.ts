/** The cluster as the scheduler believes it is: what its caches show, and the pods it has placed that they do not show yet. */
import type { Node, Pod } from '@skiff/api';
import { addResources, podRequests, type Resources, toResources } from '../framework/resources.ts';
import type { NodeInfo, Snapshot } from '../framework/types.ts';

interface MutableNode {
  node: Node | undefined;
  readonly pods: Map<string, Pod>;
  readonly requested: Map<string, number>;
  allocatable: Resources;
  /** Made anew after a change, kept otherwise: a snapshot costs what changed. */
  info: NodeInfo | undefined;
}

const isFinished = (pod: Pod): boolean => pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';

export class ClusterState {
  readonly #nodes = new Map<string, MutableNode>();
  readonly #podNode = new Map<string, string>();
  readonly #assumed = new Set<string>();

  setNode(node: Node): void {
    const entry = this.#entry(node.metadata.name);
    entry.node = node;
    entry.allocatable = toResources(
      (node.status?.allocatable ?? node.status?.capacity) as Record<string, string> | undefined,
    );
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
      entry.info ??= {
        node: entry.node,
        pods: [...entry.pods.values()],
        allocatable: entry.allocatable,
        requested: new Map(entry.requested),
      };
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
    addResources(entry.requested, podRequests(pod));
    entry.info = undefined;
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
    addResources(entry.requested, podRequests(pod), -1);
    entry.info = undefined;
    if (entry.node === undefined && entry.pods.size === 0) this.#nodes.delete(name);
  }

  #entry(name: string): MutableNode {
    const found = this.#nodes.get(name);
    if (found !== undefined) return found;
    const made: MutableNode = {
      node: undefined,
      pods: new Map(),
      requested: new Map(),
      allocatable: new Map(),
      info: undefined,
    };
    this.#nodes.set(name, made);
    return made;
  }
}

/** Nodes in the order given, for plugins. */
export function toSnapshot(
  nodes: readonly NodeInfo[],
  lookups: Pick<Snapshot, 'namespaceLabels' | 'spreadSelectors'>,
): Snapshot {
  return { nodes, byName: new Map(nodes.map((info) => [info.node.metadata.name, info])), ...lookups };
}

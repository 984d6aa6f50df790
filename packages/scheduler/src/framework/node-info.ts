/** A node with its pods, and the same with a pod more or fewer. Pure. */
import type { Node, Pod } from '@skiff/api';
import { addResources, podRequests, scoringRequests, toResources } from './resources.ts';
import type { NodeInfo } from './types.ts';

export function nodeInfo(node: Node, pods: readonly Pod[] = []): NodeInfo {
  const amounts = (node.status?.allocatable ?? node.status?.capacity) as Record<string, string> | undefined;
  const empty: NodeInfo = {
    node,
    pods: [],
    podsWithAffinity: [],
    allocatable: toResources(amounts),
    requested: new Map(),
    scoringRequested: new Map(),
  };
  return pods.reduce(addPod, empty);
}

export const addPod = (info: NodeInfo, pod: Pod): NodeInfo => ({
  ...info,
  ...count(info, pod, 1),
  pods: [...info.pods, pod],
  podsWithAffinity: hasAffinity(pod) ? [...info.podsWithAffinity, pod] : info.podsWithAffinity,
});

export const removePod = (info: NodeInfo, pod: Pod): NodeInfo => ({
  ...info,
  ...count(info, pod, -1),
  pods: without(info.pods, pod),
  podsWithAffinity: hasAffinity(pod) ? without(info.podsWithAffinity, pod) : info.podsWithAffinity,
});

const hasAffinity = ({ spec: { affinity } }: Pod): boolean =>
  affinity?.podAffinity !== undefined || affinity?.podAntiAffinity !== undefined;

const without = (pods: readonly Pod[], pod: Pod): Pod[] => pods.filter((one) => one.metadata.uid !== pod.metadata.uid);

function count(info: NodeInfo, pod: Pod, sign: 1 | -1): Pick<NodeInfo, 'requested' | 'scoringRequested'> {
  const requested = new Map(info.requested);
  addResources(requested, podRequests(pod), sign);
  const scoringRequested = new Map(info.scoringRequested);
  addResources(scoringRequested, scoringRequests(pod), sign);
  return { requested, scoringRequested };
}

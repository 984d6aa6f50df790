/** Room for what a pod asks; among nodes with room, the emptier ones are liked (LeastAllocated). */
import { podRequests, type Resources, scoringRequests } from '../framework/resources.ts';
import { type FilterPlugin, type NodeInfo, refuse, refuseForGood, type ScorePlugin } from '../framework/types.ts';

export const nodeResourcesFit: FilterPlugin & ScorePlugin = {
  name: 'NodeResourcesFit',
  weight: 1,
  prepareFilter(pod) {
    const requests = podRequests(pod);
    return (info) => {
      const lacking = insufficient(requests, info);
      if (lacking.length === 0) return undefined;
      const reasons = lacking.map((name) => (name === 'pods' ? 'Too many pods' : `Insufficient ${name}`));
      // What exceeds the whole node is not helped by removing pods from it.
      const hopeless = lacking.some((name) => (requests.get(name) ?? 0) > (info.allocatable.get(name) ?? 0));
      return hopeless ? refuseForGood(...reasons) : refuse(...reasons);
    };
  },
  prepareScore(pod) {
    const requests = scoringRequests(pod);
    return { score: (info) => leastAllocated(requests, info) };
  },
};

/** Names of the resources that the node has too little of, pods first. */
export function insufficient(
  requests: Resources,
  { allocatable, requested }: Pick<NodeInfo, 'allocatable' | 'requested'>,
): string[] {
  const names = [...requests.keys()].sort((a, b) => Number(b === 'pods') - Number(a === 'pods'));
  return names.filter((name) => {
    const wanted = requests.get(name) ?? 0;
    return wanted > 0 && wanted > (allocatable.get(name) ?? 0) - (requested.get(name) ?? 0);
  });
}

const scored = ['cpu', 'memory'] as const;

function leastAllocated(requests: Resources, { allocatable, scoringRequested }: NodeInfo): number {
  const shares = scored
    .filter((name) => (allocatable.get(name) ?? 0) > 0)
    .map((name) => {
      const capacity = allocatable.get(name) ?? 0;
      const used = (scoringRequested.get(name) ?? 0) + (requests.get(name) ?? 0);
      return used > capacity ? 0 : Math.floor(((capacity - used) * 100) / capacity);
    });
  return shares.length === 0 ? 0 : Math.floor(shares.reduce((sum, share) => sum + share, 0) / shares.length);
}

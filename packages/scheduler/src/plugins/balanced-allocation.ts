/** Likes nodes whose CPU and memory would be used evenly. */
import { podRequests } from '../framework/resources.ts';
import type { ScorePlugin } from '../framework/types.ts';

export const balancedAllocation: ScorePlugin = {
  name: 'NodeResourcesBalancedAllocation',
  weight: 1,
  prepareScore(pod) {
    const requests = podRequests(pod);
    return {
      score({ allocatable, requested }) {
        const [cpu = 0, memory = 0] = ['cpu', 'memory'].map((name) => {
          const capacity = allocatable.get(name) ?? 0;
          return capacity === 0 ? 1 : Math.min(((requested.get(name) ?? 0) + (requests.get(name) ?? 0)) / capacity, 1);
        });
        return Math.floor((1 - Math.abs(cpu - memory) / 2) * 100);
      },
    };
  },
};

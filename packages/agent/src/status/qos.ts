/** A pod's quality of service class, from its containers' requests and limits of cpu and memory. Pure. */
import type { Pod } from '@skiff/api';
import { quantityToNumber } from '../quantity.ts';

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort';

const counted = ['cpu', 'memory'] as const;

export function qosClassOf(pod: Pod): QosClass {
  const containers = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])];
  const isSet = (value: unknown): boolean => value !== undefined && quantityToNumber(value) > 0;
  const any = containers.some(({ resources }) =>
    counted.some((name) => isSet(resources?.requests?.[name]) || isSet(resources?.limits?.[name])),
  );
  if (!any) return 'BestEffort';
  const guaranteed = containers.every(({ resources }) =>
    counted.every((name) => {
      const limit = resources?.limits?.[name];
      const request = resources?.requests?.[name] ?? limit;
      return isSet(limit) && quantityToNumber(request) === quantityToNumber(limit);
    }),
  );
  return guaranteed ? 'Guaranteed' : 'Burstable';
}

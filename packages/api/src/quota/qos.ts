/** A pod's quality of service class, from its containers' requests and limits of cpu and memory (ComputePodQOS). Pure. */
import { compareQuantities, type Quantity, tryParseQuantity } from '../algebra/quantity.ts';
import type { Pod } from '../kinds/types.ts';
import type { Loose } from '../validation/support.ts';

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort';

const counted = ['cpu', 'memory'] as const;

export function qosClassOf({ spec }: Loose<Pod>): QosClass {
  const containers = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])];
  const amounts = containers.flatMap(({ resources }) =>
    counted.map((name) => ({
      request: amountOf(resources?.requests?.[name]),
      limit: amountOf(resources?.limits?.[name]),
    })),
  );
  if (amounts.every(({ request, limit }) => request === undefined && limit === undefined)) return 'BestEffort';
  const isGuaranteed = amounts.every(
    ({ request, limit }) => limit !== undefined && (request === undefined || compareQuantities(request, limit) === 0),
  );
  return isGuaranteed ? 'Guaranteed' : 'Burstable';
}

/** None at all is as good as none named. */
function amountOf(value: string | number | undefined): Quantity | undefined {
  const quantity = value === undefined ? undefined : tryParseQuantity(value);
  return quantity === undefined || quantity.nano === 0n ? undefined : quantity;
}

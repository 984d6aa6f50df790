/** A pod's quality of service class, from its containers' requests and limits (Kubernetes' ComputePodQOS). */
import type { JsonObject } from '@skiff/api';
import { objectAt, objectsAt, own } from '../../patch/values.ts';
import { isZeroQuantity, quantityText, sameQuantity } from '../quantities.ts';

const counted = ['cpu', 'memory'];

export function qosClassOf(pod: JsonObject): 'Guaranteed' | 'Burstable' | 'BestEffort' {
  const containers = [...objectsAt(pod, 'spec', 'containers'), ...objectsAt(pod, 'spec', 'initContainers')];
  const amounts = containers.flatMap((container) => counted.map((name) => amountsOf(container, name)));
  if (amounts.every(({ request, limit }) => request === undefined && limit === undefined)) return 'BestEffort';
  const guaranteed = amounts.every(
    ({ request, limit }) => limit !== undefined && (request === undefined || sameQuantity(request, limit)),
  );
  return guaranteed ? 'Guaranteed' : 'Burstable';
}

interface Amounts {
  readonly request: string | undefined;
  readonly limit: string | undefined;
}

function amountsOf(container: JsonObject, name: string): Amounts {
  const amount = (list: string): string | undefined => {
    const value = quantityText(own(objectAt(container, 'resources', list) ?? {}, name));
    return value === undefined || isZeroQuantity(value) ? undefined : value;
  };
  return { request: amount('requests'), limit: amount('limits') };
}

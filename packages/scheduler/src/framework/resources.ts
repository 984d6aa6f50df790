/** What pods ask for and nodes have. Pure. Amounts: CPU in millicores, everything else in whole units (bytes, devices, pods). */
import { type Container, type Pod, quantityMilliValue, quantityValue } from '@skiff/api';

export type Resources = ReadonlyMap<string, number>;

type Amounts = Readonly<Record<string, string | number>> | undefined;

const amountOf = (name: string, quantity: string | number): number =>
  name === 'cpu' ? quantityMilliValue(quantity) : quantityValue(quantity);

export function toResources(amounts: Amounts): Map<string, number> {
  return new Map(Object.entries(amounts ?? {}).map(([name, quantity]) => [name, amountOf(name, quantity)]));
}

export function addResources(to: Map<string, number>, more: Resources, sign: 1 | -1 = 1): void {
  for (const [name, amount] of more) to.set(name, (to.get(name) ?? 0) + sign * amount);
}

/** Remembers the answer for each pod object, which never changes. */
function once(of: (pod: Pod) => Resources): (pod: Pod) => Resources {
  const known = new WeakMap<Pod, Resources>();
  return (pod) => {
    const found = known.get(pod) ?? of(pod);
    known.set(pod, found);
    return found;
  };
}

function raiseTo(to: Map<string, number>, atLeast: Resources): void {
  for (const [name, amount] of atLeast) to.set(name, Math.max(to.get(name) ?? 0, amount));
}

/**
 * What a pod needs at its busiest moment: all containers and sidecars together, or one init container beside the sidecars that
 * started before it, whichever is more; plus the overhead of its runtime class (KEP-753). Always one of `pods`.
 */
export const podRequests = once(sumRequests);

function sumRequests(pod: Pod): Resources {
  const total = new Map<string, number>();
  for (const container of pod.spec.containers ?? []) addResources(total, requestsOf(container));
  const sidecars = new Map<string, number>();
  const busiestStart = new Map<string, number>();
  for (const container of pod.spec.initContainers ?? []) {
    const moment = new Map(sidecars);
    addResources(moment, requestsOf(container));
    raiseTo(busiestStart, moment);
    if (container.restartPolicy === 'Always') addResources(sidecars, requestsOf(container));
  }
  addResources(total, sidecars);
  raiseTo(total, busiestStart);
  addResources(total, toResources(pod.spec.overhead as Amounts));
  total.set('pods', 1);
  return total;
}

const requestsOf = (container: Container): Resources => toResources(container.resources?.requests as Amounts);

/** For scores: a container that says nothing of CPU or memory still takes some (Kubernetes' defaults: 100 millicores, 200 MB). */
const unsaid = { cpu: '100m', memory: String(200 * 1024 * 1024) };

export const scoringRequests = once(sumScoringRequests);

function sumScoringRequests(pod: Pod): Resources {
  const presume = (container: Container): Container => ({
    ...container,
    resources: { ...container.resources, requests: { ...unsaid, ...container.resources?.requests } },
  });
  const { containers = [], initContainers = [] } = pod.spec;
  return sumRequests({
    ...pod,
    spec: { ...pod.spec, containers: containers.map(presume), initContainers: initContainers.map(presume) },
  });
}

/** `/runningpods/`: the pods that have a container which runs, as the engine knows them. Pure. */
import type { ContainerStatus } from '../runtime/contract.ts';
import { label } from '../runtime/labels.ts';

/** As the pod names it. */
const imageOf = ({ labels, image }: ContainerStatus): string => labels[label.declaredImage] ?? image;

/** A v1 PodList, in order of namespace and name. */
export function runningPods(containers: readonly ContainerStatus[]): object {
  const running = containers.filter(({ role, state }) => role === 'container' && state === 'running');
  const byPod = [...Map.groupBy(running, ({ pod }) => `${pod.namespace}/${pod.name}/${pod.uid}`)];
  const items = byPod
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, own]) => ({
      metadata: { ...own[0]?.pod, creationTimestamp: null },
      spec: { containers: own.map((one) => ({ name: one.name, image: imageOf(one), resources: {} })) },
      status: {},
    }));
  return { kind: 'PodList', apiVersion: 'v1', metadata: {}, items };
}

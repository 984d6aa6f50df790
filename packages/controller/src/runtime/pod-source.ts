/** How a controller that makes pods hears of them: which of its objects a pod matters to, and which awaited writes it shows. */
import type { ApiObject, Pod } from '@skiff/api';
import type { Informer, Lister } from '@skiff/client';
import type { Expectations } from './expectations.ts';
import { keyOf } from './keys.ts';
import { controllerOf } from './owners.ts';

export interface PodSource<T extends ApiObject> {
  readonly pods: Informer<Pod>;
  readonly owners: Lister<T>;
  /** `ReplicaSet`: the kind of the owners. */
  readonly kind: string;
  readonly selects: (owner: T, pod: Pod) => boolean;
  readonly expectations: Expectations;
}

/** Settles what a pod's change shows, and puts its owners' keys on the queue. Returns what undoes it. */
export function watchPods<T extends ApiObject>(source: PodSource<T>, enqueue: (key: string) => void): () => void {
  const { pods, expectations } = source;
  return pods.onChange(({ type, object: pod, old }) => {
    for (const key of keysOfPod(source, pod, old)) {
      if (type !== 'removed') expectations.settle(key, `create:${pod.metadata.name}`);
      if (type === 'removed' || pod.metadata.deletionTimestamp !== undefined)
        expectations.settle(key, `delete:${pod.metadata.uid}`);
      enqueue(key);
    }
  });
}

/** The owners a pod's change may matter to: its controller, its former one, or for an orphan every one that selects it. */
function keysOfPod<T extends ApiObject>(
  { owners, kind, selects }: PodSource<T>,
  pod: Pod,
  old: Pod | undefined,
): string[] {
  const namespace = pod.metadata.namespace ?? '';
  const controllers = [pod, ...(old === undefined ? [] : [old])].map(controllerOf).filter((one) => one?.kind === kind);
  if (controllers.length > 0) return [...new Set(controllers.map((one) => `${namespace}/${one?.name}`))];
  if (controllerOf(pod) !== undefined) return [];
  return owners
    .list(namespace)
    .filter((owner) => selects(owner, pod))
    .map(keyOf);
}

/** Services and pods to Service keys: what both endpoint controllers watch. */
import type { Pod, Service } from '@skiff/api';
import type { Informer } from '@skiff/client';
import { keyOf } from '../runtime/keys.ts';
import { selectsPod } from './endpoints-of.ts';

export function watchServicePods(
  services: Informer<Service>,
  pods: Informer<Pod>,
  enqueue: (key: string) => void,
): () => void {
  const unwatchServices = services.onChange((change) => enqueue(keyOf(change.object)));
  const unwatchPods = pods.onChange((change) => {
    const states = change.old === undefined ? [change.object] : [change.object, change.old];
    for (const service of services.list(change.object.metadata.namespace ?? '')) {
      if (states.some((pod) => selectsPod(service, pod))) enqueue(keyOf(service));
    }
  });
  return () => {
    unwatchServices();
    unwatchPods();
  };
}

/** A controller that keeps one object of a fixed name in every namespace that is not being deleted. Keyed by namespace. */
import { type ApiObject, type Draft, isReason, resources } from '@skiff/api';
import type { Client, InformerFactory, ResourceOf } from '@skiff/client';
import type { Controller } from './controller.ts';

export interface InEveryNamespace<T extends ApiObject> {
  readonly name: string;
  readonly resource: ResourceOf<T>;
  readonly objectName: string;
  /** The object a namespace should have. */
  readonly draft: (namespace: string) => Draft<T>;
  /** A merge patch that mends what there is; undefined when it is right. */
  readonly mend: (current: T) => object | undefined;
}

export function inEveryNamespace<T extends ApiObject>(
  client: Client,
  informers: InformerFactory,
  wanted: InEveryNamespace<T>,
): Controller {
  const namespaces = informers.informer(resources.namespaces);
  const objects = informers.informer(wanted.resource, { fieldSelector: `metadata.name=${wanted.objectName}` });

  function watch(enqueue: (key: string) => void): () => void {
    const undo = [
      namespaces.onChange((change) => enqueue(change.object.metadata.name)),
      objects.onChange((change) => enqueue(change.object.metadata.namespace ?? '')),
    ];
    return () => undo.forEach((run) => void run());
  }

  async function reconcile(name: string): Promise<undefined> {
    const namespace = namespaces.get('', name);
    if (namespace === undefined || namespace.metadata.deletionTimestamp !== undefined) return undefined;
    const current = objects.get(name, wanted.objectName);
    const patch = current === undefined ? undefined : wanted.mend(current);
    try {
      if (current === undefined) await client.resource(wanted.resource).create(wanted.draft(name));
      else if (patch !== undefined)
        await client.resource(wanted.resource).patch(name, wanted.objectName, 'merge', patch);
    } catch (error) {
      // There already and not yet in the cache, or the namespace goes: an event will bring the key back if it matters.
      if (!isReason(error, 'AlreadyExists', 'NotFound', 'Forbidden')) throw error;
    }
    return undefined;
  }

  return { name: wanted.name, watch, reconcile };
}

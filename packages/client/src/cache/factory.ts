/** One informer for each distinct collection and selection, shared by everybody in the process. */
import type { ApiObject } from '@skiff/api';
import type { Informer, InformerFactory, InformerOptions, ResourceOf } from '../contract.ts';
import { CachedInformer, type InformerContext } from './informer.ts';

/** Informers start when they are first asked for, and stop together. */
export function createInformerFactory(context: InformerContext): InformerFactory {
  const controller = new AbortController();
  const informers = new Map<string, CachedInformer<ApiObject>>();
  const running: Promise<void>[] = [];

  function informer<T extends ApiObject>(resource: ResourceOf<T>, options: InformerOptions<T> = {}): Informer<T> {
    const { namespace = '', labelSelector = '', fieldSelector = '' } = options;
    const key = JSON.stringify([
      resource.group,
      resource.version,
      resource.resource,
      namespace,
      labelSelector,
      fieldSelector,
    ]);
    // The key holds the resource, so what it finds is of the resource's type.
    const found = informers.get(key) as CachedInformer<T> | undefined;
    if (found !== undefined) {
      found.addIndexes(options.indexes ?? {});
      return found;
    }
    const made = new CachedInformer(context, resource, options);
    informers.set(key, made as unknown as CachedInformer<ApiObject>);
    running.push(made.run(controller.signal));
    return made;
  }

  return {
    informer,
    async synced(signal) {
      await Promise.all([...informers.values()].map((one) => one.synced(signal)));
    },
    async stop() {
      controller.abort(new Error('the informers were stopped'));
      await Promise.all(running);
    },
  };
}

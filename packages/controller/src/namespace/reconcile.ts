/** Empties a namespace that is being deleted, then lets it go. Keyed by namespace. */
import { type Clock, isReason, type Namespace, type NamespaceCondition, resources, setCondition } from '@skiff/api';
import type { Client, InformerFactory } from '@skiff/client';
import type { Catalog } from '../catalog.ts';
import type { AnyKind } from '../kinds.ts';
import type { Controller, LookAgain } from '../runtime/controller.ts';
import { ignoreGone, ignoreGoneOrReplaced, messageOf } from '../runtime/errors.ts';
import { contentConditions, type Remains } from './decide.ts';

export interface NamespaceContext {
  readonly client: Client;
  readonly informers: InformerFactory;
  readonly clock: Clock;
  readonly catalog: Catalog;
}

export function namespaceController({ client, informers, clock, catalog }: NamespaceContext): Controller {
  const namespaces = informers.informer(resources.namespaces);
  const namespaceClient = client.resource(resources.namespaces);

  const watch = (enqueue: (key: string) => void): (() => void) =>
    namespaces.onChange((change) => enqueue(change.object.metadata.name));

  async function reconcile(name: string): Promise<LookAgain | undefined> {
    const namespace = namespaces.get('', name);
    if (namespace === undefined || namespace.metadata.deletionTimestamp === undefined) return undefined;
    if (!(namespace.spec?.finalizers ?? []).includes('kubernetes')) return undefined;
    const remains = await empty(name);
    if (remains.objects.length > 0 || remains.failures.length > 0) {
      await writeConditions(namespace, remains);
      return { afterMs: 500 };
    }
    await finalize(namespace);
    return undefined;
  }

  /** Asks for the deletion of everything, and tells what is still there. Pods end before what they may lean on is taken away (KEP-5080). */
  async function empty(namespace: string): Promise<Remains> {
    const kinds = catalog.list().filter((kind) => kind.namespaced);
    const isPods = (kind: AnyKind): boolean => kind.group === '' && kind.resource === 'pods';
    const first = await emptyOf(namespace, kinds.filter(isPods));
    if (first.objects.length > 0 || first.failures.length > 0) return first;
    return emptyOf(
      namespace,
      kinds.filter((kind) => !isPods(kind)),
    );
  }

  async function emptyOf(namespace: string, kinds: readonly AnyKind[]): Promise<Remains> {
    const remains: { -readonly [K in keyof Remains]: [...Remains[K]] } = { objects: [], failures: [] };
    await Promise.all(
      kinds.map(async (kind) => {
        const collection = client.resource(kind);
        try {
          const before = await collection.list({ namespace, limit: 1 });
          if (before.items.length === 0) return;
          await collection.deleteCollection({ namespace, propagationPolicy: 'Background' });
          const { items } = await collection.list({ namespace });
          for (const { metadata } of items)
            remains.objects.push({
              resource: kind.resource,
              group: kind.group,
              finalizers: metadata.finalizers ?? [],
            });
        } catch (error) {
          // A kind that went in the meantime took its objects along.
          if (!isReason(error, 'NotFound', 'MethodNotAllowed')) remains.failures.push(messageOf(error));
        }
      }),
    );
    return remains;
  }

  async function writeConditions(namespace: Namespace, remains: Remains): Promise<void> {
    let conditions = namespace.status?.conditions ?? [];
    for (const condition of contentConditions(remains))
      conditions = setCondition(conditions, condition, clock.now()) as NamespaceCondition[];
    if (JSON.stringify(conditions) === JSON.stringify(namespace.status?.conditions ?? [])) return;
    await namespaceClient
      .updateStatus({ ...namespace, status: { ...namespace.status, conditions } })
      .catch(ignoreGoneOrReplaced);
  }

  /** The subresource takes nothing but an update (as Kubernetes' does). */
  async function finalize(namespace: Namespace): Promise<void> {
    const finalizers = (namespace.spec?.finalizers ?? []).filter((one) => one !== 'kubernetes');
    await namespaceClient
      .update({ ...namespace, spec: { ...namespace.spec, finalizers } }, { subresource: 'finalize' })
      .catch(ignoreGone);
  }

  return { name: 'namespace', watch, reconcile };
}

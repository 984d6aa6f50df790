/** Empties a namespace that is being deleted, then lets it go. Keyed by namespace. */

import type { Clock } from '@skiff/api';
import { type ApiObject, isReason, type Namespace, type NamespaceCondition, resources, setCondition } from '@skiff/api';
import type { Client, InformerFactory, ResourceOf } from '@skiff/client';
import type { Controller, LookAgain } from '../runtime/controller.ts';
import { contentConditions, type Remains } from './decide.ts';

export interface NamespaceContext {
  readonly client: Client;
  readonly informers: InformerFactory;
  readonly clock: Clock;
  /** Every namespaced kind that is stored. */
  readonly kinds: readonly ResourceOf<ApiObject>[];
}

export function namespaceController({ client, informers, clock, kinds }: NamespaceContext): Controller {
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

  /** Asks for the deletion of everything, then looks at what is still there. */
  async function empty(namespace: string): Promise<Remains> {
    const remains: { -readonly [K in keyof Remains]: [...Remains[K]] } = { objects: [], failures: [] };
    await Promise.all(
      kinds.map(async (kind) => {
        try {
          const before = await client.resource(kind).list({ namespace, limit: 1 });
          if (before.items.length === 0) return;
          await client.resource(kind).deleteCollection({ namespace, propagationPolicy: 'Background' });
          const { items } = await client.resource(kind).list({ namespace });
          for (const item of items)
            remains.objects.push({
              resource: kind.resource,
              group: kind.group,
              finalizers: item.metadata.finalizers ?? [],
            });
        } catch (error) {
          remains.failures.push(error instanceof Error ? error.message : String(error));
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
    await namespaceClient.patch(
      '',
      namespace.metadata.name,
      'merge',
      { status: { conditions } },
      { subresource: 'status' },
    );
  }

  /** The subresource takes nothing but an update (as Kubernetes' does). */
  async function finalize(namespace: Namespace): Promise<void> {
    const finalizers = (namespace.spec?.finalizers ?? []).filter((one) => one !== 'kubernetes');
    await namespaceClient
      .update({ ...namespace, spec: { ...namespace.spec, finalizers } }, { subresource: 'finalize' })
      .catch((error: unknown) => {
        if (!isReason(error, 'NotFound')) throw error;
      });
  }

  return { name: 'namespace', watch, reconcile };
}

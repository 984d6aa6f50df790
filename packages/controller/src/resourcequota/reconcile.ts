/**
 * The resource quota controller: keyed by ResourceQuota. It counts what a namespace really uses and brings `status` in line with it
 * and with `spec.hard`. Admission charges before an object exists, so a count may miss what is being made just now: use goes down
 * only on a quota that nobody has charged for a while.
 */
import { type ApiObject, type Clock, canonicalJson, type ResourceQuota, resources } from '@skiff/api';
import { type Amounts, type Counted, fromAmounts, isTracked, moreThan, toAmounts, usedOf } from '@skiff/api/quota';
import type { Client, Informer, InformerFactory } from '@skiff/client';
import type { Catalog } from '../catalog.ts';
import type { Controller, LookAgain } from '../runtime/controller.ts';
import { ignoreGone } from '../runtime/errors.ts';
import { keyOf, splitKey } from '../runtime/keys.ts';

export interface ResourceQuotaContext {
  readonly client: Client;
  readonly informers: InformerFactory;
  readonly catalog: Catalog;
  readonly clock: Clock;
}

/** A request that was charged has stored its object, and the caches have it, after this long. */
export const settledAfterMs = 2000;

interface Followed {
  readonly of: Counted;
  readonly objects: Informer<ApiObject>;
}

export function resourceQuotaController({ client, informers, catalog, clock }: ResourceQuotaContext): Controller {
  const quotas = informers.informer(resources.resourcequotas);
  const quotaClient = client.resource(resources.resourcequotas);
  const followed = new Set<Followed>();
  /** By key: the version a quota was last seen at, and since when. */
  const seen = new Map<string, { readonly version: string; readonly sinceMs: number }>();

  function watch(enqueue: (key: string) => void): () => void {
    const undo = quotas.onChange(({ object }) => enqueue(keyOf(object)));
    const unfollow = catalog.follow((kind, objects) => {
      const one = { of: kind, objects };
      followed.add(one);
      const unwatch = objects.onChange((change) => {
        // What is new was charged when it was admitted; what changes or goes may give back.
        if (change.type === 'added') return;
        for (const quota of quotas.list(change.object.metadata.namespace ?? ''))
          if (Object.keys(quota.spec?.hard ?? {}).some((name) => isTracked(one.of, name))) enqueue(keyOf(quota));
      });
      return () => {
        unwatch();
        followed.delete(one);
      };
    });
    return () => {
      undo();
      unfollow();
    };
  }

  function sinceOf(key: string, version: string): number {
    const last = seen.get(key);
    if (last?.version === version) return last.sinceMs;
    const sinceMs = clock.now();
    seen.set(key, { version, sinceMs });
    return sinceMs;
  }

  async function reconcile(key: string): Promise<LookAgain | undefined> {
    if (!catalog.synced) return { afterMs: 500 };
    const { namespace, name } = splitKey(key);
    const quota = quotas.get(namespace, name);
    if (quota === undefined || quota.metadata.deletionTimestamp !== undefined) {
      seen.delete(key);
      return undefined;
    }
    const collections = [...followed].map(({ of, objects }) => ({ of, objects: objects.list(namespace) }));
    const status = statusOf(quota, usedOf(quota, collections, clock.now()));
    if (canonicalJson(status) === canonicalJson(quota.status ?? {})) return undefined;
    const restMs = sinceOf(key, quota.metadata.resourceVersion) + settledAfterMs - clock.now();
    if (givesBack(quota, status.used) && restMs > 0) return { afterMs: restMs };
    await quotaClient.updateStatus({ ...quota, status }).catch(ignoreGone);
    return undefined;
  }

  return { name: 'resource-quota', watch, reconcile };
}

const statusOf = (quota: ResourceQuota, used: Amounts) => ({
  hard: { ...(quota.spec?.hard ?? {}) },
  used: fromAmounts(used),
});

/** True when a charge that was made would be taken back. */
function givesBack(quota: ResourceQuota, used: Record<string, string>): boolean {
  return moreThan(toAmounts(quota.status?.used), toAmounts(used)).size > 0;
}

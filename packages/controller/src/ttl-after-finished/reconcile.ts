/** Deletes finished Jobs when their ttlSecondsAfterFinished is over. Keyed by job. */
import { type Clock, type Job, parseTime, resources } from '@skiff/api';
import type { Client, InformerFactory } from '@skiff/client';
import type { Controller, LookAgain } from '../runtime/controller.ts';
import { ignoreGoneOrReplaced } from '../runtime/errors.ts';
import { keyOf, splitKey } from '../runtime/keys.ts';

export interface TtlContext {
  readonly client: Client;
  readonly informers: InformerFactory;
  readonly clock: Clock;
}

export function ttlAfterFinishedController({ client, informers, clock }: TtlContext): Controller {
  const jobs = informers.informer(resources.jobs);

  const watch = (enqueue: (key: string) => void): (() => void) => jobs.onChange(({ object }) => enqueue(keyOf(object)));

  async function reconcile(key: string): Promise<LookAgain | undefined> {
    const { namespace, name } = splitKey(key);
    const job = jobs.get(namespace, name);
    const expires = job === undefined ? undefined : expiryMs(job);
    if (job === undefined || expires === undefined) return undefined;
    const leftMs = expires - clock.now();
    if (leftMs > 0) return { afterMs: leftMs };
    // The version guards against a time to live that was just made longer.
    const { uid, resourceVersion } = job.metadata;
    await client
      .resource(resources.jobs)
      .delete(namespace, name, { uid, resourceVersion, propagationPolicy: 'Foreground' })
      .catch(ignoreGoneOrReplaced);
    return undefined;
  }

  return { name: 'ttl-after-finished', watch, reconcile };
}

/** When a job is to go, in ms since the epoch; undefined: never, or not known yet. */
export function expiryMs({ metadata, spec, status }: Job): number | undefined {
  if (spec.ttlSecondsAfterFinished === undefined || metadata.deletionTimestamp !== undefined) return undefined;
  const end = status?.conditions?.find(
    ({ type, status: holds }) => (type === 'Complete' || type === 'Failed') && holds === 'True',
  );
  const finished = parseTime(end?.lastTransitionTime ?? '');
  return finished === undefined ? undefined : finished + spec.ttlSecondsAfterFinished * 1000;
}

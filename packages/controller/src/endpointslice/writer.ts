/** Carries out plans for slices, and waits for its own writes to show before the next plan of the same owner. */
import { type Clock, type EndpointSlice, resources } from '@skiff/api';
import type { Change, Client, Lister } from '@skiff/client';
import { ignoreGone, isNamespaceTerminating } from '../runtime/errors.ts';
import { Expectations } from '../runtime/expectations.ts';
import type { SlicePlan } from './pack.ts';

export interface SliceWriter {
  /** False while a write of that key has not come back through the cache. */
  settled(key: string): boolean;
  /** The cache went through this. */
  seen(key: string, change: Change<EndpointSlice>): void;
  apply(key: string, plan: SlicePlan): Promise<void>;
}

export function sliceWriter(client: Client, cache: Lister<EndpointSlice>, clock: Clock): SliceWriter {
  const slices = client.resource(resources.endpointslices);
  const expectations = new Expectations(clock);

  function expect(key: string, { metadata }: EndpointSlice): void {
    const cached = cache.get(metadata.namespace ?? '', metadata.name);
    if (cached !== undefined && BigInt(cached.metadata.resourceVersion) >= BigInt(metadata.resourceVersion)) return;
    expectations.expect(key, metadata.name, metadata.resourceVersion);
  }

  return {
    settled: (key) => expectations.settled(key),
    seen(key, { type, object }) {
      expectations.settle(key, object.metadata.name, type === 'removed' ? undefined : object.metadata.resourceVersion);
    },
    async apply(key, plan) {
      for (const draft of plan.create) {
        const made = await slices.create(draft).catch((error: unknown) => {
          if (!isNamespaceTerminating(error)) throw error;
          return undefined;
        });
        if (made !== undefined) expect(key, made);
      }
      for (const slice of plan.update) expect(key, await slices.update(slice));
      for (const { metadata } of plan.remove)
        await slices.delete(metadata.namespace ?? '', metadata.name, { uid: metadata.uid }).catch(ignoreGone);
    },
  };
}

/** Mirrors Endpoints that somebody keeps by hand into EndpointSlices, which is what the proxies read. Keyed by Service. */
import { type Clock, type EndpointSlice, resources } from '@skiff/api';
import type { Client, InformerFactory } from '@skiff/client';
import { managedByLabel, serviceNameLabel } from '../endpointslice/decide.ts';
import { sliceWriter } from '../endpointslice/writer.ts';
import type { Controller } from '../runtime/controller.ts';
import { keyOf, splitKey } from '../runtime/keys.ts';
import { isMirrored, mirroredBy, planMirror } from './decide.ts';

export interface MirroringContext {
  readonly client: Client;
  readonly informers: InformerFactory;
  readonly clock: Clock;
}

export function endpointSliceMirroringController({ client, informers, clock }: MirroringContext): Controller {
  const services = informers.informer(resources.services);
  const endpoints = informers.informer(resources.endpoints);
  const slices = informers.informer(resources.endpointslices, { indexes: { mirror: (slice) => [mirrorKey(slice)] } });
  const writer = sliceWriter(client, slices, clock);

  function watch(enqueue: (key: string) => void): () => void {
    const undo = [
      services.onChange((change) => enqueue(keyOf(change.object))),
      endpoints.onChange((change) => enqueue(keyOf(change.object))),
      slices.onChange((change) => {
        const key = mirrorKey(change.object);
        if (key === '') return;
        writer.seen(key, change);
        enqueue(key);
      }),
    ];
    return () => undo.forEach((run) => void run());
  }

  async function reconcile(key: string): Promise<undefined> {
    if (!writer.settled(key)) return undefined;
    const { namespace, name } = splitKey(key);
    const service = services.get(namespace, name);
    const source = endpoints.get(namespace, name);
    const existing = slices.byIndex('mirror', key);
    const mirrored = service !== undefined && source !== undefined && isMirrored(source, service);
    await writer.apply(key, mirrored ? planMirror(source, existing) : { create: [], update: [], remove: existing });
    return undefined;
  }

  return { name: 'endpointslice-mirroring', watch, reconcile };
}

/** The Service of a mirror; '' for slices of others. */
function mirrorKey({ metadata }: EndpointSlice): string {
  const service = metadata.labels?.[serviceNameLabel] ?? '';
  return metadata.labels?.[managedByLabel] === mirroredBy ? `${metadata.namespace}/${service}` : '';
}

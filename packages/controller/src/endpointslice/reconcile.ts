/** The EndpointSlice controller: keyed by Service. */
import { type Clock, type EndpointSlice, type Node, resources } from '@skiff/api';
import type { Client, InformerFactory } from '@skiff/client';
import type { Controller } from '../runtime/controller.ts';
import { keyOf, splitKey } from '../runtime/keys.ts';
import { nodeIndex } from '../runtime/pods.ts';
import { managedBy, managedByLabel, planSlices, serviceNameLabel } from './decide.ts';
import { backendsOf, isManaged, selectsPod } from './endpoints-of.ts';
import { watchServicePods } from './watch.ts';
import { sliceWriter } from './writer.ts';

export interface EndpointSliceContext {
  readonly client: Client;
  readonly informers: InformerFactory;
  readonly clock: Clock;
}

export function endpointSliceController({ client, informers, clock }: EndpointSliceContext): Controller {
  const services = informers.informer(resources.services);
  const pods = informers.informer(resources.pods, { indexes: nodeIndex });
  const nodes = informers.informer(resources.nodes);
  const slices = informers.informer(resources.endpointslices, { indexes: { service: (slice) => [serviceKey(slice)] } });
  const writer = sliceWriter(client, slices, clock);

  const zoneOf = (node: Node): string | undefined => node.metadata.labels?.['topology.kubernetes.io/zone'];

  function watch(enqueue: (key: string) => void): () => void {
    const undo = [
      // A node that comes, or moves to another zone, changes what its pods' endpoints say.
      nodes.onChange((change) => {
        if (change.type === 'updated' && zoneOf(change.object) === zoneOf(change.old)) return;
        if (change.type === 'removed') return;
        for (const pod of pods.byIndex('node', change.object.metadata.name))
          for (const service of services.list(pod.metadata.namespace ?? ''))
            if (selectsPod(service, pod)) enqueue(keyOf(service));
      }),
      watchServicePods(services, pods, enqueue),
      slices.onChange((change) => {
        if (change.object.metadata.labels?.[managedByLabel] !== managedBy) return;
        const key = serviceKey(change.object);
        writer.seen(key, change);
        enqueue(key);
      }),
    ];
    return () => undo.forEach((run) => void run());
  }

  async function reconcile(key: string): Promise<undefined> {
    const { namespace, name } = splitKey(key);
    const service = services.get(namespace, name);
    // A Service that is gone takes its slices with it, by ownership.
    if (service === undefined || !isManaged(service) || service.metadata.deletionTimestamp !== undefined)
      return undefined;
    if (!writer.settled(key)) return undefined;
    const mine = slices
      .byIndex('service', key)
      .filter((slice) => slice.metadata.labels?.[managedByLabel] === managedBy);
    const plan = planSlices(service, backendsOf(service, pods.list(namespace)), mine, (node) => nodes.get('', node));
    await writer.apply(key, plan);
    return undefined;
  }

  return { name: 'endpointslice', watch, reconcile };
}

const serviceKey = (slice: EndpointSlice): string =>
  `${slice.metadata.namespace}/${slice.metadata.labels?.[serviceNameLabel] ?? ''}`;

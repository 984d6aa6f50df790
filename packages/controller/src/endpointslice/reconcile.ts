/** The EndpointSlice controller: keyed by Service. */
import { type Clock, type EndpointSlice, isReason, resources } from '@skiff/api';
import type { Client, InformerFactory } from '@skiff/client';
import type { Controller } from '../runtime/controller.ts';
import { Expectations } from '../runtime/expectations.ts';
import { splitKey } from '../runtime/keys.ts';
import { managedBy, managedByLabel, planSlices, serviceNameLabel } from './decide.ts';
import { backendsOf, isManaged } from './endpoints-of.ts';
import { watchServicePods } from './watch.ts';

export interface EndpointSliceContext {
  readonly client: Client;
  readonly informers: InformerFactory;
  readonly clock: Clock;
}

export function endpointSliceController({ client, informers, clock }: EndpointSliceContext): Controller {
  const services = informers.informer(resources.services);
  const pods = informers.informer(resources.pods);
  const nodes = informers.informer(resources.nodes);
  const slices = informers.informer(resources.endpointslices, { indexes: { service: (slice) => [serviceKey(slice)] } });
  const sliceClient = client.resource(resources.endpointslices);
  const expectations = new Expectations(clock);

  function watch(enqueue: (key: string) => void): () => void {
    const undo = [
      watchServicePods(services, pods, enqueue),
      slices.onChange((change) => {
        if (change.object.metadata.labels?.[managedByLabel] !== managedBy) return;
        const key = serviceKey(change.object);
        const seen = change.type === 'removed' ? undefined : change.object.metadata.resourceVersion;
        expectations.settle(key, change.object.metadata.name, seen);
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
    if (!expectations.settled(key)) return undefined;
    const mine = slices
      .byIndex('service', key)
      .filter((slice) => slice.metadata.labels?.[managedByLabel] === managedBy);
    const plan = planSlices(
      service,
      backendsOf(service, pods.list(namespace)),
      mine,
      (node) => nodes.get('', node)?.metadata.labels?.['topology.kubernetes.io/zone'],
    );
    for (const draft of plan.create) expectSlice(key, await sliceClient.create(draft));
    for (const slice of plan.update) expectSlice(key, await sliceClient.update(slice));
    for (const slice of plan.remove)
      await sliceClient.delete(namespace, slice.metadata.name, { uid: slice.metadata.uid }).catch(ignoreGone);
    return undefined;
  }

  function expectSlice(key: string, slice: EndpointSlice): void {
    const { namespace = '', name, resourceVersion } = slice.metadata;
    const cached = slices.get(namespace, name);
    if (cached !== undefined && BigInt(cached.metadata.resourceVersion) >= BigInt(resourceVersion)) return;
    expectations.expect(key, name, resourceVersion);
  }

  return { name: 'endpointslice', watch, reconcile };
}

const serviceKey = (slice: EndpointSlice): string =>
  `${slice.metadata.namespace}/${slice.metadata.labels?.[serviceNameLabel] ?? ''}`;

function ignoreGone(error: unknown): void {
  if (!isReason(error, 'NotFound')) throw error;
}

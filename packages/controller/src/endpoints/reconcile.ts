/** The Endpoints controller: keyed by Service. */
import { canonicalJson, isReason, resources, type Service } from '@skiff/api';
import type { Client, InformerFactory } from '@skiff/client';
import { headlessLabel, isHeadless } from '../endpointslice/decide.ts';
import { backendsOf, isManaged } from '../endpointslice/endpoints-of.ts';
import { watchServicePods } from '../endpointslice/watch.ts';
import type { Controller } from '../runtime/controller.ts';
import { ignoreGoneOrReplaced, isNamespaceTerminating } from '../runtime/errors.ts';
import { keyOf, splitKey } from '../runtime/keys.ts';
import { subsetsOf } from './decide.ts';

export interface EndpointsContext {
  readonly client: Client;
  readonly informers: InformerFactory;
}

export function endpointsController({ client, informers }: EndpointsContext): Controller {
  const services = informers.informer(resources.services);
  const pods = informers.informer(resources.pods);
  const endpoints = informers.informer(resources.endpoints);
  const endpointsClient = client.resource(resources.endpoints);

  function watch(enqueue: (key: string) => void): () => void {
    const undo = [
      watchServicePods(services, pods, enqueue),
      // What somebody else keeps is looked at only when its Service goes.
      endpoints.onChange((change) => {
        const managed = change.object.metadata.labels?.[managedByLabel] === managedBy;
        if (managed || change.type === 'removed') enqueue(keyOf(change.object));
      }),
    ];
    return () => undo.forEach((run) => void run());
  }

  async function reconcile(key: string): Promise<undefined> {
    const { namespace, name } = splitKey(key);
    const service = services.get(namespace, name);
    const current = endpoints.get(namespace, name);
    // Endpoints go with their Service, whoever kept them.
    if (service === undefined) {
      if (current !== undefined)
        await endpointsClient.delete(namespace, name, { uid: current.metadata.uid }).catch(ignoreGoneOrReplaced);
      return undefined;
    }
    if (!isManaged(service)) return undefined;
    const { subsets, truncated } = subsetsOf(service, backendsOf(service, pods.list(namespace)));
    const labels = labelsOf(service);
    const { [overCapacity]: _, ...others } = current?.metadata.annotations ?? {};
    const annotations = truncated ? { ...others, [overCapacity]: 'truncated' } : others;
    if (current === undefined) {
      await endpointsClient
        .create({ apiVersion: 'v1', kind: 'Endpoints', metadata: { name, namespace, labels, annotations }, subsets })
        .catch((error: unknown) => {
          // The cache has not shown it yet: its event brings the key back.
          if (!isReason(error, 'AlreadyExists') && !isNamespaceTerminating(error)) throw error;
        });
      return undefined;
    }
    if (
      canonicalJson(current.subsets ?? []) === canonicalJson(subsets) &&
      canonicalJson(current.metadata.labels ?? {}) === canonicalJson(labels) &&
      canonicalJson(current.metadata.annotations ?? {}) === canonicalJson(annotations)
    )
      return undefined;
    await endpointsClient.update({ ...current, subsets, metadata: { ...current.metadata, labels, annotations } });
    return undefined;
  }

  return { name: 'endpoints', watch, reconcile };
}

const managedByLabel = 'endpoints.kubernetes.io/managed-by';
const managedBy = 'endpoint-controller';
const overCapacity = 'endpoints.kubernetes.io/over-capacity';

function labelsOf(service: Service): Record<string, string> {
  const { [headlessLabel]: _, ...labels } = service.metadata.labels ?? {};
  return { ...labels, [managedByLabel]: managedBy, ...(isHeadless(service) ? { [headlessLabel]: '' } : {}) };
}

/** The Endpoints controller: keyed by Service. */
import { canonicalJson, isReason, resources } from '@skiff/api';
import type { Client, InformerFactory } from '@skiff/client';
import { backendsOf, isManaged } from '../endpointslice/endpoints-of.ts';
import { watchServicePods } from '../endpointslice/watch.ts';
import type { Controller } from '../runtime/controller.ts';
import { splitKey } from '../runtime/keys.ts';
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
      endpoints.onChange((change) => enqueue(`${change.object.metadata.namespace}/${change.object.metadata.name}`)),
    ];
    return () => undo.forEach((run) => void run());
  }

  async function reconcile(key: string): Promise<undefined> {
    const { namespace, name } = splitKey(key);
    const service = services.get(namespace, name);
    const current = endpoints.get(namespace, name);
    if (service === undefined) {
      if (current !== undefined && current.metadata.labels?.[managedByLabel] === managedBy)
        await remove(namespace, name, current.metadata.uid);
      return undefined;
    }
    if (!isManaged(service)) return undefined;
    const subsets = subsetsOf(service, backendsOf(service, pods.list(namespace)));
    const labels = { ...service.metadata.labels, [managedByLabel]: managedBy };
    if (current === undefined) {
      await endpointsClient
        .create({ apiVersion: 'v1', kind: 'Endpoints', metadata: { name, namespace, labels }, subsets })
        .catch((error: unknown) => {
          // The cache has not shown it yet: its event brings the key back.
          if (!isReason(error, 'AlreadyExists')) throw error;
        });
      return undefined;
    }
    if (
      canonicalJson(current.subsets ?? []) === canonicalJson(subsets) &&
      canonicalJson(current.metadata.labels ?? {}) === canonicalJson(labels)
    )
      return undefined;
    await endpointsClient.update({ ...current, subsets, metadata: { ...current.metadata, labels } });
    return undefined;
  }

  async function remove(namespace: string, name: string, uid: string): Promise<void> {
    await endpointsClient.delete(namespace, name, { uid }).catch((error: unknown) => {
      if (!isReason(error, 'NotFound', 'Conflict')) throw error;
    });
  }

  return { name: 'endpoints', watch, reconcile };
}

const managedByLabel = 'endpoints.kubernetes.io/managed-by';
const managedBy = 'endpoint-controller';

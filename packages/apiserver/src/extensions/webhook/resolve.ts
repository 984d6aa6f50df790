/** Finds where Services answer, as they are now. */
import { isReason, type JsonObject, type Random } from '@skiff/api';
import type { Registry } from '../../registry/contract.ts';
import { systemContext } from '../../registry/system-context.ts';
import { type Address, addressesOf } from './address.ts';

/** Throws Error when the Service is not there, or nothing answers for it. */
export type ResolveService = (
  service: { readonly namespace: string; readonly name: string; readonly port: number },
  signal: AbortSignal,
) => Promise<Address>;

const reads = { fieldSelector: '', limit: 0, continue: '', resourceVersion: '0', resourceVersionMatch: '' };

export function serviceResolver(registry: Registry, random: Random): ResolveService {
  return async ({ namespace, name, port }, signal) => {
    const context = systemContext(signal);
    const of = { group: '', version: 'v1', resource: 'services', namespace, name, subresource: '' };
    const service = await registry.get(context, of, { resourceVersion: '0' }).catch((error: unknown) => {
      if (isReason(error, 'NotFound')) throw new Error(`service ${JSON.stringify(name)} not found`);
      throw error;
    });
    const slices = {
      group: 'discovery.k8s.io',
      version: 'v1',
      resource: 'endpointslices',
      namespace,
      name: '',
      subresource: '',
    };
    const labelSelector = `kubernetes.io/service-name=${name}`;
    const { items } = await registry.list(context, slices, { ...reads, labelSelector });
    const parse = (text: string): JsonObject => JSON.parse(text) as JsonObject;
    const addresses = addressesOf(parse(service.text), items.map(parse), port);
    const chosen = addresses[Math.floor(random() * addresses.length)];
    if (chosen === undefined) throw new Error(`no endpoints available for service ${JSON.stringify(name)}`);
    return chosen;
  };
}

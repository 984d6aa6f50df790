/** What tokens ask of the registry: is this core/v1 object there? */
import { isReason, type JsonObject } from '@skiff/api';
import type { Registry } from '../registry/contract.ts';
import { parseText } from '../registry/documents.ts';
import { systemContext } from '../registry/system-context.ts';

export interface ObjectReader {
  /** An object of core/v1 as the cache has it, or undefined. `namespace` is '' for a cluster-scoped one. */
  get(resource: string, namespace: string, name: string, signal: AbortSignal): Promise<JsonObject | undefined>;
}

export function objectReader(registry: Registry): ObjectReader {
  return {
    async get(resource, namespace, name, signal) {
      const target = { group: '', version: 'v1', resource, namespace, name, subresource: '' };
      const read = async (resourceVersion: string): Promise<JsonObject | undefined> => {
        try {
          return parseText((await registry.get(systemContext(signal), target, { resourceVersion })).text);
        } catch (error) {
          if (isReason(error, 'NotFound')) return undefined;
          throw error;
        }
      };
      // The cache first; what it does not have may be new.
      return (await read('0')) ?? (await read(''));
    },
  };
}

/** Every namespace has a ServiceAccount `default`. */
import { resources } from '@skiff/api';
import type { Client, InformerFactory } from '@skiff/client';
import type { Controller } from '../runtime/controller.ts';
import { inEveryNamespace } from '../runtime/in-every-namespace.ts';

export function serviceAccountController(client: Client, informers: InformerFactory): Controller {
  return inEveryNamespace(client, informers, {
    name: 'service-account',
    resource: resources.serviceaccounts,
    objectName: 'default',
    draft: (namespace) => ({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace } }),
    mend: () => undefined,
  });
}

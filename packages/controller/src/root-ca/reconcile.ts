/** Every namespace has a ConfigMap `kube-root-ca.crt` with the certificate that the API server's is signed by. */
import { resources } from '@skiff/api';
import type { Client, InformerFactory } from '@skiff/client';
import type { Controller } from '../runtime/controller.ts';
import { inEveryNamespace } from '../runtime/in-every-namespace.ts';

const name = 'kube-root-ca.crt';

/** `rootCA`: PEM. */
export function rootCaController(client: Client, informers: InformerFactory, rootCA: string): Controller {
  const data = { 'ca.crt': rootCA };
  return inEveryNamespace(client, informers, {
    name: 'root-ca',
    resource: resources.configmaps,
    objectName: name,
    draft: (namespace) => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name,
        namespace,
        annotations: {
          'kubernetes.io/description':
            'Contains a CA bundle that can be used to verify the API server when using internal endpoints.',
        },
      },
      data,
    }),
    mend(current) {
      const strange = Object.keys(current.data ?? {}).filter((key) => key !== 'ca.crt');
      if (current.data?.['ca.crt'] === rootCA && strange.length === 0) return undefined;
      return { data: { ...Object.fromEntries(strange.map((key) => [key, null])), ...data } };
    },
  });
}

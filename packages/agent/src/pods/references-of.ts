/** Every ConfigMap and Secret that a pod names. Pure. */
import type { Pod, Volume } from '@skiff/api';
import type { Reference } from '../references.ts';
import { declaredContainers } from './spec.ts';

export function referencesOf(pod: Pod): readonly Reference[] {
  const namespace = pod.metadata.namespace ?? '';
  const found = new Map<string, Reference>();
  const add = (kind: Reference['kind'], name: string | undefined): void => {
    if (name !== undefined && name !== '') found.set(`${kind}/${name}`, { kind, namespace, name });
  };
  for (const { spec } of declaredContainers(pod)) {
    for (const { configMapRef, secretRef } of spec.envFrom ?? []) {
      add('configMap', configMapRef?.name);
      add('secret', secretRef?.name);
    }
    for (const { valueFrom } of spec.env ?? []) {
      add('configMap', valueFrom?.configMapKeyRef?.name);
      add('secret', valueFrom?.secretKeyRef?.name);
    }
  }
  for (const volume of pod.spec.volumes ?? []) addVolume(volume, add);
  for (const { name } of pod.spec.imagePullSecrets ?? []) add('secret', name);
  return [...found.values()];
}

function addVolume({ configMap, secret, projected }: Volume, add: (kind: Reference['kind'], name?: string) => void) {
  add('configMap', configMap?.name);
  add('secret', secret?.secretName);
  for (const source of projected?.sources ?? []) {
    add('configMap', source.configMap?.name);
    add('secret', source.secret?.name);
  }
}

/** What a pod needs to run: the objects that its node may therefore read. */
import type { Json, JsonObject } from '@skiff/api';

export type ReferenceKind = 'secrets' | 'configmaps' | 'persistentvolumeclaims' | 'serviceaccounts';

const objectOf = (value: Json | undefined): JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
const listOf = (value: Json | undefined): readonly JsonObject[] => (Array.isArray(value) ? value.map(objectOf) : []);

/** Names by kind; all lie in the pod's own namespace. */
export function podReferences(pod: JsonObject): ReadonlyMap<ReferenceKind, ReadonlySet<string>> {
  const found = new Map<ReferenceKind, Set<string>>([
    ['secrets', new Set()],
    ['configmaps', new Set()],
    ['persistentvolumeclaims', new Set()],
    ['serviceaccounts', new Set()],
  ]);
  const add = (kind: ReferenceKind, name: Json | undefined): void => {
    if (typeof name === 'string' && name !== '') found.get(kind)?.add(name);
  };
  const spec = objectOf(pod.spec);
  add('serviceaccounts', spec.serviceAccountName ?? 'default');
  for (const secret of listOf(spec.imagePullSecrets)) add('secrets', secret.name);
  for (const key of ['containers', 'initContainers', 'ephemeralContainers'])
    for (const container of listOf(spec[key])) addEnvironment(container, add);
  for (const volume of listOf(spec.volumes)) addVolume(volume, add);
  return found;
}

type Add = (kind: ReferenceKind, name: Json | undefined) => void;

function addEnvironment(container: JsonObject, add: Add): void {
  for (const env of listOf(container.env)) {
    const from = objectOf(env.valueFrom);
    add('secrets', objectOf(from.secretKeyRef).name);
    add('configmaps', objectOf(from.configMapKeyRef).name);
  }
  for (const from of listOf(container.envFrom)) {
    add('secrets', objectOf(from.secretRef).name);
    add('configmaps', objectOf(from.configMapRef).name);
  }
}

/** Drivers that take a secret name it under one of these members. */
const secretRefs = ['secretRef', 'nodePublishSecretRef'];

function addVolume(volume: JsonObject, add: Add): void {
  add('secrets', objectOf(volume.secret).secretName);
  add('configmaps', objectOf(volume.configMap).name);
  add('persistentvolumeclaims', objectOf(volume.persistentVolumeClaim).claimName);
  for (const source of listOf(objectOf(volume.projected).sources)) {
    add('secrets', objectOf(source.secret).name);
    add('configmaps', objectOf(source.configMap).name);
  }
  for (const source of Object.values(volume)) {
    const driver = objectOf(source);
    for (const key of secretRefs) add('secrets', objectOf(driver[key]).name);
    add('secrets', driver.secretName);
  }
}

/** What Kubernetes 1.32 does not serve of a pod without its gates, and Skiff has no other way to do (api/pod's DropDisabledPodFields). */
import type { JsonObject } from '@skiff/api';
import { objectAt, objectsAt, own, put, textAt } from '../../patch/values.ts';

interface Gate {
  /** Objects that have it keep it. */
  isUsed(spec: JsonObject): boolean;
  drop(spec: JsonObject): void;
}

/** Every container of a pod's spec, of whatever kind. */
export function containersOf(spec: JsonObject): readonly JsonObject[] {
  const initContainers = objectsAt(spec, 'initContainers');
  const ephemeralContainers = objectsAt(spec, 'ephemeralContainers');
  const containers = objectsAt(spec, 'containers');
  if (initContainers.length + ephemeralContainers.length === 0) return containers;
  return [...containers, ...initContainers, ...ephemeralContainers];
}

const contextsOf = (spec: JsonObject): readonly JsonObject[] =>
  containersOf(spec)
    .map((container) => objectAt(container, 'securityContext'))
    .filter((context) => context !== undefined);

/** A member of the object at `path`. */
const member = (name: string, ...path: readonly string[]): Gate => ({
  isUsed: (spec) => own(objectAt(spec, ...path) ?? {}, name) !== undefined,
  drop(spec) {
    delete objectAt(spec, ...path)?.[name];
  },
});

/** ProcMountType: once given, it is shown as Default. */
const procMount: Gate = {
  isUsed: (spec) => contextsOf(spec).some((context) => textAt(context, 'procMount') === 'Unmasked'),
  drop(spec) {
    for (const context of contextsOf(spec))
      if (own(context, 'procMount') !== undefined) put(context, 'procMount', 'Default');
  },
};

/** PodLevelResources. */
const resources: Gate = {
  isUsed: (spec) =>
    ['requests', 'limits'].some((list) => Object.keys(objectAt(spec, 'resources', list) ?? {}).length > 0),
  drop(spec) {
    delete spec.resources;
  },
};

/** DynamicResourceAllocation. */
const claims: Gate = {
  isUsed: (spec) => objectsAt(spec, 'resourceClaims').length > 0,
  drop(spec) {
    delete spec.resourceClaims;
    for (const container of containersOf(spec)) delete objectAt(container, 'resources')?.claims;
  },
};

const projectionsOf = (spec: JsonObject): readonly JsonObject[] =>
  objectsAt(spec, 'volumes').flatMap((volume) => objectsAt(volume, 'projected', 'sources'));

/** ClusterTrustBundleProjection. */
const trustBundles: Gate = {
  isUsed: (spec) => projectionsOf(spec).some((source) => own(source, 'clusterTrustBundle') !== undefined),
  drop(spec) {
    for (const source of projectionsOf(spec)) delete source.clusterTrustBundle;
  },
};

const isImage = (volume: JsonObject): boolean => own(volume, 'image') !== undefined;

/** ImageVolume: without the volume nothing mounts it. */
const images: Gate = {
  isUsed: (spec) => objectsAt(spec, 'volumes').some(isImage),
  drop(spec) {
    const volumes = objectsAt(spec, 'volumes');
    if (!volumes.some(isImage)) return;
    const dropped = new Set(volumes.filter(isImage).map((volume) => textAt(volume, 'name')));
    putSome(
      spec,
      'volumes',
      volumes.filter((volume) => !isImage(volume)),
    );
    for (const container of containersOf(spec)) {
      const mounts = objectsAt(container, 'volumeMounts');
      putSome(
        container,
        'volumeMounts',
        mounts.filter((mount) => !dropped.has(textAt(mount, 'name'))),
      );
    }
  },
};

function putSome(object: JsonObject, name: string, list: readonly JsonObject[]): void {
  if (list.length === 0) delete object[name];
  else put(object, name, [...list]);
}

const gates: readonly Gate[] = [
  member('hostUsers'),
  member('supplementalGroupsPolicy', 'securityContext'),
  resources,
  procMount,
  claims,
  trustBundles,
  images,
  member('seLinuxChangePolicy', 'securityContext'),
];

/** Leaves out of a pod's spec what is not served, unless `old` has it. */
export function dropUngated(spec: JsonObject | undefined, old: JsonObject | undefined): void {
  if (spec === undefined) return;
  for (const gate of gates) if (old === undefined || !gate.isUsed(old)) gate.drop(spec);
}

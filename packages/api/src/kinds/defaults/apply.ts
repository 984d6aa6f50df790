/** Defaulting of whole objects: constants from the schema, then what needs logic. */
import type { Definition } from '../../definition.ts';
import type { JsonObject } from '../../object.ts';
import { applySchemaDefaults } from '../../schema/default.ts';
import type * as kinds from '../types.ts';
import {
  defaultCustomResourceDefinition,
  defaultLimitRange,
  defaultNamespace,
  defaultNetworkPolicy,
  defaultNode,
  defaultPersistentVolume,
  defaultPersistentVolumeClaim,
  defaultResourceQuota,
  defaultRoleBinding,
  defaultService,
} from './cluster.ts';
import { defaultPod } from './pods.ts';
import {
  defaultAutoscaler,
  defaultCronJob,
  defaultDaemonSet,
  defaultDeployment,
  defaultJob,
  defaultPodTemplate,
  defaultReplicaSet,
  defaultReplicationController,
  defaultStatefulSet,
} from './workloads.ts';

type Defaulter = (object: JsonObject) => void;

/** A function over a kind as one over any document; the table below is what makes the cast true. */
const over =
  <T>(run: (object: T) => void): Defaulter =>
  (object) =>
    run(object as unknown as T);

/** By group and kind; a kind whose versions differ has its version too. */
const defaulters: ReadonlyMap<string, Defaulter> = new Map([
  ['/Pod', over<kinds.Pod>(defaultPod)],
  ['/PodTemplate', over<kinds.PodTemplate>(defaultPodTemplate)],
  ['/ReplicationController', over<kinds.ReplicationController>(defaultReplicationController)],
  ['/Service', over<kinds.Service>(defaultService)],
  ['/Namespace', over<kinds.Namespace>(defaultNamespace)],
  ['/Node', over<kinds.Node>(defaultNode)],
  ['/PersistentVolume', over<kinds.PersistentVolume>(defaultPersistentVolume)],
  ['/PersistentVolumeClaim', over<kinds.PersistentVolumeClaim>(defaultPersistentVolumeClaim)],
  ['/ResourceQuota', over<kinds.ResourceQuota>(defaultResourceQuota)],
  ['/LimitRange', over<kinds.LimitRange>(defaultLimitRange)],
  ['apps/Deployment', over<kinds.Deployment>(defaultDeployment)],
  ['apps/ReplicaSet', over<kinds.ReplicaSet>(defaultReplicaSet)],
  ['apps/DaemonSet', over<kinds.DaemonSet>(defaultDaemonSet)],
  ['apps/StatefulSet', over<kinds.StatefulSet>(defaultStatefulSet)],
  ['batch/Job', over<kinds.Job>(defaultJob)],
  ['batch/CronJob', over<kinds.CronJob>(defaultCronJob)],
  ['autoscaling/HorizontalPodAutoscaler/v2', over<kinds.HorizontalPodAutoscaler>(defaultAutoscaler)],
  ['networking.k8s.io/NetworkPolicy', over<kinds.NetworkPolicy>(defaultNetworkPolicy)],
  ['rbac.authorization.k8s.io/RoleBinding', over<kinds.RoleBinding>(defaultRoleBinding)],
  ['rbac.authorization.k8s.io/ClusterRoleBinding', over<kinds.ClusterRoleBinding>(defaultRoleBinding)],
  [
    'apiextensions.k8s.io/CustomResourceDefinition',
    over<kinds.CustomResourceDefinition>(defaultCustomResourceDefinition),
  ],
]);

/** The pod templates that are plain structs in Go, and so are there and defaulted even when not written. */
const templates = new Map<string, readonly string[]>([
  ['/PodTemplate', ['template', 'spec']],
  ...['Deployment', 'ReplicaSet', 'DaemonSet', 'StatefulSet'].map(
    (kind) => [`apps/${kind}`, ['spec', 'template', 'spec']] as const,
  ),
  ['batch/Job', ['spec', 'template', 'spec']],
  ['batch/CronJob', ['spec', 'jobTemplate', 'spec', 'template', 'spec']],
]);

function makeStructs(object: JsonObject, path: readonly string[]): void {
  let at = object;
  for (const name of path) {
    const inner = at[name] ?? {};
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return;
    at[name] = inner;
    at = inner;
  }
}

/**
 * Fills in what Kubernetes v1.32 fills in (pkg/apis/<group>/<version>/defaults.go). The object is one that `decode`
 * made, so zero values that mean absence are absent. Changes `object` and returns it.
 */
export function applyDefaults(definition: Definition, object: JsonObject): JsonObject {
  const schema = definition.schema();
  if (schema.ref !== undefined) {
    // A built-in kind's spec and status are plain structs in Go: they exist, and are defaulted, even when not written.
    for (const part of ['spec', 'status']) {
      if (schema.properties[part]?.type === 'object') object[part] ??= {};
    }
  }
  object.metadata ??= {};
  const { group, version, kind } = definition;
  makeStructs(object, templates.get(`${group}/${kind}`) ?? []);
  applySchemaDefaults(schema, object);
  (defaulters.get(`${group}/${kind}`) ?? defaulters.get(`${group}/${kind}/${version}`))?.(object);
  return object;
}

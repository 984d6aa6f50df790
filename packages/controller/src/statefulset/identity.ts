/** Who a StatefulSet's pods are: name, ordinal, storage. Pure. */
import type { Draft, PersistentVolumeClaim, Pod, PodTemplateSpec, StatefulSet } from '@skiff/api';
import { revisionLabel } from '../runtime/history.ts';
import { controllerReference } from '../runtime/owners.ts';

const podNameLabel = 'statefulset.kubernetes.io/pod-name';
const podIndexLabel = 'apps.kubernetes.io/pod-index';

export const startOf = ({ spec }: StatefulSet): number => spec.ordinals?.start ?? 0;
export const podName = (set: StatefulSet, ordinal: number): string => `${set.metadata.name}-${ordinal}`;

/** The ordinal in a pod's name; undefined when the name is not one of the set's. */
export function ordinalOf(set: StatefulSet, name: string): number | undefined {
  const prefix = `${set.metadata.name}-`;
  const rest = name.startsWith(prefix) ? name.slice(prefix.length) : '';
  return /^(0|[1-9]\d{0,9})$/.test(rest) ? Number(rest) : undefined;
}

export const revisionOf = (pod: Pod): string | undefined => pod.metadata.labels?.[revisionLabel];

export function draftPod(set: StatefulSet, ordinal: number, template: PodTemplateSpec, revision: string): Draft<Pod> {
  const name = podName(set, ordinal);
  const { metadata, spec = { containers: [] } } = template;
  const claims = claimTemplates(set).map((claim) => claim.name);
  const volumes = [
    ...claims.map((claim) => ({ name: claim, persistentVolumeClaim: { claimName: `${claim}-${name}` } })),
    ...(spec.volumes ?? []).filter((volume) => !claims.includes(volume.name)),
  ];
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      generateName: `${set.metadata.name}-`,
      namespace: set.metadata.namespace ?? '',
      labels: {
        ...metadata?.labels,
        [podNameLabel]: name,
        [podIndexLabel]: String(ordinal),
        [revisionLabel]: revision,
      },
      annotations: { ...metadata?.annotations },
      finalizers: [...(metadata?.finalizers ?? [])],
      ownerReferences: [controllerReference({ ...set, apiVersion: 'apps/v1', kind: 'StatefulSet' })],
    },
    spec: {
      ...spec,
      hostname: name,
      ...(set.spec.serviceName === undefined || set.spec.serviceName === '' ? {} : { subdomain: set.spec.serviceName }),
      ...(volumes.length === 0 ? {} : { volumes }),
    },
  };
}

interface ClaimTemplate {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly spec: NonNullable<PersistentVolumeClaim['spec']>;
}

function claimTemplates(set: StatefulSet): ClaimTemplate[] {
  return (set.spec.volumeClaimTemplates ?? []).map(({ metadata, spec }) => ({
    name: metadata?.name ?? '',
    labels: { ...metadata?.labels, ...set.spec.selector.matchLabels },
    annotations: { ...metadata?.annotations },
    spec: spec ?? {},
  }));
}

/** The claims a pod needs before it can run. They outlive it. */
export function draftClaims(set: StatefulSet, ordinal: number): Draft<PersistentVolumeClaim>[] {
  return claimTemplates(set).map(({ name, labels, annotations, spec }) => ({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      name: `${name}-${podName(set, ordinal)}`,
      namespace: set.metadata.namespace ?? '',
      labels: { ...labels },
      annotations: { ...annotations },
    },
    spec,
  }));
}

/** Who a claim should go with, by the retention policy; undefined: with nobody. `pod`: of a replica that is not wanted any more. */
export function claimOwner(set: StatefulSet, condemned: Pod | undefined): StatefulSet | Pod | undefined {
  const policy = set.spec.persistentVolumeClaimRetentionPolicy;
  if (policy?.whenScaled === 'Delete' && condemned !== undefined) return condemned;
  return policy?.whenDeleted === 'Delete' ? set : undefined;
}

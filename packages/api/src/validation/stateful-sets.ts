/** StatefulSets (pkg/apis/apps/validation). */
import { goIntOrString, goPointer, goStruct } from '../algebra/go-text.ts';
import { deepEqual } from '../algebra/hash.ts';
import { field } from '../errors.ts';
import type { PodTemplateSpec, StatefulSet, StatefulSetSpec } from '../kinds/types.ts';
import { addIntOrPercent, addMoreThanAll, addNegative, type Faults, isNone, type Loose } from './support.ts';
import { addLongRunningTemplate, addSelector, shownStrategy } from './workloads.ts';

export function addStatefulSet(faults: Faults, { spec = {} }: Loose<StatefulSet>): void {
  const { podManagementPolicy: management } = spec;
  if (management === undefined) faults.push(field.required('spec.podManagementPolicy'));
  else if (management !== 'OrderedReady' && management !== 'Parallel') {
    faults.push(field.invalid('spec.podManagementPolicy', management, "must be 'OrderedReady' or 'Parallel'"));
  }
  addStatefulStrategy(faults, spec);
  const retention = spec.persistentVolumeClaimRetentionPolicy;
  for (const name of ['whenDeleted', 'whenScaled'] as const) {
    if (retention === undefined) continue;
    const policy = retention[name] ?? '';
    if (policy === 'Retain' || policy === 'Delete') continue;
    faults.push(field.notSupported(`spec.persistentVolumeClaimRetentionPolicy.${name}`, policy, ['Retain', 'Delete']));
  }
  addNegative(faults, 'spec.replicas', spec.replicas);
  addNegative(faults, 'spec.minReadySeconds', spec.minReadySeconds);
  addNegative(faults, 'spec.ordinals.start', spec.ordinals?.start);
  addNegative(faults, 'spec.revisionHistoryLimit', spec.revisionHistoryLimit);
  if (addSelector(faults, 'statefulset', spec.selector, spec.template)) {
    addLongRunningTemplate(faults, 'StatefulSet', withClaims(spec));
  }
}

/** A stateful pod mounts its claims as volumes of their names. */
function withClaims(spec: Loose<StatefulSetSpec>): Loose<PodTemplateSpec> | undefined {
  if (spec.template === undefined) return undefined;
  const claims = (spec.volumeClaimTemplates ?? [])
    .map((claim) => claim.metadata?.name ?? '')
    .filter((name) => name !== '');
  if (claims.length === 0) return spec.template;
  const claimed = new Set(claims);
  const own = (spec.template.spec?.volumes ?? []).filter((volume) => !claimed.has(volume.name ?? ''));
  const volumes = [...own, ...claims.map((name) => ({ name, persistentVolumeClaim: { claimName: name } }))];
  return { ...spec.template, spec: { ...spec.template.spec, volumes } };
}

function addStatefulStrategy(faults: Faults, { updateStrategy = {} }: Loose<StatefulSetSpec>): void {
  const path = 'spec.updateStrategy';
  const { type, rollingUpdate } = updateStrategy;
  if (type === 'OnDelete') {
    if (rollingUpdate !== undefined) {
      const why = "only allowed for updateStrategy 'RollingUpdate'";
      faults.push(field.invalid(`${path}.rollingUpdate`, shownRollingUpdate(rollingUpdate), why));
    }
  } else if (type === 'RollingUpdate') {
    addNegative(faults, `${path}.rollingUpdate.partition`, rollingUpdate?.partition);
    const maxUnavailable = rollingUpdate?.maxUnavailable;
    addIntOrPercent(faults, `${path}.rollingUpdate.maxUnavailable`, maxUnavailable);
    if (isNone(maxUnavailable)) {
      faults.push(field.invalid(`${path}.rollingUpdate.maxUnavailable`, goIntOrString(maxUnavailable), 'cannot be 0'));
    }
    addMoreThanAll(faults, `${path}.rollingUpdate.maxUnavailable`, maxUnavailable);
  } else {
    const shown = shownStrategy('StatefulSet', 'UpdateStrategy', updateStrategy);
    faults.push(field.invalid(path, shown, "must be 'RollingUpdate' or 'OnDelete'"));
  }
}

const shownRollingUpdate = ({ partition, maxUnavailable }: { partition?: number; maxUnavailable?: number | string }) =>
  goStruct('apps.RollingUpdateStatefulSetStrategy', {
    Partition: partition ?? 0,
    MaxUnavailable: goPointer('intstr.IntOrString', maxUnavailable),
  });

const statefulChangeable = [
  'replicas',
  'ordinals',
  'template',
  'updateStrategy',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
] as const;

export function addStatefulSetUpdate(faults: Faults, next: Loose<StatefulSet>, previous: Loose<StatefulSet>): void {
  const fixed = ({ spec = {} }: Loose<StatefulSet>): Loose<StatefulSetSpec> => {
    const copy = { ...spec };
    for (const name of statefulChangeable) delete copy[name];
    return copy;
  };
  if (deepEqual(fixed(next), fixed(previous))) return;
  const why =
    "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";
  faults.push(field.forbidden('spec', why));
}

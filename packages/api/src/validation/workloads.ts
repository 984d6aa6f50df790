/** Deployment, ReplicaSet, ReplicationController, DaemonSet, StatefulSet, ControllerRevision (pkg/apis/apps/validation). */

import { goMap, goSelector } from '../algebra/go-text.ts';
import { deepEqual } from '../algebra/hash.ts';
import { matchesLabels, toSelector } from '../algebra/labels.ts';
import { field } from '../errors.ts';
import type {
  ControllerRevision,
  DaemonSet,
  DaemonSetSpec,
  Deployment,
  DeploymentSpec,
  LabelSelector,
  PodTemplate,
  PodTemplateSpec,
  ReplicaSet,
  ReplicationController,
  StatefulSet,
  StatefulSetSpec,
} from '../kinds/types.ts';
import { addPodTemplate } from './pod/spec.ts';
import { addLabelSelector, isEmptySelector } from './selectors.ts';
import {
  addChanged,
  addIntOrPercent,
  addMoreThanAll,
  addNegative,
  addUnsupported,
  type Faults,
  isNone,
  type Loose,
} from './support.ts';

const mismatch = '`selector` does not match template `labels`';

/** A controller's selector: there, not empty, and true of the pods its template makes. */
function addSelector(
  faults: Faults,
  kind: string,
  selector: Loose<LabelSelector> | undefined,
  template: Loose<PodTemplateSpec> | undefined,
): void {
  if (selector === undefined) return void faults.push(field.required('spec.selector'));
  const before = faults.length;
  addLabelSelector(faults, selector, 'spec.selector');
  if (isEmptySelector(selector)) {
    faults.push(field.invalid('spec.selector', goSelector(selector), `empty selector is invalid for ${kind}`));
  }
  const labels = (template?.metadata?.labels ?? {}) as Record<string, string>;
  if (faults.length === before && !matchesLabels(toSelector(selector as LabelSelector), labels)) {
    faults.push(field.invalid('spec.template.metadata.labels', goMap('string', labels), mismatch));
  }
}

/** Pods of these kinds are restarted for ever, and have no deadline. */
function addLongRunningTemplate(faults: Faults, kind: string, template: Loose<PodTemplateSpec> | undefined): void {
  if (template === undefined) return void faults.push(field.required('spec.template'));
  addPodTemplate(faults, template, 'spec.template');
  const policy = template.spec?.restartPolicy;
  if (policy !== undefined && policy !== 'Always') {
    faults.push(field.notSupported('spec.template.spec.restartPolicy', policy, ['Always']));
  }
  if (template.spec?.activeDeadlineSeconds !== undefined) {
    const why = `activeDeadlineSeconds in ${kind} is not Supported`;
    faults.push(field.forbidden('spec.template.spec.activeDeadlineSeconds', why));
  }
}

export function addDeployment(faults: Faults, { spec = {} }: Loose<Deployment>): void {
  addNegative(faults, 'spec.replicas', spec.replicas);
  addSelector(faults, 'deployment', spec.selector, spec.template);
  addLongRunningTemplate(faults, 'ReplicaSet', spec.template);
  addStrategy(faults, spec);
  addNegative(faults, 'spec.minReadySeconds', spec.minReadySeconds);
  addNegative(faults, 'spec.revisionHistoryLimit', spec.revisionHistoryLimit);
  addNegative(faults, 'spec.progressDeadlineSeconds', spec.progressDeadlineSeconds);
  const deadline = spec.progressDeadlineSeconds;
  if (deadline !== undefined && deadline <= (spec.minReadySeconds ?? 0)) {
    faults.push(field.invalid('spec.progressDeadlineSeconds', deadline, 'must be greater than minReadySeconds'));
  }
}

function addStrategy(faults: Faults, { strategy = {} }: Loose<DeploymentSpec>): void {
  const path = 'spec.strategy';
  if (strategy.type === 'Recreate') {
    if (strategy.rollingUpdate !== undefined) {
      const why = "may not be specified when strategy `type` is 'Recreate'";
      faults.push(field.forbidden(`${path}.rollingUpdate`, why));
    }
    return;
  }
  if (strategy.type !== 'RollingUpdate') {
    return void addUnsupported(faults, `${path}.type`, strategy.type, ['Recreate', 'RollingUpdate']);
  }
  if (strategy.rollingUpdate === undefined) {
    const why = 'this should be defaulted and never be nil';
    return void faults.push(field.required(`${path}.rollingUpdate`, why));
  }
  addRollingUpdate(faults, strategy.rollingUpdate, `${path}.rollingUpdate`);
}

interface RollingUpdate {
  maxUnavailable?: number | string;
  maxSurge?: number | string;
}

function addRollingUpdate(faults: Faults, { maxUnavailable, maxSurge }: RollingUpdate, path: string): void {
  addIntOrPercent(faults, `${path}.maxUnavailable`, maxUnavailable);
  addIntOrPercent(faults, `${path}.maxSurge`, maxSurge);
  if (isNone(maxUnavailable) && isNone(maxSurge)) {
    faults.push(field.invalid(`${path}.maxUnavailable`, maxUnavailable, 'may not be 0 when `maxSurge` is 0'));
  }
  addMoreThanAll(faults, `${path}.maxUnavailable`, maxUnavailable);
}

/** The selector of these kinds is what makes their pods theirs: it never changes. */
export function addSelectorUpdate(
  faults: Faults,
  next: { spec?: { selector?: unknown } },
  previous: { spec?: { selector?: unknown } },
): void {
  const { selector } = next.spec ?? {};
  addChanged(faults, 'spec.selector', selector, previous.spec?.selector, goSelector(selector as Loose<LabelSelector>));
}

export function addReplicaSet(faults: Faults, { spec = {} }: Loose<ReplicaSet>): void {
  addNegative(faults, 'spec.replicas', spec.replicas);
  addNegative(faults, 'spec.minReadySeconds', spec.minReadySeconds);
  addSelector(faults, 'deployment', spec.selector, spec.template);
  addLongRunningTemplate(faults, 'ReplicaSet', spec.template);
}

export function addReplicationController(faults: Faults, { spec = {} }: Loose<ReplicationController>): void {
  addNegative(faults, 'spec.minReadySeconds', spec.minReadySeconds);
  addNegative(faults, 'spec.replicas', spec.replicas);
  const selector = (spec.selector ?? {}) as Record<string, string>;
  if (Object.keys(selector).length === 0) faults.push(field.required('spec.selector'));
  addLongRunningTemplate(faults, 'ReplicationController', spec.template);
  const labels = (spec.template?.metadata?.labels ?? {}) as Record<string, string>;
  if (spec.template !== undefined && !matchesLabels(toSelector({ matchLabels: selector }), labels)) {
    faults.push(field.invalid('spec.template.metadata.labels', goMap('string', labels), mismatch));
  }
}

export function addDaemonSet(faults: Faults, { spec = {} }: Loose<DaemonSet>): void {
  addSelector(faults, 'daemonset', spec.selector, spec.template);
  addLongRunningTemplate(faults, 'DaemonSet', spec.template);
  addNegative(faults, 'spec.minReadySeconds', spec.minReadySeconds);
  addDaemonStrategy(faults, spec);
  addNegative(faults, 'spec.revisionHistoryLimit', spec.revisionHistoryLimit);
}

function addDaemonStrategy(faults: Faults, { updateStrategy = {} }: Loose<DaemonSetSpec>): void {
  const path = 'spec.updateStrategy';
  if (updateStrategy.type === 'OnDelete') return;
  if (updateStrategy.type !== 'RollingUpdate') {
    return void addUnsupported(faults, `${path}.type`, updateStrategy.type, ['OnDelete', 'RollingUpdate']);
  }
  const { maxUnavailable, maxSurge } = updateStrategy.rollingUpdate ?? {};
  const at = `${path}.rollingUpdate`;
  addIntOrPercent(faults, `${at}.maxUnavailable`, maxUnavailable);
  addMoreThanAll(faults, `${at}.maxUnavailable`, maxUnavailable);
  addIntOrPercent(faults, `${at}.maxSurge`, maxSurge);
  addMoreThanAll(faults, `${at}.maxSurge`, maxSurge);
  const isUnavailableZero = isNone(maxUnavailable);
  if (isUnavailableZero && isNone(maxSurge)) {
    faults.push(field.required(`${at}.maxUnavailable`, 'cannot be 0 when maxSurge is 0'));
  } else if (!isUnavailableZero && maxSurge !== undefined && !isNone(maxSurge)) {
    faults.push(field.invalid(`${at}.maxSurge`, maxSurge, 'may not be set when maxUnavailable is non-zero'));
  }
}

export function addStatefulSet(faults: Faults, { spec = {} }: Loose<StatefulSet>): void {
  addUnsupported(faults, 'spec.podManagementPolicy', spec.podManagementPolicy, ['OrderedReady', 'Parallel']);
  addStatefulStrategy(faults, spec);
  const retention = spec.persistentVolumeClaimRetentionPolicy;
  for (const name of ['whenDeleted', 'whenScaled'] as const) {
    if (retention === undefined) continue;
    addUnsupported(faults, `spec.persistentVolumeClaimRetentionPolicy.${name}`, retention[name], ['Delete', 'Retain']);
  }
  addNegative(faults, 'spec.replicas', spec.replicas);
  addNegative(faults, 'spec.minReadySeconds', spec.minReadySeconds);
  addNegative(faults, 'spec.ordinals.start', spec.ordinals?.start);
  addNegative(faults, 'spec.revisionHistoryLimit', spec.revisionHistoryLimit);
  addSelector(faults, 'statefulset', spec.selector, spec.template);
  addLongRunningTemplate(faults, 'StatefulSet', withClaims(spec));
}

/** A stateful pod mounts its claims as volumes of their names. */
function withClaims(spec: Loose<StatefulSetSpec>): Loose<PodTemplateSpec> | undefined {
  if (spec.template === undefined) return undefined;
  const claims = (spec.volumeClaimTemplates ?? [])
    .map((claim) => claim.metadata?.name ?? '')
    .filter((name) => name !== '');
  if (claims.length === 0) return spec.template;
  const own = (spec.template.spec?.volumes ?? []).filter((volume) => !claims.includes(volume.name ?? ''));
  const volumes = [...own, ...claims.map((name) => ({ name, persistentVolumeClaim: { claimName: name } }))];
  return { ...spec.template, spec: { ...spec.template.spec, volumes } };
}

function addStatefulStrategy(faults: Faults, { updateStrategy = {} }: Loose<StatefulSetSpec>): void {
  const path = 'spec.updateStrategy';
  const { type, rollingUpdate } = updateStrategy;
  if (type === 'OnDelete') {
    if (rollingUpdate !== undefined) {
      const why = "only allowed for updateStrategy 'RollingUpdate'";
      faults.push(field.invalid(`${path}.rollingUpdate`, rollingUpdate, why));
    }
  } else if (type === 'RollingUpdate') {
    addNegative(faults, `${path}.rollingUpdate.partition`, rollingUpdate?.partition);
    const maxUnavailable = rollingUpdate?.maxUnavailable;
    addIntOrPercent(faults, `${path}.rollingUpdate.maxUnavailable`, maxUnavailable);
    addMoreThanAll(faults, `${path}.rollingUpdate.maxUnavailable`, maxUnavailable);
    if (isNone(maxUnavailable)) {
      faults.push(field.invalid(`${path}.rollingUpdate.maxUnavailable`, maxUnavailable, 'cannot be 0'));
    }
  } else addUnsupported(faults, `${path}.type`, type, ['OnDelete', 'RollingUpdate']);
}

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

export function addControllerRevision(faults: Faults, revision: Loose<ControllerRevision>): void {
  if (revision.data === undefined) faults.push(field.required('data', 'data is mandatory'));
  addNegative(faults, 'revision', revision.revision);
}

export function addControllerRevisionUpdate(
  faults: Faults,
  next: Loose<ControllerRevision>,
  previous: Loose<ControllerRevision>,
): void {
  addChanged(faults, 'data', next.data, previous.data);
}

export function addPodTemplateKind(faults: Faults, { template = {} }: Loose<PodTemplate>): void {
  addPodTemplate(faults, template, 'template');
}

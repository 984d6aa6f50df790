/** Deployment, ReplicaSet, ReplicationController, DaemonSet, StatefulSet, ControllerRevision (pkg/apis/apps/validation). */

import { type GoText, goIntOrString, goMap, goPointer, goSelector, goStruct } from '../algebra/go-text.ts';
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
} from '../kinds/types.ts';
import { addPodTemplate } from './pod/spec.ts';
import { addLabelSelector, isEmptySelector } from './selectors.ts';
import {
  addChanged,
  addIntOrPercent,
  addMoreThanAll,
  addNegative,
  type Faults,
  isNone,
  type Loose,
} from './support.ts';

const mismatch = '`selector` does not match template `labels`';

/** `map[string]string{...}`, or nil where no label is. */
const shownLabels = (template: Loose<PodTemplateSpec> | undefined) =>
  goMap('string', template?.metadata?.labels as Record<string, string> | undefined);

function addMismatch(
  faults: Faults,
  selector: Loose<LabelSelector> | undefined,
  template?: Loose<PodTemplateSpec>,
): void {
  const labels = (template?.metadata?.labels ?? {}) as Record<string, string>;
  if (selector !== undefined && matchesLabels(toSelector(selector as LabelSelector), labels)) return;
  faults.push(field.invalid('spec.template.metadata.labels', shownLabels(template), mismatch));
}

/**
 * A controller's selector: there, not empty, and true of the pods its template makes. False when it cannot be read; then
 * the template is not looked at.
 */
export function addSelector(
  faults: Faults,
  kind: string,
  selector: Loose<LabelSelector> | undefined,
  template: Loose<PodTemplateSpec> | undefined,
): boolean {
  const before = faults.length;
  if (selector === undefined) faults.push(field.required('spec.selector'));
  else addLabelSelector(faults, selector, 'spec.selector');
  const isReadable = selector === undefined || faults.length === before;
  if (selector !== undefined && isEmptySelector(selector)) {
    faults.push(field.invalid('spec.selector', goSelector(selector), `empty selector is invalid for ${kind}`));
  }
  if (isReadable) addMismatch(faults, selector, template);
  else {
    const why = kind === 'statefulset' ? '' : 'invalid label selector';
    faults.push(field.invalid('spec.selector', goSelector(selector), why));
  }
  return isReadable;
}

/** Pods of these kinds are restarted for ever, and have no deadline. */
export function addLongRunningTemplate(
  faults: Faults,
  kind: string,
  template: Loose<PodTemplateSpec> | undefined,
): void {
  if (template === undefined) return void faults.push(field.required('spec.template.spec.containers'));
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
  if (addSelector(faults, 'deployment', spec.selector, spec.template)) {
    addLongRunningTemplate(faults, 'ReplicaSet', spec.template);
  }
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
    const shown = shownStrategy('Deployment', 'Strategy', strategy);
    return void faults.push(field.notSupported(path, shown, ['Recreate', 'RollingUpdate']));
  }
  if (strategy.rollingUpdate === undefined) {
    const why = 'this should be defaulted and never be nil';
    return void faults.push(field.required(`${path}.rollingUpdate`, why));
  }
  addRollingUpdate(faults, strategy.rollingUpdate, `${path}.rollingUpdate`);
}

/** A strategy of a type that is not known; what it rolls by stands behind a pointer and is not told. */
export const shownStrategy = (
  kind: string,
  name: string,
  strategy: { type?: string; rollingUpdate?: object },
): GoText =>
  goStruct(`apps.${kind}${name}`, {
    Type: strategy.type,
    RollingUpdate: goPointer(
      `apps.RollingUpdate${kind}${kind === 'StatefulSet' ? 'Strategy' : ''}`,
      strategy.rollingUpdate,
    ),
  });

interface RollingUpdate {
  maxUnavailable?: number | string;
  maxSurge?: number | string;
}

function addRollingUpdate(faults: Faults, { maxUnavailable, maxSurge }: RollingUpdate, path: string): void {
  addIntOrPercent(faults, `${path}.maxUnavailable`, maxUnavailable);
  addIntOrPercent(faults, `${path}.maxSurge`, maxSurge);
  if (isNone(maxUnavailable) && isNone(maxSurge)) {
    const why = 'may not be 0 when `maxSurge` is 0';
    faults.push(field.invalid(`${path}.maxUnavailable`, goIntOrString(maxUnavailable), why));
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
  if (addSelector(faults, 'deployment', spec.selector, spec.template)) {
    addLongRunningTemplate(faults, 'ReplicaSet', spec.template);
  }
}

export function addReplicationController(faults: Faults, { spec = {} }: Loose<ReplicationController>): void {
  addNegative(faults, 'spec.minReadySeconds', spec.minReadySeconds);
  addNegative(faults, 'spec.replicas', spec.replicas);
  const selector = (spec.selector ?? {}) as Record<string, string>;
  if (Object.keys(selector).length === 0) faults.push(field.required('spec.selector'));
  addLongRunningTemplate(faults, 'ReplicationController', spec.template);
  const labels = (spec.template?.metadata?.labels ?? {}) as Record<string, string>;
  if (spec.template !== undefined && !matchesLabels(toSelector({ matchLabels: selector }), labels)) {
    faults.push(field.invalid('spec.template.metadata.labels', shownLabels(spec.template), mismatch));
  }
}

export function addReplicationControllerStatus(faults: Faults, { status = {} }: Loose<ReplicationController>): void {
  const { replicas = 0, readyReplicas = 0 } = status;
  const parts = ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas'] as const;
  for (const name of ['replicas', ...parts, 'observedGeneration'] as const)
    addNegative(faults, `status.${name}`, status[name]);
  for (const name of parts) {
    const count = status[name] ?? 0;
    if (count > replicas) faults.push(field.invalid(`status.${name}`, count, 'cannot be greater than status.replicas'));
  }
  const { availableReplicas = 0 } = status;
  if (availableReplicas > readyReplicas)
    faults.push(field.invalid('status.availableReplicas', availableReplicas, 'cannot be greater than readyReplicas'));
}

export function addDaemonSet(faults: Faults, { spec = {} }: Loose<DaemonSet>): void {
  const before = faults.length;
  addLabelSelector(faults, spec.selector, 'spec.selector');
  if (faults.length === before) addMismatch(faults, spec.selector, spec.template);
  if (spec.selector !== undefined && isEmptySelector(spec.selector)) {
    faults.push(field.invalid('spec.selector', goSelector(spec.selector), 'empty selector is invalid for daemonset'));
  }
  addLongRunningTemplate(faults, 'DaemonSet', spec.template);
  addNegative(faults, 'spec.minReadySeconds', spec.minReadySeconds);
  addDaemonStrategy(faults, spec);
  addNegative(faults, 'spec.revisionHistoryLimit', spec.revisionHistoryLimit);
}

function addDaemonStrategy(faults: Faults, { updateStrategy = {} }: Loose<DaemonSetSpec>): void {
  const path = 'spec.updateStrategy';
  if (updateStrategy.type === 'OnDelete') return;
  if (updateStrategy.type !== 'RollingUpdate') {
    const shown = shownStrategy('DaemonSet', 'UpdateStrategy', updateStrategy);
    return void faults.push(field.notSupported(path, shown, ['RollingUpdate', 'OnDelete']));
  }
  const { maxUnavailable, maxSurge } = updateStrategy.rollingUpdate ?? {};
  const at = `${path}.rollingUpdate`;
  addIntOrPercent(faults, `${at}.maxUnavailable`, maxUnavailable);
  addIntOrPercent(faults, `${at}.maxSurge`, maxSurge);
  addMoreThanAll(faults, `${at}.maxUnavailable`, maxUnavailable);
  addMoreThanAll(faults, `${at}.maxSurge`, maxSurge);
  const isUnavailableZero = isNone(maxUnavailable);
  if (isUnavailableZero && isNone(maxSurge)) {
    faults.push(field.required(`${at}.maxUnavailable`, 'cannot be 0 when maxSurge is 0'));
  } else if (!isUnavailableZero && maxSurge !== undefined && !isNone(maxSurge)) {
    const why = 'may not be set when maxUnavailable is non-zero';
    faults.push(field.invalid(`${at}.maxSurge`, goIntOrString(maxSurge), why));
  }
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

/** HorizontalPodAutoscaler (autoscaling/v2 and v1) and PodDisruptionBudget. */

import { goQuantity } from '../algebra/go-quantity.ts';
import { goPointer, goStruct } from '../algebra/go-text.ts';
import { checkDns1123Label, checkPathSegment } from '../algebra/names.ts';
import { tryParseQuantity } from '../algebra/quantity.ts';
import { field } from '../errors.ts';
import type {
  ContainerResourceMetricSource,
  HorizontalPodAutoscaler,
  HorizontalPodAutoscalerV1,
  HPAScalingRules,
  MetricSpec,
  MetricTarget,
  PodDisruptionBudget,
} from '../kinds/types.ts';
import { addContainerResourceName } from './pod/resources.ts';
import { addLabelSelector } from './selectors.ts';
import {
  addEach,
  addIntOrPercent,
  addMoreThanAll,
  addUnsupported,
  addUnsupportedIfSet,
  type Faults,
  type Loose,
  positiveMessage,
} from './support.ts';

interface ScaleBounds {
  minReplicas?: number;
  maxReplicas?: number;
  scaleTargetRef?: { kind?: string; name?: string };
}

function addBounds(faults: Faults, spec: ScaleBounds): void {
  const { minReplicas, maxReplicas = 0, scaleTargetRef = {} } = spec;
  if (minReplicas !== undefined && minReplicas < 1) {
    faults.push(field.invalid('spec.minReplicas', minReplicas, 'must be greater than or equal to 1'));
  }
  if (maxReplicas < 1) faults.push(field.invalid('spec.maxReplicas', maxReplicas, positiveMessage));
  if (minReplicas !== undefined && maxReplicas < minReplicas) {
    faults.push(field.invalid('spec.maxReplicas', maxReplicas, 'must be greater than or equal to `minReplicas`'));
  }
  addReference(faults, scaleTargetRef, 'spec.scaleTargetRef');
}

/** A CrossVersionObjectReference: names that can stand in a path. */
function addReference(faults: Faults, reference: { kind?: string; name?: string }, path: string): void {
  for (const name of ['kind', 'name'] as const) {
    const value = reference[name] ?? '';
    if (value === '') faults.push(field.required(`${path}.${name}`));
    else addEach(faults, `${path}.${name}`, value, checkPathSegment(value));
  }
}

/** v1's one target is checked as the metric that it becomes. */
export function addAutoscalerV1(faults: Faults, { spec = {} }: Loose<HorizontalPodAutoscalerV1>): void {
  addBounds(faults, spec);
  const percent = spec.targetCPUUtilizationPercentage;
  if (percent !== undefined && percent < 1) {
    faults.push(field.invalid('spec.metrics[0].resource.target.averageUtilization', percent, positiveMessage));
  }
}

/** The order in which Kubernetes looks for sources: of several the first one counts. */
const sources = {
  Object: 'object',
  External: 'external',
  Pods: 'pods',
  Resource: 'resource',
  ContainerResource: 'containerResource',
} as const;
const sourceTypes = Object.keys(sources).sort();

export function addAutoscaler(faults: Faults, { spec = {} }: Loose<HorizontalPodAutoscaler>): void {
  addBounds(faults, spec);
  for (const [index, metric] of (spec.metrics ?? []).entries()) addMetric(faults, metric, `spec.metrics[${index}]`);
  addRules(faults, spec.behavior?.scaleUp, 'spec.behavior.scaleUp');
  addRules(faults, spec.behavior?.scaleDown, 'spec.behavior.scaleDown');
}

function addMetric(faults: Faults, metric: Loose<MetricSpec>, path: string): void {
  const type = metric.type ?? '';
  if (type === '') faults.push(field.required(`${path}.type`, 'must specify a metric source type'));
  const wanted = Object.hasOwn(sources, type) ? sources[type as keyof typeof sources] : undefined;
  const unknown = field.notSupported(`${path}.type`, type, sourceTypes);
  if (wanted === undefined) faults.push(unknown);
  const given = Object.values(sources).filter((name) => metric[name] !== undefined);
  const [first] = given;
  if (first !== undefined) addSource(faults, first, metric, `${path}.${first}`);
  // Kubernetes looks twice, and so has two causes of it.
  if (wanted === undefined) faults.push(unknown);
  else if (metric[wanted] === undefined) {
    faults.push(field.required(`${path}.${wanted}`, 'must populate information for the given metric source'));
  }
  // One that is not the wanted is let through.
  if (given.length < 2) return;
  for (const name of given) {
    if (name !== wanted) faults.push(field.forbidden(`${path}.${name}`, 'must populate the given metric source only'));
  }
}

type SourceName = (typeof sources)[keyof typeof sources];

/** The first source of a metric. */
function addSource(faults: Faults, name: SourceName, metric: Loose<MetricSpec>, path: string): void {
  const { resource = {}, containerResource = {}, pods = {}, object = {}, external = {} } = metric;
  switch (name) {
    case 'resource':
      addResource(faults, resource, path);
      return;
    case 'containerResource':
      addResource(faults, containerResource, path, () => addContainer(faults, containerResource, path));
      return;
    case 'pods':
      addIdentified(faults, pods, path);
      if (pods.target?.averageValue === undefined) {
        faults.push(field.required(`${path}.target.averageValue`, 'must specify a positive target averageValue'));
      }
      return;
    case 'object': {
      addReference(faults, object.describedObject ?? {}, `${path}.describedObject`);
      addIdentified(faults, object, path);
      const { value, averageValue } = object.target ?? {};
      if (value === undefined && averageValue === undefined) {
        faults.push(field.required(`${path}.target.averageValue`, 'must set either a target value or averageValue'));
      }
      return;
    }
    case 'external':
      addIdentified(faults, external, path);
      addOneValue(faults, external.target, `${path}.target`);
  }
}

/** A metric from outside is held against one number: as it is, or for each pod. */
function addOneValue(faults: Faults, target: Loose<MetricTarget> | undefined, path: string): void {
  const { value, averageValue } = target ?? {};
  if (value === undefined && averageValue === undefined) {
    const why = 'must set either a target value for metric or a per-pod target';
    faults.push(field.required(`${path}.averageValue`, why));
  } else if (value !== undefined && averageValue !== undefined) {
    const why = 'may not set both a target value for metric and a per-pod target';
    faults.push(field.forbidden(`${path}.value`, why));
  }
}

function addContainer(faults: Faults, source: Loose<ContainerResourceMetricSource>, path: string): void {
  const { name = '', container = '' } = source;
  if (name !== '') addContainerResourceName(faults, name, `${path}.name`);
  if (container === '') faults.push(field.required(`${path}.container`, 'must specify a container'));
  else addEach(faults, `${path}.container`, container, checkDns1123Label(container));
}

interface Resource {
  name?: string;
  target?: Loose<MetricTarget>;
}

/** The resource of a pod, or of one of its containers, which `addMore` looks at between its name and its target. */
function addResource(faults: Faults, { name = '', target = {} }: Resource, path: string, addMore?: () => void): void {
  if (name === '') faults.push(field.required(`${path}.name`, 'must specify a resource name'));
  addMore?.();
  addTarget(faults, target, `${path}.target`);
  const { averageUtilization, averageValue } = target;
  if (averageUtilization === undefined && averageValue === undefined) {
    const why = 'must set either a target raw value or a target utilization';
    faults.push(field.required(`${path}.target.averageUtilization`, why));
  } else if (averageUtilization !== undefined && averageValue !== undefined) {
    const why = 'may not set both a target raw value and a target utilization';
    faults.push(field.forbidden(`${path}.target.averageValue`, why));
  }
}

interface Identified {
  metric?: { name?: string };
  target?: Loose<MetricTarget>;
}

/** A metric by name, and its target. */
function addIdentified(faults: Faults, { metric = {}, target = {} }: Identified, path: string): void {
  const { name = '' } = metric;
  if (name === '') faults.push(field.required(`${path}.metric.name`, 'must specify a metric name'));
  else addEach(faults, `${path}.metric.name`, name, checkPathSegment(name));
  addTarget(faults, target, `${path}.target`);
}

const targetTypes = ['Utilization', 'Value', 'AverageValue'];

function addTarget(faults: Faults, target: Loose<MetricTarget>, path: string): void {
  const { type = '', averageUtilization } = target;
  if (type === '') faults.push(field.required(`${path}.type`, 'must specify a metric target type'));
  if (!targetTypes.includes(type)) {
    faults.push(field.invalid(`${path}.type`, type, 'must be either Utilization, Value, or AverageValue'));
  }
  for (const name of ['value', 'averageValue'] as const) {
    const value = target[name];
    if (value !== undefined && (tryParseQuantity(value)?.nano ?? 1n) <= 0n) {
      faults.push(field.invalid(`${path}.${name}`, goQuantity(value), 'must be positive'));
    }
  }
  if (averageUtilization !== undefined && averageUtilization < 1) {
    faults.push(field.invalid(`${path}.averageUtilization`, averageUtilization, positiveMessage));
  }
}

const maxWindowSeconds = 3600;
const maxPeriodSeconds = 1800;

function addRules(faults: Faults, rules: Loose<HPAScalingRules> | undefined, path: string): void {
  if (rules === undefined) return;
  const { stabilizationWindowSeconds: window, policies = [] } = rules;
  if (window !== undefined && window < 0) {
    faults.push(field.invalid(`${path}.stabilizationWindowSeconds`, window, 'must be greater than or equal to zero'));
  }
  if (window !== undefined && window > maxWindowSeconds) {
    const why = `must be less than or equal to ${maxWindowSeconds}`;
    faults.push(field.invalid(`${path}.stabilizationWindowSeconds`, window, why));
  }
  addUnsupportedIfSet(faults, `${path}.selectPolicy`, rules.selectPolicy, ['Disabled', 'Max', 'Min']);
  if (policies.length === 0) faults.push(field.required(`${path}.policies`, 'must specify at least one Policy'));
  for (const [index, policy] of policies.entries()) {
    const at = `${path}.policies[${index}]`;
    addUnsupported(faults, `${at}.type`, policy.type, ['Percent', 'Pods']);
    const { value = 0, periodSeconds = 0 } = policy;
    if (value <= 0) faults.push(field.invalid(`${at}.value`, value, 'must be greater than zero'));
    if (periodSeconds <= 0)
      faults.push(field.invalid(`${at}.periodSeconds`, periodSeconds, 'must be greater than zero'));
    if (periodSeconds > maxPeriodSeconds) {
      const why = `must be less than or equal to ${maxPeriodSeconds}`;
      faults.push(field.invalid(`${at}.periodSeconds`, periodSeconds, why));
    }
  }
}

export function addDisruptionBudget(faults: Faults, { spec = {} }: Loose<PodDisruptionBudget>): void {
  const { minAvailable, maxUnavailable } = spec;
  if (minAvailable !== undefined && maxUnavailable !== undefined) {
    const shown = goStruct('policy.PodDisruptionBudgetSpec', {
      MinAvailable: goPointer('intstr.IntOrString', minAvailable),
      Selector: goPointer('v1.LabelSelector', spec.selector),
      MaxUnavailable: goPointer('intstr.IntOrString', maxUnavailable),
      UnhealthyPodEvictionPolicy: goPointer('policy.UnhealthyPodEvictionPolicyType', spec.unhealthyPodEvictionPolicy),
    });
    faults.push(field.invalid('spec', shown, 'minAvailable and maxUnavailable cannot be both set'));
  }
  addIntOrPercent(faults, 'spec.minAvailable', minAvailable);
  addMoreThanAll(faults, 'spec.minAvailable', minAvailable);
  addIntOrPercent(faults, 'spec.maxUnavailable', maxUnavailable);
  addMoreThanAll(faults, 'spec.maxUnavailable', maxUnavailable);
  addLabelSelector(faults, spec.selector, 'spec.selector');
  addUnsupportedIfSet(faults, 'spec.unhealthyPodEvictionPolicy', spec.unhealthyPodEvictionPolicy, [
    'AlwaysAllow',
    'IfHealthyBudget',
  ]);
}

/** HorizontalPodAutoscaler (autoscaling/v2 and v1) and PodDisruptionBudget. */
import { checkPathSegment } from '../algebra/names.ts';
import { tryParseQuantity } from '../algebra/quantity.ts';
import { field } from '../errors.ts';
import type {
  HorizontalPodAutoscaler,
  HorizontalPodAutoscalerV1,
  HPAScalingRules,
  MetricSpec,
  MetricTarget,
  PodDisruptionBudget,
} from '../kinds/types.ts';
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
  else if (minReplicas !== undefined && maxReplicas < minReplicas) {
    faults.push(field.invalid('spec.maxReplicas', maxReplicas, 'must be greater than or equal to `minReplicas`'));
  }
  for (const name of ['kind', 'name'] as const) {
    const value = scaleTargetRef[name] ?? '';
    if (value === '') faults.push(field.required(`spec.scaleTargetRef.${name}`));
    else addEach(faults, `spec.scaleTargetRef.${name}`, value, checkPathSegment(value));
  }
}

export function addAutoscalerV1(faults: Faults, { spec = {} }: Loose<HorizontalPodAutoscalerV1>): void {
  addBounds(faults, spec);
  const percent = spec.targetCPUUtilizationPercentage;
  if (percent !== undefined && percent < 1) {
    faults.push(field.invalid('spec.targetCPUUtilizationPercentage', percent, positiveMessage));
  }
}

const sources = {
  ContainerResource: 'containerResource',
  External: 'external',
  Object: 'object',
  Pods: 'pods',
  Resource: 'resource',
} as const;

export function addAutoscaler(faults: Faults, { spec = {} }: Loose<HorizontalPodAutoscaler>): void {
  addBounds(faults, spec);
  for (const [index, metric] of (spec.metrics ?? []).entries()) addMetric(faults, metric, `spec.metrics[${index}]`);
  addRules(faults, spec.behavior?.scaleUp, 'spec.behavior.scaleUp');
  addRules(faults, spec.behavior?.scaleDown, 'spec.behavior.scaleDown');
}

function addMetric(faults: Faults, metric: Loose<MetricSpec>, path: string): void {
  const type = metric.type ?? '';
  if (type === '') return void faults.push(field.required(`${path}.type`, 'must specify a metric source type'));
  if (!Object.hasOwn(sources, type)) {
    return void faults.push(field.notSupported(`${path}.type`, type, Object.keys(sources)));
  }
  const wanted = sources[type as keyof typeof sources];
  for (const name of Object.values(sources)) {
    if (name !== wanted && metric[name] !== undefined) {
      const why = 'must populate the given metric source only';
      faults.push(field.forbidden(`${path}.${name}`, why));
    }
  }
  const source = metric[wanted];
  if (source === undefined) {
    return void faults.push(
      field.required(`${path}.${wanted}`, 'must populate information for the given metric source'),
    );
  }
  const name = 'name' in source ? source.name : 'metric' in source ? source.metric?.name : undefined;
  const isResource = wanted === 'resource' || wanted === 'containerResource';
  if ((name ?? '') === '') {
    const at = isResource ? `${path}.${wanted}.name` : `${path}.${wanted}.metric.name`;
    faults.push(field.required(at, isResource ? 'must specify a resource name' : ''));
  }
  addTarget(faults, source.target ?? {}, isResource, `${path}.${wanted}.target`);
}

function addTarget(faults: Faults, target: Loose<MetricTarget>, isResource: boolean, path: string): void {
  addUnsupported(faults, `${path}.type`, target.type, ['AverageValue', 'Utilization', 'Value']);
  for (const name of ['value', 'averageValue'] as const) {
    const value = target[name];
    if (value !== undefined && (tryParseQuantity(value)?.nano ?? 1n) <= 0n) {
      faults.push(field.invalid(`${path}.${name}`, String(value), 'must be positive'));
    }
  }
  const { averageUtilization } = target;
  if (averageUtilization !== undefined && averageUtilization < 1) {
    faults.push(field.invalid(`${path}.averageUtilization`, averageUtilization, positiveMessage));
  }
  if (!isResource) return;
  if (averageUtilization === undefined && target.averageValue === undefined) {
    faults.push(
      field.required(`${path}.averageUtilization`, 'must set either a target raw value or a target utilization'),
    );
  } else if (averageUtilization !== undefined && target.averageValue !== undefined) {
    const why = 'may not set both a target raw value and a target utilization';
    faults.push(field.forbidden(`${path}.averageValue`, why));
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
    faults.push(field.invalid('spec', spec, 'minAvailable and maxUnavailable cannot be both set'));
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

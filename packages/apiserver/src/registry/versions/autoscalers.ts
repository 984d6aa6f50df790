/**
 * autoscaling/v1 knows one metric, the average CPU utilization of the pods; v2 is stored. What v1 cannot say travels in
 * annotations, so that a v1 client may read, change and write any autoscaler (Kubernetes' autoscaling/v1 conversion).
 */
import type { Json, JsonObject } from '@skiff/api';
import { childObject, copy, isObject, numberAt, objectAt, objectsAt, own, put, textAt } from '../../patch/values.ts';
import { metaOf, putOrDelete } from '../meta.ts';
import type { Converter } from '../versions.ts';

const carried = {
  metrics: 'autoscaling.alpha.kubernetes.io/metrics',
  currentMetrics: 'autoscaling.alpha.kubernetes.io/current-metrics',
  conditions: 'autoscaling.alpha.kubernetes.io/conditions',
  behavior: 'autoscaling.alpha.kubernetes.io/behavior',
} as const;

/** The one metric that v1 says by itself. */
function isCpuUtilization(metric: JsonObject): boolean {
  return (
    textAt(metric, 'type') === 'Resource' &&
    textAt(metric, 'resource', 'name') === 'cpu' &&
    (numberAt(metric, 'resource', 'target', 'averageUtilization') !== undefined ||
      numberAt(metric, 'resource', 'current', 'averageUtilization') !== undefined)
  );
}

function annotate(object: JsonObject, key: string, value: Json | undefined): void {
  const isEmpty = value === undefined || (Array.isArray(value) && value.length === 0);
  if (!isEmpty) put(childObject(metaOf(object), 'annotations'), key, JSON.stringify(value));
}

/** Takes an annotation off and reads it; undefined when it is absent or no JSON. */
function takeAnnotation(object: JsonObject, key: string): Json | undefined {
  const annotations = objectAt(object, 'metadata', 'annotations');
  const text = textAt(annotations, key);
  if (annotations === undefined || text === '') return undefined;
  delete annotations[key];
  if (Object.keys(annotations).length === 0) delete metaOf(object).annotations;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const listOf = (value: Json | undefined): JsonObject[] => (Array.isArray(value) ? value.filter(isObject) : []);

function fromStored(stored: JsonObject): JsonObject {
  const object = copy(stored);
  put(object, 'apiVersion', 'autoscaling/v1');
  const spec = childObject(object, 'spec');
  const metrics = objectsAt(spec, 'metrics');
  const cpu = metrics.find(isCpuUtilization);
  putOrDelete(
    spec,
    'targetCPUUtilizationPercentage',
    cpu === undefined ? undefined : numberAt(cpu, 'resource', 'target', 'averageUtilization'),
  );
  annotate(object, carried.metrics, copy(metrics.filter((metric) => metric !== cpu)));
  annotate(object, carried.behavior, own(spec, 'behavior'));
  delete spec.metrics;
  delete spec.behavior;
  statusFromStored(object);
  return object;
}

function statusFromStored(object: JsonObject): void {
  const status = objectAt(object, 'status');
  if (status === undefined) return;
  const current = objectsAt(status, 'currentMetrics');
  const cpu = current.find(isCpuUtilization);
  putOrDelete(
    status,
    'currentCPUUtilizationPercentage',
    cpu === undefined ? undefined : numberAt(cpu, 'resource', 'current', 'averageUtilization'),
  );
  annotate(object, carried.currentMetrics, copy(current.filter((metric) => metric !== cpu)));
  annotate(object, carried.conditions, own(status, 'conditions'));
  delete status.currentMetrics;
  delete status.conditions;
  for (const key of ['currentReplicas', 'desiredReplicas']) if (own(status, key) === undefined) put(status, key, 0);
}

function toStored(shown: JsonObject): JsonObject {
  const object = copy(shown);
  put(object, 'apiVersion', 'autoscaling/v2');
  const spec = childObject(object, 'spec');
  const target = numberAt(spec, 'targetCPUUtilizationPercentage');
  const metrics = listOf(takeAnnotation(object, carried.metrics));
  if (target !== undefined) metrics.push(cpuMetric({ target: { type: 'Utilization', averageUtilization: target } }));
  putOrDelete(spec, 'metrics', metrics.length === 0 ? undefined : metrics);
  delete spec.targetCPUUtilizationPercentage;
  const behavior = takeAnnotation(object, carried.behavior);
  if (isObject(behavior)) put(spec, 'behavior', behavior);
  statusToStored(object);
  return object;
}

const cpuMetric = (amount: JsonObject): JsonObject => ({ type: 'Resource', resource: { name: 'cpu', ...amount } });

function statusToStored(object: JsonObject): void {
  const current = listOf(takeAnnotation(object, carried.currentMetrics));
  const conditions = takeAnnotation(object, carried.conditions);
  const status = objectAt(object, 'status');
  if (status === undefined) return;
  const utilization = numberAt(status, 'currentCPUUtilizationPercentage');
  if (utilization !== undefined) current.push(cpuMetric({ current: { averageUtilization: utilization } }));
  put(status, 'currentMetrics', current.length === 0 ? null : current);
  delete status.currentCPUUtilizationPercentage;
  if (Array.isArray(conditions)) put(status, 'conditions', conditions);
}

export const autoscalerConverter: Converter = { fromStored, toStored };

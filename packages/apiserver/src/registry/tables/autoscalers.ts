/** Rows of horizontal pod autoscalers, of autoscaling/v2 and v1. */
import type { Json, JsonObject } from '@skiff/api';
import { at, numberAt, objectAt, objectsAt, textAt } from '../../patch/values.ts';
import type { Column } from '../contract.ts';
import { ageColumn, nameColumn, text } from './columns.ts';

const shownMetrics = 2;
const sources: Readonly<Record<string, string>> = {
  External: 'external',
  Pods: 'pods',
  Object: 'object',
  Resource: 'resource',
  ContainerResource: 'containerResource',
};

const orUnknown = (value: Json | undefined): string => (value === undefined ? '<unknown>' : String(value));
const percent = (value: Json | undefined, absent: string): string => (value === undefined ? absent : `${value}%`);

/** One metric as `current/target`. */
function metricText(spec: JsonObject, status: JsonObject | undefined): string {
  const type = textAt(spec, 'type');
  const source = Object.hasOwn(sources, type) ? (sources[type] ?? '') : '';
  if (source === '') return '<unknown type>';
  const target = objectAt(spec, source, 'target') ?? {};
  const current = objectAt(status, source, 'current') ?? {};
  const average = at(target, 'averageValue');
  const isResource = source === 'resource' || source === 'containerResource';
  const prefix = isResource ? `${textAt(spec, source, 'name')}: ` : '';
  if (isResource && average === undefined) {
    const now = percent(at(current, 'averageUtilization'), '<unknown>');
    return `${prefix}${now}/${percent(at(target, 'averageUtilization'), '<auto>')}`;
  }
  if (average === undefined) return `${orUnknown(at(current, 'value'))}/${orUnknown(at(target, 'value'))}`;
  const suffix = source === 'external' || source === 'object' ? ' (avg)' : '';
  return `${prefix}${orUnknown(at(current, 'averageValue'))}/${average}${suffix}`;
}

function targetsText(object: JsonObject): string {
  const wanted = numberAt(object, 'spec', 'targetCPUUtilizationPercentage');
  if (wanted !== undefined) {
    return `cpu: ${percent(numberAt(object, 'status', 'currentCPUUtilizationPercentage'), '<unknown>')}/${wanted}%`;
  }
  const statuses = objectsAt(object, 'status', 'currentMetrics');
  const all = objectsAt(object, 'spec', 'metrics').map((spec, index) => metricText(spec, statuses[index]));
  if (all.length === 0) return '<none>';
  const list = all.slice(0, shownMetrics).join(', ');
  return all.length > shownMetrics ? `${list} + ${all.length - shownMetrics} more...` : list;
}

export const horizontalPodAutoscalerColumns: readonly Column[] = [
  nameColumn,
  text(
    'Reference',
    'What is scaled.',
    (object) =>
      `${textAt(object, 'spec', 'scaleTargetRef', 'kind')}/${textAt(object, 'spec', 'scaleTargetRef', 'name')}`,
  ),
  text('Targets', 'The metrics, as they are and as they should be.', targetsText),
  text('MinPods', 'The fewest pods.', (object) => String(numberAt(object, 'spec', 'minReplicas') ?? '<unset>')),
  text('MaxPods', 'The most pods.', (object) => numberAt(object, 'spec', 'maxReplicas') ?? 0),
  text('Replicas', 'The pods there are.', (object) => numberAt(object, 'status', 'currentReplicas') ?? 0),
  ageColumn,
];

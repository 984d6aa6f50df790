/** Jobs and cron jobs. */
import type { JsonObject } from '@skiff/api';
import { childObject, numberAt, objectAt, own, put, textAt } from '../../patch/values.ts';
import type { Strategy } from '../contract.ts';
import { metaOf } from '../meta.ts';
import { normalisePodSpec } from './pod-spec.ts';
import { standard } from './standard.ts';

/** Dependents of a job are orphaned unless a delete says otherwise: batch/v1 is older than garbage collection. */
export const jobs: Strategy = standard(
  { status: {}, generation: ['spec'] },
  {
    defaultPropagation: 'Orphan',
    normalise: (object) => normalisePodSpec(objectAt(object, 'spec', 'template', 'spec')),
    prepareForCreate(object) {
      if (own(objectAt(object, 'spec') ?? {}, 'manualSelector') !== true) selectOwnPods(object);
    },
    selectableFields: (object) => ({
      'status.successful': String(numberAt(object as JsonObject, 'status', 'succeeded') ?? 0),
    }),
  },
);

/** A job selects its pods by its uid, which no other job has. What is written already stays, and is checked. */
function selectOwnPods(object: JsonObject): void {
  const uid = textAt(object, 'metadata', 'uid');
  const name = textAt(object, 'metadata', 'name');
  const spec = childObject(object, 'spec');
  const labels = childObject(metaOf(childObject(spec, 'template')), 'labels');
  const given: [string, string][] = [
    ['controller-uid', uid],
    ['job-name', name],
    ['batch.kubernetes.io/controller-uid', uid],
    ['batch.kubernetes.io/job-name', name],
  ];
  const putIfAbsent = (map: JsonObject, key: string, value: string): void => {
    if (own(map, key) === undefined) put(map, key, value);
  };
  for (const [label, value] of given) putIfAbsent(labels, label, value);
  const selected = childObject(childObject(spec, 'selector'), 'matchLabels');
  putIfAbsent(selected, 'batch.kubernetes.io/controller-uid', uid);
}

export const cronJobs: Strategy = standard(
  { status: {}, generation: ['spec'] },
  { normalise: (object) => normalisePodSpec(objectAt(object, 'spec', 'jobTemplate', 'spec', 'template', 'spec')) },
);

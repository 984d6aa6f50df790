/** Jobs and cron jobs. */
import { type JsonObject, selectOwnPods } from '@skiff/api';
import { numberAt, objectAt } from '../../patch/values.ts';
import type { Strategy } from '../contract.ts';
import { normalisePodSpec } from './pod-spec.ts';
import { standard } from './standard.ts';

/** Dependents of a job are orphaned unless a delete says otherwise: batch/v1 is older than garbage collection. */
export const jobs: Strategy = standard(
  { status: {}, generation: ['spec'] },
  {
    defaultPropagation: 'Orphan',
    normalise: (object) => normalisePodSpec(objectAt(object, 'spec', 'template', 'spec')),
    prepareForCreate: selectOwnPods,
    selectablePaths: [['status', 'succeeded']],
    selectableFields: (object) => ({
      'status.successful': String(numberAt(object as JsonObject, 'status', 'succeeded') ?? 0),
    }),
  },
);

export const cronJobs: Strategy = standard(
  { status: {}, generation: ['spec'] },
  { normalise: (object) => normalisePodSpec(objectAt(object, 'spec', 'jobTemplate', 'spec', 'template', 'spec')) },
);

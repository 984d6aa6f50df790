/** Jobs and cron jobs. */
import type { JsonObject } from '@skiff/api';
import { selectOwnPods } from '@skiff/api/validation';
import { numberAt } from '../../patch/values.ts';
import type { Strategy } from '../contract.ts';
import { holdsPodSpec } from './pod-spec.ts';
import { standard } from './standard.ts';

/** Dependents of a job are orphaned unless a delete says otherwise: batch/v1 is older than garbage collection. */
export const jobs: Strategy = holdsPodSpec(
  ['spec', 'template', 'spec'],
  standard(
    { status: {}, generation: ['spec'] },
    {
      defaultPropagation: 'Orphan',
      prepareForCreate: selectOwnPods,
      selectablePaths: [['status', 'succeeded']],
      selectableFields: (object) => ({
        'status.successful': String(numberAt(object as JsonObject, 'status', 'succeeded') ?? 0),
      }),
    },
  ),
);

export const cronJobs: Strategy = holdsPodSpec(
  ['spec', 'jobTemplate', 'spec', 'template', 'spec'],
  standard({ status: {}, generation: ['spec'] }),
);

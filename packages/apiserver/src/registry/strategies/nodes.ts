/** Nodes: an agent registers one with its status, so a creator may set it; later only the subresource may. */
import type { JsonObject } from '@skiff/api';
import { objectAt, own } from '../../patch/values.ts';
import type { Strategy } from '../contract.ts';
import { putOrDelete } from '../meta.ts';

export const nodes: Strategy = {
  prepareForUpdate(object, old) {
    putOrDelete(object, 'status', own(old, 'status'));
  },
  selectablePaths: [['spec', 'unschedulable']],
  selectableFields: (object) => ({
    'spec.unschedulable': String(own(objectAt(object as JsonObject, 'spec') ?? {}, 'unschedulable') === true),
  }),
};

/** Namespaces: born active, gone when their content is (spec.finalizers). */
import type { JsonObject } from '@skiff/api';
import { childObject, listAt, objectAt, own, put, textAt } from '../../patch/values.ts';
import type { Strategy } from '../contract.ts';
import { metaOf, nameOf, putOrDelete } from '../meta.ts';
import { standard } from './standard.ts';

/** Every namespace can be selected by its name. */
const nameLabel = 'kubernetes.io/metadata.name';

export const namespaces: Strategy = standard(
  { status: { phase: 'Active' } },
  {
    prepareForCreate(object) {
      const spec = childObject(object, 'spec');
      const finalizers = listAt(spec, 'finalizers');
      if (!finalizers.includes('kubernetes')) put(spec, 'finalizers', [...finalizers, 'kubernetes']);
      put(childObject(metaOf(object), 'labels'), nameLabel, nameOf(object));
    },
    prepareForUpdate(object, old) {
      putOrDelete(childObject(object, 'spec'), 'finalizers', own(objectAt(old, 'spec') ?? {}, 'finalizers'));
      put(childObject(metaOf(object), 'labels'), nameLabel, nameOf(old));
    },
    holdsDeletion: (object) => listAt(object, 'spec', 'finalizers').length > 0,
    markDeleting(object) {
      put(childObject(object, 'status'), 'phase', 'Terminating');
      delete metaOf(object).deletionGracePeriodSeconds;
    },
    selectablePaths: [['status', 'phase']],
    selectableFields: (object) => ({ 'status.phase': textAt(object as JsonObject, 'status', 'phase') }),
  },
);

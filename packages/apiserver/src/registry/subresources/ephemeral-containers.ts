/** `pods/ephemeralcontainers`: adds containers to a running pod; nothing else of it changes. */
import { childObject, objectAt, own } from '../../patch/values.ts';
import { keepAllMetaButManagers } from '../keep.ts';
import { putOrDelete } from '../meta.ts';
import { dropUngated } from '../strategies/pod-gates.ts';
import type { View } from './table.ts';

export const ephemeralContainers: View = {
  type: 'view',
  prepare(_kind, object, old) {
    const containers = own(childObject(object, 'spec'), 'ephemeralContainers');
    for (const key of ['spec', 'status']) putOrDelete(object, key, own(old, key));
    putOrDelete(childObject(object, 'spec'), 'ephemeralContainers', containers);
    dropUngated(objectAt(object, 'spec'), objectAt(old, 'spec'));
    keepAllMetaButManagers(object, old);
  },
};

/** `namespaces/finalize`: takes a namespace's own finalizers away; nothing else of it changes. */
import { childObject, own } from '../../patch/values.ts';
import { putOrDelete } from '../meta.ts';
import type { View } from './table.ts';

export const finalize: View = {
  type: 'view',
  prepare(_kind, object, old) {
    const finalizers = own(childObject(object, 'spec'), 'finalizers');
    for (const key of ['spec', 'status']) putOrDelete(object, key, own(old, key));
    putOrDelete(childObject(object, 'spec'), 'finalizers', finalizers);
  },
};

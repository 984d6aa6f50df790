/** `pods/resize` (KEP-1287): changes the cpu and memory of a pod's containers in place. */
import type { JsonObject } from '@skiff/api';
import { objectsAt, own, textAt } from '../../patch/values.ts';
import { keepAllMetaButManagers } from '../keep.ts';
import { putOrDelete } from '../meta.ts';
import type { View } from './table.ts';

export const resize: View = {
  type: 'view',
  prepare(_kind, object, old) {
    const wanted = new Map(
      objectsAt(object, 'spec', 'containers').map((container) => [textAt(container, 'name'), container]),
    );
    for (const key of ['spec', 'status']) putOrDelete(object, key, own(old, key));
    for (const container of objectsAt(object, 'spec', 'containers')) {
      takeResources(container, wanted.get(textAt(container, 'name')));
    }
    keepAllMetaButManagers(object, old);
  },
};

function takeResources(container: JsonObject, wanted: JsonObject | undefined): void {
  if (wanted === undefined) return;
  for (const key of ['resources', 'resizePolicy']) putOrDelete(container, key, own(wanted, key));
}

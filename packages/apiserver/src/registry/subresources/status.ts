/** `status`: what controllers and node agents report. The rest of the object comes from what is stored. */
import { keepAllButStatus } from '../keep.ts';
import type { View } from './table.ts';

export const status: View = {
  type: 'view',
  narrow: keepAllButStatus,
  prepare(kind, object, old, { nowMs }) {
    if (kind.strategy.prepareForStatusUpdate !== undefined) {
      kind.strategy.prepareForStatusUpdate(object, old, nowMs);
    } else {
      keepAllButStatus(object, old);
    }
  },
};

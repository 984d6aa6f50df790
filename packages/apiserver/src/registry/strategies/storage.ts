/** Volumes and claims. */
import { formatTime, type JsonObject } from '@skiff/api';
import { childObject, copy, objectAt, put, textAt } from '../../patch/values.ts';
import type { Strategy } from '../contract.ts';
import { standard } from './standard.ts';

const pending = { status: { phase: 'Pending' } };
/** When a volume came to its phase. */
const sincePhase = 'lastPhaseTransitionTime';

export const persistentVolumes: Strategy = standard(pending, {
  returnsDeletedObject: true,
  prepareForCreate: (object, nowMs) => put(childObject(object, 'status'), sincePhase, formatTime(nowMs)),
  prepareForStatusUpdate(object, old, nowMs) {
    const status = childObject(object, 'status');
    const [now, before] = [textAt(status, sincePhase), textAt(old, 'status', sincePhase)];
    if (textAt(status, 'phase') !== textAt(old, 'status', 'phase')) {
      if (now === '' || now === before) put(status, sincePhase, formatTime(nowMs));
    } else if (now === '' && before !== '') put(status, sincePhase, before);
  },
});
export const persistentVolumeClaims: Strategy = standard(pending, {
  returnsDeletedObject: true,
  prepareForCreate: settleDataSources,
});

/** What a claim is filled with has an old field and a new one; each is set from the other, unless it is in another namespace. */
function settleDataSources(object: JsonObject): void {
  const spec = objectAt(object, 'spec') ?? {};
  const [source, reference] = [objectAt(spec, 'dataSource'), objectAt(spec, 'dataSourceRef')];
  if (source !== undefined && reference === undefined) put(spec, 'dataSourceRef', copy(source));
  if (reference === undefined || source !== undefined || textAt(reference, 'namespace') !== '') return;
  put(spec, 'dataSource', copy(reference));
}

export const volumeAttachments: Strategy = standard(
  { status: { attached: false } },
  { returnsDeletedObject: true, requiresResourceVersion: true },
);

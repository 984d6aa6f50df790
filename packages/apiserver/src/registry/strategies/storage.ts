/** Volumes and claims. */
import { formatTime, type JsonObject } from '@skiff/api';
import { childObject, copy, numberAt, objectAt, own, put, same, textAt } from '../../patch/values.ts';
import type { Strategy } from '../contract.ts';
import { metaOf } from '../meta.ts';
import { standard } from './standard.ts';

const pending = { status: { phase: 'Pending' } };
/** When a volume came to its phase. */
const sincePhase = 'lastPhaseTransitionTime';

export const persistentVolumes: Strategy = standard(pending, {
  returnsDeletedObject: true,
  prepareForCreate(object, nowMs) {
    put(childObject(object, 'status'), sincePhase, formatTime(nowMs));
    delete childObject(object, 'spec').volumeAttributesClassName;
  },
  prepareForUpdate(object, old) {
    const had = own(objectAt(old, 'spec') ?? {}, 'volumeAttributesClassName') !== undefined;
    if (!had) delete childObject(object, 'spec').volumeAttributesClassName;
  },
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
  prepareForCreate(object) {
    const spec = childObject(object, 'spec');
    dropUnserved(spec, {});
    settleDataSources(spec);
  },
  prepareForUpdate: (object, old) => dropUnserved(childObject(object, 'spec'), objectAt(old, 'spec') ?? {}),
});

/**
 * What Kubernetes 1.32 leaves out of claims without its gates VolumeAttributesClass and CrossNamespaceVolumeDataSource, unless
 * the claim had it before; and what no client of `dataSource` alone can mean (api/persistentvolumeclaim's DropDisabledFields and
 * EnforceDataSourceBackwardsCompatibility).
 */
export function dropUnserved(spec: JsonObject, old: JsonObject): void {
  if (own(old, 'volumeAttributesClassName') === undefined) delete spec.volumeAttributesClassName;
  const [source, reference] = [objectAt(spec, 'dataSource'), objectAt(spec, 'dataSourceRef')];
  const hadReference = own(old, 'dataSourceRef') !== undefined;
  const isDropped = textAt(reference, 'namespace') !== '' && !hadReference;
  if (isDropped) delete spec.dataSourceRef;
  if (hadReference || own(old, 'dataSource') !== undefined || (reference !== undefined && !isDropped)) return;
  const kind = `${textAt(source, 'apiGroup')}/${textAt(source, 'kind')}`;
  if (kind !== '/PersistentVolumeClaim' && kind !== 'snapshot.storage.k8s.io/VolumeSnapshot') delete spec.dataSource;
}

/** What a claim is filled with has an old field and a new one; each is set from the other, unless it is in another namespace. */
function settleDataSources(spec: JsonObject): void {
  const [source, reference] = [objectAt(spec, 'dataSource'), objectAt(spec, 'dataSourceRef')];
  if (source !== undefined && reference === undefined) put(spec, 'dataSourceRef', copy(source));
  if (reference === undefined || source !== undefined || textAt(reference, 'namespace') !== '') return;
  put(spec, 'dataSource', copy(reference));
}

export const volumeAttachments: Strategy = standard(
  { status: { attached: false } },
  { returnsDeletedObject: true, requiresResourceVersion: true },
);

/** Born without a generation: the first change of its spec gives it one. */
export const csiDrivers: Strategy = {
  requiresResourceVersion: true,
  returnsDeletedObject: true,
  prepareForUpdate(object, old) {
    if (same(own(object, 'spec'), own(old, 'spec'))) return;
    put(metaOf(object), 'generation', (numberAt(old, 'metadata', 'generation') ?? 0) + 1);
  },
};

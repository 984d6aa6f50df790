/** What the server owns of an object: identity, generation, and a status that only its subresource writes. */
import { type Definition, deepEqual, formatTime, generateName, type JsonObject, type Random, uuid } from '@skiff/api';
import { selectOwnPods } from '@skiff/api/validation';
import { metaOf, own, put } from './document.ts';

/** These have a status subresource and keep the status they are created with (a kubelet registers with one). */
const createdWithStatus = new Set(['nodes', 'namespaces']);
/** These count no generation, as in v1.32. */
const withoutGeneration = new Set(['pods', 'nodes', 'namespaces', 'services', 'persistentvolumes', 'resourcequotas']);

export interface Kind {
  readonly resource: string;
  /** Absent for a custom kind, whose objects are taken as they are. */
  readonly definition: Definition | undefined;
}

const hasStatus = ({ definition }: Kind): boolean =>
  definition?.subresources.some((one) => one.name === 'status') ?? true;
const countsGeneration = (kind: Kind, object: JsonObject): boolean =>
  own(object, 'spec') !== undefined && hasStatus(kind) && !withoutGeneration.has(kind.resource);

/** Fills in what the server fills in of a new object, in place. */
export function prepareNew(
  kind: Kind,
  object: JsonObject,
  { nowMs, random }: { readonly nowMs: number; readonly random: Random },
): void {
  const meta = metaOf(object);
  if (!meta.name && meta.generateName) meta.name = generateName(meta.generateName, random);
  meta.uid = uuid(random);
  meta.creationTimestamp = formatTime(nowMs);
  meta.resourceVersion = '';
  delete meta.deletionTimestamp;
  delete meta.deletionGracePeriodSeconds;
  delete meta.generation;
  if (hasStatus(kind) && !createdWithStatus.has(kind.resource)) put(object, 'status', undefined);
  if (countsGeneration(kind, object)) meta.generation = 1;
  if (kind.resource === 'pods') put(object, 'status', { phase: 'Pending' });
  if (kind.resource === 'jobs') selectOwnPods(object);
  if (kind.resource === 'namespaces') {
    put(object, 'spec', { finalizers: ['kubernetes'] });
    put(object, 'status', { phase: 'Active' });
  }
}

/** Keeps of `before` what this kind of write may not change, in place. */
export function prepareChanged(kind: Kind, object: JsonObject, before: JsonObject, subresource: string): void {
  // `approval` of a certificate request writes its status too: the conditions that say yes or no.
  if (subresource === 'status' || subresource === 'approval') {
    for (const key of Object.keys(object)) if (key !== 'status' && key !== 'metadata') delete object[key];
    for (const [key, value] of Object.entries(before))
      if (key !== 'status' && key !== 'metadata') put(object, key, value);
  } else if (hasStatus(kind)) put(object, 'status', own(before, 'status'));
  if (kind.resource === 'namespaces' && subresource === '') put(object, 'spec', own(before, 'spec'));
  const meta = metaOf(object);
  const old = metaOf(before);
  for (const key of ['creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds', 'generation'] as const)
    put(meta as never, key, old[key]);
  if (countsGeneration(kind, object) && !deepEqual(own(object, 'spec'), own(before, 'spec')))
    meta.generation = (old.generation ?? 0) + 1;
}

/** PersistentVolume and PersistentVolumeClaim. */
import { deepEqual } from '../algebra/hash.ts';
import { checkDns1123Subdomain } from '../algebra/names.ts';
import { compareQuantities, tryParseQuantity } from '../algebra/quantity.ts';
import { field } from '../errors.ts';
import type {
  PersistentVolume,
  PersistentVolumeClaim,
  PersistentVolumeClaimSpec,
  PersistentVolumeSpec,
} from '../kinds/types.ts';
import { addAccessModes, addClaimSpec } from './claims.ts';
import { addDriver, addHostPath } from './pod/volumes.ts';
import { addNodeSelector } from './selectors.ts';
import {
  addChanged,
  addEach,
  addMissing,
  addUnsupportedIfSet,
  entriesOf,
  type Faults,
  type Loose,
  positiveMessage,
} from './support.ts';
import { addNeeded } from './volume-sources.ts';

const reclaimPolicies = ['Delete', 'Recycle', 'Retain'];

/** What of a volume's spec is not its source. */
const ownFields = new Set([
  'accessModes',
  'capacity',
  'claimRef',
  'mountOptions',
  'nodeAffinity',
  'persistentVolumeReclaimPolicy',
  'storageClassName',
  'volumeAttributesClassName',
  'volumeMode',
]);

const sourceOf = (spec: Loose<PersistentVolumeSpec>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(spec).filter(([name]) => !ownFields.has(name)));

export function addPersistentVolume(faults: Faults, { spec = {} }: Loose<PersistentVolume>): void {
  if ((spec.accessModes ?? []).length === 0) faults.push(field.required('spec.accessModes'));
  addAccessModes(faults, spec.accessModes, 'spec.accessModes');
  addCapacity(faults, spec);
  addUnsupportedIfSet(
    faults,
    'spec.persistentVolumeReclaimPolicy',
    spec.persistentVolumeReclaimPolicy,
    reclaimPolicies,
  );
  if (spec.nodeAffinity !== undefined) {
    if (spec.nodeAffinity.required === undefined) {
      faults.push(field.required('spec.nodeAffinity.required', 'must specify required node constraints'));
    } else addNodeSelector(faults, spec.nodeAffinity.required, 'spec.nodeAffinity.required');
  }
  addVolumeSource(faults, spec);
  const { storageClassName = '' } = spec;
  if (storageClassName !== '')
    addEach(faults, 'spec.storageClassName', storageClassName, checkDns1123Subdomain(storageClassName));
  addUnsupportedIfSet(faults, 'spec.volumeMode', spec.volumeMode, ['Block', 'Filesystem']);
}

function addCapacity(faults: Faults, { capacity = {} }: Loose<PersistentVolumeSpec>): void {
  const entries = entriesOf(capacity);
  if (entries.length === 0) faults.push(field.required('spec.capacity'));
  if (!Object.hasOwn(capacity, 'storage') || entries.length > 1) {
    faults.push(field.notSupported('spec.capacity', Object.keys(capacity), ['storage']));
  }
  for (const [name, amount] of entries) {
    if ((tryParseQuantity(amount)?.nano ?? 1n) <= 0n) {
      faults.push(field.invalid(`spec.capacity[${name}]`, String(amount), positiveMessage));
    }
  }
}

function addVolumeSource(faults: Faults, spec: Loose<PersistentVolumeSpec>): void {
  const given = Object.keys(sourceOf(spec));
  if (given.length === 0) faults.push(field.required('spec', 'must specify a volume type'));
  for (const extra of given.slice(1)) {
    faults.push(field.forbidden(`spec.${extra}`, 'may not specify more than 1 volume type'));
  }
  for (const [name, source] of Object.entries(sourceOf(spec))) addNeeded(faults, name, source, `spec.${name}`);
  const { hostPath, local, nfs, csi } = spec;
  if (hostPath !== undefined) {
    addHostPath(faults, hostPath.path ?? '', hostPath.type, 'spec.hostPath');
    if (/^\/+$/.test(hostPath.path ?? '') && spec.persistentVolumeReclaimPolicy === 'Recycle') {
      faults.push(
        field.forbidden('spec.persistentVolumeReclaimPolicy', "may not be 'recycle' for a hostPath mount of '/'"),
      );
    }
  }
  if (local !== undefined) {
    addMissing(faults, 'spec.local.path', local.path);
    if (spec.nodeAffinity?.required === undefined) {
      faults.push(field.required('spec.nodeAffinity', 'Local volume requires node affinity'));
    }
  }
  if (nfs !== undefined) {
    addMissing(faults, 'spec.nfs.server', nfs.server);
    addMissing(faults, 'spec.nfs.path', nfs.path);
  }
  if (csi !== undefined) {
    addDriver(faults, csi.driver ?? '', 'spec.csi.driver');
    addMissing(faults, 'spec.csi.volumeHandle', csi.volumeHandle);
  }
}

export function addPersistentVolumeUpdate(
  faults: Faults,
  next: Loose<PersistentVolume>,
  previous: Loose<PersistentVolume>,
): void {
  const { spec = {} } = next;
  const { spec: old = {} } = previous;
  if (!deepEqual(sourceOf(spec), sourceOf(old))) {
    const why = 'spec.persistentvolumesource is immutable after creation\n';
    faults.push(field.forbidden('spec.persistentvolumesource', why));
  }
  addChanged(faults, 'spec.volumeMode', spec.volumeMode, old.volumeMode);
  if (old.nodeAffinity !== undefined) addChanged(faults, 'spec.nodeAffinity', spec.nodeAffinity, old.nodeAffinity);
}

export function addPersistentVolumeClaim(faults: Faults, { spec = {} }: Loose<PersistentVolumeClaim>): void {
  addClaimSpec(faults, spec, 'spec');
}

/** A claim may be bound once, and grow. */
export function addPersistentVolumeClaimUpdate(
  faults: Faults,
  next: Loose<PersistentVolumeClaim>,
  previous: Loose<PersistentVolumeClaim>,
): void {
  const { spec = {} } = next;
  const { spec: old = {}, status } = previous;
  const isBound = status?.phase === 'Bound';
  const fixed = (one: Loose<PersistentVolumeClaimSpec>): Loose<PersistentVolumeClaimSpec> => {
    const copy = { ...one };
    if ((old.volumeName ?? '') === '') delete copy.volumeName;
    if (old.storageClassName === undefined) delete copy.storageClassName;
    if (isBound) {
      copy.resources = { ...copy.resources, requests: { ...copy.resources?.requests, storage: '0' } };
      delete copy.volumeAttributesClassName;
    }
    return copy;
  };
  if (!deepEqual(fixed(spec), fixed(old))) {
    const why =
      'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n';
    faults.push(field.forbidden('spec', why));
  }
  const size = tryParseQuantity(spec.resources?.requests?.storage ?? '');
  const capacity = tryParseQuantity(status?.capacity?.storage ?? old.resources?.requests?.storage ?? '');
  if (isBound && size !== undefined && capacity !== undefined && compareQuantities(size, capacity) < 0) {
    const why = 'field can not be less than status.capacity';
    faults.push(field.forbidden('spec.resources.requests.storage', why));
  }
  addChanged(faults, 'spec.volumeMode', spec.volumeMode, old.volumeMode);
}

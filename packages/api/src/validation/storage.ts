/** PersistentVolume, PersistentVolumeClaim and the kinds of storage.k8s.io. */
import { deepEqual } from '../algebra/hash.ts';
import { checkDns1123Subdomain, checkQualifiedName } from '../algebra/names.ts';
import { compareQuantities, tryParseQuantity } from '../algebra/quantity.ts';
import { field } from '../errors.ts';
import type {
  CSIDriver,
  CSINode,
  PersistentVolume,
  PersistentVolumeClaim,
  PersistentVolumeClaimSpec,
  PersistentVolumeSpec,
  StorageClass,
  VolumeAttachment,
} from '../kinds/types.ts';
import { addAccessModes, addClaimSpec } from './claims.ts';
import { addDriver, addHostPath } from './pod/volumes.ts';
import { addNodeSelector } from './selectors.ts';
import {
  addChanged,
  addEach,
  addMissing,
  addUnsupported,
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

const maxParameters = 512;
const maxParameterBytes = 256 * 1024;

export function addStorageClass(faults: Faults, one: Loose<StorageClass>): void {
  const provisioner = one.provisioner ?? '';
  if (provisioner === '') faults.push(field.required('provisioner', provisioner));
  else addEach(faults, 'provisioner', provisioner, checkQualifiedName(provisioner.toLowerCase()));
  const parameters = entriesOf(one.parameters);
  if (parameters.length > maxParameters) {
    const detail = `too many`;
    faults.push({ ...field.tooLong('parameters', maxParameters), message: `Too long: ${detail}` });
  }
  let size = 0;
  for (const [key, value] of parameters) {
    if (key === '') faults.push(field.invalid('parameters', key, 'field can not be empty.'));
    size += Buffer.byteLength(key) + Buffer.byteLength(value);
  }
  if (size > maxParameterBytes) faults.push(field.tooLong('parameters', maxParameterBytes));
  addUnsupportedIfSet(faults, 'reclaimPolicy', one.reclaimPolicy, reclaimPolicies);
  addUnsupported(faults, 'volumeBindingMode', one.volumeBindingMode, ['Immediate', 'WaitForFirstConsumer']);
}

export function addStorageClassUpdate(faults: Faults, next: Loose<StorageClass>, previous: Loose<StorageClass>): void {
  if (!deepEqual(next.parameters ?? {}, previous.parameters ?? {})) {
    faults.push(field.forbidden('parameters', 'updates to parameters are forbidden.'));
  }
  if (next.provisioner !== previous.provisioner) {
    faults.push(field.forbidden('provisioner', 'updates to provisioner are forbidden.'));
  }
  if (next.reclaimPolicy !== previous.reclaimPolicy) {
    faults.push(field.forbidden('reclaimPolicy', 'updates to reclaimPolicy are forbidden.'));
  }
  addChanged(faults, 'volumeBindingMode', next.volumeBindingMode, previous.volumeBindingMode);
}

export function addCSIDriver(faults: Faults, driver: Loose<CSIDriver>): void {
  addDriver(faults, driver.metadata?.name ?? '', 'metadata.name');
  const { spec = {} } = driver;
  for (const name of ['attachRequired', 'podInfoOnMount', 'storageCapacity'] as const) {
    if (spec[name] === undefined) faults.push(field.required(`spec.${name}`));
  }
  addUnsupportedIfSet(faults, 'spec.fsGroupPolicy', spec.fsGroupPolicy, ['File', 'None', 'ReadWriteOnceWithFSType']);
  for (const mode of spec.volumeLifecycleModes ?? []) {
    addUnsupportedIfSet(faults, 'spec.volumeLifecycleModes', mode, ['Ephemeral', 'Persistent']);
  }
}

export function addCSINode(faults: Faults, { spec = {} }: Loose<CSINode>): void {
  const names = new Set<string>();
  for (const [index, driver] of (spec.drivers ?? []).entries()) {
    const at = `spec.drivers[${index}]`;
    addDriver(faults, driver.name ?? '', `${at}.name`);
    if (names.has(driver.name ?? '')) faults.push(field.duplicate(`${at}.name`, driver.name));
    names.add(driver.name ?? '');
    addMissing(faults, `${at}.nodeID`, driver.nodeID);
  }
}

export function addVolumeAttachment(faults: Faults, { spec = {} }: Loose<VolumeAttachment>): void {
  addMissing(faults, 'spec.attacher', spec.attacher);
  addMissing(faults, 'spec.nodeName', spec.nodeName);
  const { source = {} } = spec;
  const given = [source.inlineVolumeSpec, source.persistentVolumeName].filter((one) => one !== undefined).length;
  if (given === 0) {
    faults.push(field.required('spec.source', 'must specify one of inlineVolumeSpec and persistentVolumeName'));
  } else if (given > 1) {
    const why = 'must specify exactly one of inlineVolumeSpec and persistentVolumeName';
    faults.push(field.forbidden('spec.source', why));
  }
}

export function addVolumeAttachmentUpdate(
  faults: Faults,
  next: Loose<VolumeAttachment>,
  previous: Loose<VolumeAttachment>,
): void {
  if (!deepEqual(next.spec, previous.spec)) faults.push(field.invalid('spec', next.spec, 'field is immutable'));
}

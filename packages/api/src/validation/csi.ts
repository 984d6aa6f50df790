/** What storage drivers say of themselves, of nodes and of volumes (pkg/apis/storage/validation). */
import { goSelector } from '../algebra/go-text.ts';
import { deepEqual } from '../algebra/hash.ts';
import { checkDns1123Subdomain, checkQualifiedName } from '../algebra/names.ts';
import { tryParseQuantity } from '../algebra/quantity.ts';
import { field } from '../errors.ts';
import type { CSIDriver, CSINode, CSIStorageCapacity, VolumeAttachment } from '../kinds/types.ts';
import { addDriver } from './pod/volumes.ts';
import { addLabelSelector } from './selectors.ts';
import {
  addChanged,
  addEach,
  addMissing,
  addNegative,
  addUnsupportedIfSet,
  bytesOf,
  entriesOf,
  type Faults,
  type Loose,
  nonNegativeMessage,
  repeatsOf,
} from './support.ts';
import { addInlineVolumeSpec } from './volume-specs.ts';

type DriverSpec = NonNullable<Loose<CSIDriver>['spec']>;

/** Fields by the names that refusals have for them: one of them is misspelt there. */
const requiredFlags = [
  ['attachRequired', 'attachedRequired'],
  ['podInfoOnMount', 'podInfoOnMount'],
  ['storageCapacity', 'storageCapacity'],
] as const;
const lifecycles = ['Persistent', 'Ephemeral'];

export function addCSIDriver(faults: Faults, { spec = {} }: Loose<CSIDriver>): void {
  for (const [name, shown] of requiredFlags) if (spec[name] === undefined) faults.push(field.required(`spec.${shown}`));
  addUnsupportedIfSet(faults, 'spec.fsGroupPolicy', spec.fsGroupPolicy, ['File', 'None', 'ReadWriteOnceWithFSType']);
  addTokenRequests(faults, spec.tokenRequests, 'spec.tokenRequests');
  for (const mode of spec.volumeLifecycleModes ?? []) {
    addUnsupportedIfSet(faults, 'spec.volumeLifecycleModes', mode, lifecycles);
  }
}

const minTokenSeconds = 600;
const maxTokenSeconds = 2 ** 32;

function addTokenRequests(faults: Faults, requests: DriverSpec['tokenRequests'], path: string): void {
  const audiences = new Set<string>();
  for (const [index, { audience = '', expirationSeconds: seconds }] of (requests ?? []).entries()) {
    const at = `${path}[${index}]`;
    if (audiences.has(audience)) {
      faults.push(field.duplicate(`${at}.audience`, audience));
      continue;
    }
    audiences.add(audience);
    if (seconds === undefined) continue;
    if (seconds < minTokenSeconds) {
      faults.push(field.invalid(`${at}.expirationSeconds`, seconds, 'may not specify a duration less than 10 minutes'));
    }
    if (seconds > maxTokenSeconds) {
      const why = 'may not specify a duration larger than 2^32 seconds';
      faults.push(field.invalid(`${at}.expirationSeconds`, seconds, why));
    }
  }
}

export function addCSIDriverUpdate(faults: Faults, next: Loose<CSIDriver>, previous: Loose<CSIDriver>): void {
  const { spec = {} } = next;
  const { spec: old = {} } = previous;
  addChanged(faults, 'spec.attachedRequired', spec.attachRequired, old.attachRequired);
  addChanged(faults, 'spec.volumeLifecycleModes', spec.volumeLifecycleModes, old.volumeLifecycleModes);
}

const maxNodeIdBytes = 256;

export function addCSINode(faults: Faults, { spec = {} }: Loose<CSINode>): void {
  const names = new Set<string>();
  for (const [index, driver] of (spec.drivers ?? []).entries()) {
    const at = `spec.drivers[${index}]`;
    const { name = '', nodeID = '', topologyKeys = [] } = driver;
    addDriver(faults, name, `${at}.name`);
    if (nodeID === '') faults.push(field.required(`${at}.nodeID`));
    if (bytesOf(nodeID) > maxNodeIdBytes) {
      faults.push(field.invalid(`${at}.nodeID`, nodeID, `must be ${maxNodeIdBytes} characters or less`));
    }
    addNegative(faults, `${at}.allocatable.count`, driver.allocatable?.count);
    if (names.has(name)) faults.push(field.duplicate(`${at}.name`, name));
    names.add(name);
    const repeats = repeatsOf(topologyKeys);
    for (const [place, key] of topologyKeys.entries()) {
      if (key === '') faults.push(field.required(at));
      if (repeats.has(place)) faults.push(field.duplicate(at, key));
      addEach(faults, at, key, checkQualifiedName(key));
    }
  }
}

/** A driver that is known to a node does not change there; it goes and comes again. */
export function addCSINodeUpdate(faults: Faults, next: Loose<CSINode>, previous: Loose<CSINode>): void {
  for (const old of previous.spec?.drivers ?? []) {
    for (const driver of next.spec?.drivers ?? []) {
      if (driver.name === old.name) addChanged(faults, 'spec.drivers', driver, old);
    }
  }
}

export function addCSIStorageCapacity(faults: Faults, object: Loose<CSIStorageCapacity>): void {
  addLabelSelector(faults, object.nodeTopology, 'nodeTopology');
  const { storageClassName = '', capacity } = object;
  addEach(faults, 'storageClassName', storageClassName, checkDns1123Subdomain(storageClassName));
  if (capacity !== undefined && (tryParseQuantity(capacity)?.nano ?? 0n) < 0n) {
    faults.push(field.invalid('capacity', String(capacity), nonNegativeMessage));
  }
}

export function addCSIStorageCapacityUpdate(
  faults: Faults,
  next: Loose<CSIStorageCapacity>,
  previous: Loose<CSIStorageCapacity>,
): void {
  addChanged(faults, 'nodeTopology', next.nodeTopology, previous.nodeTopology, goSelector(next.nodeTopology));
  addChanged(faults, 'storageClassName', next.storageClassName, previous.storageClassName);
}

const maxMetadataBytes = 256 * 1024;
const maxErrorBytes = 1024;

export function addVolumeAttachment(faults: Faults, attachment: Loose<VolumeAttachment>): void {
  const { spec = {}, status = {} } = attachment;
  addMissing(faults, 'spec.attacher', spec.attacher);
  addAttachmentSource(faults, spec.source ?? {});
  addEach(faults, 'spec.nodeName', spec.nodeName ?? '', checkDns1123Subdomain(spec.nodeName ?? ''));
  const bytes = entriesOf(status.attachmentMetadata).reduce((sum, pair) => sum + bytesOf(pair.join('')), 0);
  if (bytes > maxMetadataBytes) faults.push(field.tooLong('status.attachmentMetadata', maxMetadataBytes));
  for (const name of ['attachError', 'detachError'] as const) {
    if (bytesOf(status[name]?.message ?? '') <= maxErrorBytes) continue;
    // The number is Kubernetes' own.
    faults.push(field.tooLong(`status.${name}.message`, maxMetadataBytes));
  }
}

type AttachmentSource = NonNullable<NonNullable<Loose<VolumeAttachment>['spec']>['source']>;

function addAttachmentSource(faults: Faults, { inlineVolumeSpec, persistentVolumeName: name }: AttachmentSource): void {
  const path = 'spec.source';
  const why = 'must specify exactly one of inlineVolumeSpec and persistentVolumeName';
  if (inlineVolumeSpec === undefined && name === undefined) faults.push(field.required(path, why));
  else if (inlineVolumeSpec !== undefined && name !== undefined) faults.push(field.forbidden(path, why));
  else if (inlineVolumeSpec !== undefined) addInlineVolumeSpec(faults, inlineVolumeSpec, `${path}.inlineVolumeSpec`);
  else if (name === '') {
    faults.push(field.required(`${path}.persistentVolumeName`, 'must specify non empty persistentVolumeName'));
  }
}

/** New ones are held to more: their driver and volume have names that can be. */
export function addNewVolumeAttachment(faults: Faults, attachment: Loose<VolumeAttachment>): void {
  addVolumeAttachment(faults, attachment);
  const { attacher = '', source = {} } = attachment.spec ?? {};
  addDriver(faults, attacher, 'spec.attacher');
  const { persistentVolumeName: name } = source;
  if (name !== undefined) addEach(faults, 'spec.source.persistentVolumeName', name, checkDns1123Subdomain(name));
}

export function addVolumeAttachmentUpdate(
  faults: Faults,
  next: Loose<VolumeAttachment>,
  previous: Loose<VolumeAttachment>,
): void {
  if (!deepEqual(next.spec, previous.spec)) faults.push(field.invalid('spec', next.spec, 'field is immutable'));
}

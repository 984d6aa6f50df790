/** PersistentVolume and PersistentVolumeClaim (ValidatePersistentVolume…, ValidatePersistentVolumeClaim…). */
import { deepEqual } from '../algebra/hash.ts';
import { checkQualifiedName } from '../algebra/names.ts';
import { compareQuantities, tryParseQuantity } from '../algebra/quantity.ts';
import { field } from '../errors.ts';
import type {
  NodeSelectorRequirement,
  PersistentVolume,
  PersistentVolumeClaim,
  PersistentVolumeClaimSpec,
  PersistentVolumeSpec,
  QuantityValue,
  VolumeNodeAffinity,
} from '../kinds/types.ts';
import { addClaimSpec } from './claims.ts';
import { addChanged, addEach, entriesOf, type Faults, type Loose } from './support.ts';
import { addVolumeSpec } from './volume-specs.ts';

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

export function addPersistentVolume(faults: Faults, { metadata, spec = {} }: Loose<PersistentVolume>): void {
  addVolumeSpec(faults, spec, { path: 'spec', name: metadata?.name ?? '' });
}

export function addPersistentVolumeUpdate(
  faults: Faults,
  next: Loose<PersistentVolume>,
  previous: Loose<PersistentVolume>,
): void {
  const { spec = {} } = next;
  const { spec: old = {} } = previous;
  if (!deepEqual(sourceOf(withoutNewSecret(spec, old)), sourceOf(old))) {
    const why = 'spec.persistentvolumesource is immutable after creation\n';
    faults.push(field.forbidden('spec.persistentvolumesource', why));
  }
  // The paths are Kubernetes' own.
  addChanged(faults, 'volumeMode', spec.volumeMode, old.volumeMode);
  if (old.nodeAffinity === undefined || isSameAffinity(spec.nodeAffinity, old.nodeAffinity)) return;
  const why = 'field is immutable, except for updating from beta label to GA';
  faults.push(field.invalid('nodeAffinity', spec.nodeAffinity ?? null, why));
}

/** The secret that expands a volume may be named later. */
function withoutNewSecret(spec: Loose<PersistentVolumeSpec>, old: Loose<PersistentVolumeSpec>) {
  if (spec.csi === undefined || old.csi === undefined || old.csi.controllerExpandSecretRef !== undefined) return spec;
  const { controllerExpandSecretRef: _, ...csi } = spec.csi;
  return { ...spec, csi };
}

/** Labels of nodes that were renamed when they became stable. */
const stableLabels: Readonly<Record<string, string>> = {
  'failure-domain.beta.kubernetes.io/zone': 'topology.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region': 'topology.kubernetes.io/region',
  'beta.kubernetes.io/os': 'kubernetes.io/os',
  'beta.kubernetes.io/arch': 'kubernetes.io/arch',
  'beta.kubernetes.io/instance-type': 'node.kubernetes.io/instance-type',
};

/** The same but for labels that took their stable name. */
function isSameAffinity(now: Loose<VolumeNodeAffinity> | undefined, before: Loose<VolumeNodeAffinity>): boolean {
  const [terms, old] = [now, before].map((affinity) => affinity?.required?.nodeSelectorTerms ?? []);
  if (now === undefined || terms === undefined || old === undefined || terms.length !== old.length) return false;
  return terms.every((term, index) => {
    const other = old[index] ?? {};
    const [requirements, others] = [term.matchExpressions ?? [], other.matchExpressions ?? []];
    return (
      deepEqual(term.matchFields ?? [], other.matchFields ?? []) &&
      requirements.length === others.length &&
      requirements.every((one, place) => isRenamed(one, others[place] ?? {}))
    );
  });
}

function isRenamed(now: Loose<NodeSelectorRequirement>, before: Loose<NodeSelectorRequirement>): boolean {
  const key = stableLabels[before.key ?? ''] === now.key ? now.key : before.key;
  return deepEqual(now, { ...before, key });
}

export function addPersistentVolumeClaim(faults: Faults, { spec = {} }: Loose<PersistentVolumeClaim>): void {
  addClaimSpec(faults, spec, 'spec');
}

const betaClass = 'volume.beta.kubernetes.io/storage-class';

/** A claim may be bound once, get a class when it has none, and grow; and shrink again to more than there is. */
export function addPersistentVolumeClaimUpdate(
  faults: Faults,
  next: Loose<PersistentVolumeClaim>,
  previous: Loose<PersistentVolumeClaim>,
): void {
  const { spec = {} } = next;
  const { spec: old = {}, status } = previous;
  const [annotation, oldAnnotation] = [next, previous].map((claim) => claim.metadata?.annotations?.[betaClass]);
  const getsClass =
    old.storageClassName === undefined &&
    spec.storageClassName !== undefined &&
    (oldAnnotation === undefined || spec.storageClassName === oldAnnotation);
  const movesClass = getsClass && oldAnnotation !== undefined && (annotation ?? oldAnnotation) === oldAnnotation;
  if (!movesClass) addChanged(faults, `metadata.annotations.${betaClass}`, annotation ?? '', oldAnnotation ?? '');
  const isBound = next.status?.phase === 'Bound';
  const fixed = (one: Loose<PersistentVolumeClaimSpec>): Loose<PersistentVolumeClaimSpec> => {
    const copy = { ...one };
    if ((old.volumeName ?? '') === '') delete copy.volumeName;
    if (getsClass) delete copy.storageClassName;
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
  const [size, oldSize] = [spec, old].map((one) => tryParseQuantity(one.resources?.requests?.storage ?? '0'));
  const capacity = tryParseQuantity(status?.capacity?.storage ?? '0');
  const shrinks = size !== undefined && oldSize !== undefined && compareQuantities(size, oldSize) < 0;
  if (shrinks && capacity !== undefined && compareQuantities(size, capacity) <= 0) {
    const why = 'field can not be less than status.capacity';
    faults.push(field.forbidden('spec.resources.requests.storage', why));
  }
  addChanged(faults, 'volumeMode', spec.volumeMode, old.volumeMode);
}

const resizeStatuses = [
  'ControllerResizeInProgress',
  'ControllerResizeInfeasible',
  'NodeResizeInProgress',
  'NodeResizeInfeasible',
  'NodeResizePending',
];

export function addPersistentVolumeClaimStatus(faults: Faults, { status = {} }: Loose<PersistentVolumeClaim>): void {
  for (const [name, amount] of entriesOf(status.capacity)) addPlainAmount(faults, amount, `status.capacity[${name}]`);
  for (const [name, state] of entriesOf(status.allocatedResourceStatuses)) {
    const at = 'status.allocatedResourceStatus';
    addClaimResource(faults, name, at);
    if (!resizeStatuses.includes(state)) faults.push(field.notSupported(at, name, resizeStatuses));
  }
  for (const [name, amount] of entriesOf(status.allocatedResources)) {
    const before = faults.length;
    addClaimResource(faults, name, 'status.allocatedResources');
    if (faults.length === before) addPlainAmount(faults, amount, `status.allocatedResources[${name}]`);
  }
}

function addPlainAmount(faults: Faults, amount: QuantityValue, path: string): void {
  const units = (tryParseQuantity(amount)?.nano ?? 0n) / 1_000_000_000n;
  if (units < 0n) faults.push(field.invalid(path, Number(units), 'must be a valid resource quantity'));
}

/** Storage, or a resource of a vendor. */
function addClaimResource(faults: Faults, name: string, path: string): void {
  const messages = checkQualifiedName(name);
  addEach(faults, path, name, messages);
  const isNative = !name.includes('/') || name.includes('kubernetes.io/');
  if (messages.length === 0 && isNative && name !== 'storage') faults.push(field.notSupported(path, name, ['storage']));
}

/** PersistentVolume and PersistentVolumeClaim (ValidatePersistentVolume…, ValidatePersistentVolumeClaim…). */
import { deepEqual } from '../algebra/hash.ts';
import { checkDns1123Label, checkDns1123Subdomain, checkQualifiedName } from '../algebra/names.ts';
import { compareQuantities, tryParseQuantity } from '../algebra/quantity.ts';
import { field } from '../errors.ts';
import type {
  CSIPersistentVolumeSource,
  NodeSelectorRequirement,
  PersistentVolume,
  PersistentVolumeClaim,
  PersistentVolumeClaimSpec,
  PersistentVolumeSpec,
  QuantityValue,
  SecretReference,
  VolumeNodeAffinity,
} from '../kinds/types.ts';
import { addAccessModes, addClaimSpec } from './claims.ts';
import { addNoParents } from './pod/paths.ts';
import { addAbsolute, addDriver, addHostPath } from './pod/volumes.ts';
import { addNodeSelector } from './selectors.ts';
import { addChanged, addEach, addMissing, addUnsupportedIfSet, entriesOf, type Faults, type Loose } from './support.ts';
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
      faults.push(field.invalid(`spec.capacity[${name}]`, String(amount), 'must be greater than zero'));
    }
  }
}

type SourceName = keyof PersistentVolumeSpec;

/** The order in which Kubernetes looks for sources: of several the first one counts. */
const sources = [
  ...['hostPath', 'gcePersistentDisk', 'awsElasticBlockStore', 'glusterfs', 'flocker', 'nfs', 'rbd', 'quobyte'],
  ...['cephfs', 'iscsi', 'cinder', 'fc', 'flexVolume', 'azureFile', 'vsphereVolume', 'photonPersistentDisk'],
  ...['portworxVolume', 'azureDisk', 'scaleIO', 'local', 'storageos', 'csi'],
] as SourceName[];

function addVolumeSource(faults: Faults, spec: Loose<PersistentVolumeSpec>): void {
  const [first, ...others] = sources.filter((name) => spec[name] !== undefined);
  if (first === undefined) faults.push(field.required('spec', 'must specify a volume type'));
  else {
    addNeeded(faults, first, spec[first], `spec.${first === 'gcePersistentDisk' ? 'persistentDisk' : first}`);
    sourceChecks[first]?.(faults, spec);
  }
  for (const extra of others) {
    const shown = extra === 'cephfs' ? 'cephFS' : extra;
    faults.push(field.forbidden(`spec.${shown}`, 'may not specify more than 1 volume type'));
  }
  if (!/^\/+$/.test(spec.hostPath?.path ?? '') || spec.persistentVolumeReclaimPolicy !== 'Recycle') return;
  const why = "may not be 'recycle' for a hostPath mount of '/'";
  faults.push(field.forbidden('spec.persistentVolumeReclaimPolicy', why));
}

const sourceChecks: Partial<Record<SourceName, (faults: Faults, spec: Loose<PersistentVolumeSpec>) => void>> = {
  hostPath(faults, { hostPath }) {
    addHostPath(faults, hostPath?.path ?? '', hostPath?.type, 'spec.hostPath');
  },
  local(faults, { local, nodeAffinity }) {
    addMissing(faults, 'spec.local.path', local?.path);
    addNoParents(faults, local?.path ?? '', 'spec.local.path');
    if (nodeAffinity === undefined)
      faults.push(field.required('spec.nodeAffinity', 'Local volume requires node affinity'));
  },
  nfs(faults, { nfs }) {
    addMissing(faults, 'spec.nfs.server', nfs?.server);
    addMissing(faults, 'spec.nfs.path', nfs?.path);
    addAbsolute(faults, nfs?.path ?? '', 'spec.nfs.path');
  },
  csi(faults, { csi }) {
    addCSI(faults, csi ?? {});
  },
};

const csiSecrets = [
  'controllerPublishSecretRef',
  'controllerExpandSecretRef',
  'nodePublishSecretRef',
  'nodeExpandSecretRef',
] as const;

function addCSI(faults: Faults, csi: Loose<CSIPersistentVolumeSource>): void {
  addDriver(faults, csi.driver ?? '', 'spec.csi.driver');
  addMissing(faults, 'spec.csi.volumeHandle', csi.volumeHandle);
  for (const name of csiSecrets) {
    const secret = csi[name];
    if (secret !== undefined) addSecret(faults, secret, `spec.csi.${name}`);
  }
}

function addSecret(faults: Faults, { name = '', namespace = '' }: Loose<SecretReference>, path: string): void {
  if (name === '') faults.push(field.required(`${path}.name`));
  else addEach(faults, `${path}.name`, name, checkDns1123Subdomain(name));
  if (namespace === '') faults.push(field.required(`${path}.namespace`));
  else addEach(faults, `${path}.namespace`, namespace, checkDns1123Label(namespace));
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

/** What a volume is, in a PersistentVolume and inline in a VolumeAttachment (ValidatePersistentVolumeSpec). */
import { checkDns1123Label, checkDns1123Subdomain } from '../algebra/names.ts';
import { tryParseQuantity } from '../algebra/quantity.ts';
import { field } from '../errors.ts';
import type { CSIPersistentVolumeSource, PersistentVolumeSpec, SecretReference } from '../kinds/types.ts';
import { addAccessModes } from './claims.ts';
import { addNoParents } from './pod/paths.ts';
import { addAbsolute, addDriver, addHostPath } from './pod/volumes.ts';
import { addNodeSelector } from './selectors.ts';
import { addEach, addMissing, addUnsupportedIfSet, entriesOf, type Faults, type Loose } from './support.ts';
import { addIscsi, addNeeded } from './volume-sources.ts';

/** Where a spec stands, and the name of the volume that it is of; inline it is '' and of none. */
export interface VolumePlace {
  readonly path: string;
  readonly name: string;
}

type Spec = Loose<PersistentVolumeSpec>;

export function addVolumeSpec(faults: Faults, spec: Spec, place: VolumePlace): void {
  const { path } = place;
  addModes(faults, spec, path);
  addCapacity(faults, spec, `${path}.capacity`);
  addUnsupportedIfSet(faults, `${path}.persistentVolumeReclaimPolicy`, spec.persistentVolumeReclaimPolicy, [
    'Delete',
    'Recycle',
    'Retain',
  ]);
  if (spec.nodeAffinity !== undefined) {
    const at = `${path}.nodeAffinity.required`;
    if (spec.nodeAffinity.required === undefined)
      faults.push(field.required(at, 'must specify required node constraints'));
    else addNodeSelector(faults, spec.nodeAffinity.required, at);
  }
  addVolumeSource(faults, spec, place);
  const { storageClassName: name = '' } = spec;
  if (name !== '') addEach(faults, `${path}.storageClassName`, name, checkDns1123Subdomain(name));
  addUnsupportedIfSet(faults, `${path}.volumeMode`, spec.volumeMode, ['Block', 'Filesystem']);
}

/** A volume without an object of its own is only what its driver has to know. */
export function addInlineVolumeSpec(faults: Faults, spec: Spec, path: string): void {
  const refuse = (name: keyof PersistentVolumeSpec, what = 'may not be specified'): void =>
    void faults.push(field.forbidden(`${path}.${name}`, `${what} in the context of inline volumes`));
  if (spec.claimRef !== undefined) refuse('claimRef');
  if (entriesOf(spec.capacity).length > 0) refuse('capacity');
  if (spec.csi === undefined)
    faults.push(field.required(`${path}.csi`, 'has to be specified in the context of inline volumes'));
  addModes(faults, spec, path);
  if ((spec.persistentVolumeReclaimPolicy ?? 'Retain') !== 'Retain')
    refuse('persistentVolumeReclaimPolicy', 'may only be Retain');
  if (spec.nodeAffinity !== undefined) refuse('nodeAffinity');
  addVolumeSource(faults, spec, { path, name: '' });
  if ((spec.storageClassName ?? '') !== '') refuse('storageClassName');
  if ((spec.volumeMode ?? 'Filesystem') !== 'Filesystem')
    refuse('volumeMode', 'may not specify volumeMode other than Filesystem');
}

function addModes(faults: Faults, { accessModes = [] }: Spec, path: string): void {
  if (accessModes.length === 0) faults.push(field.required(`${path}.accessModes`));
  addAccessModes(faults, accessModes, `${path}.accessModes`);
}

function addCapacity(faults: Faults, { capacity = {} }: Spec, path: string): void {
  const entries = entriesOf(capacity);
  if (entries.length === 0) faults.push(field.required(path));
  if (!Object.hasOwn(capacity, 'storage') || entries.length > 1) {
    faults.push(field.notSupported(path, Object.keys(capacity), ['storage']));
  }
  for (const [name, amount] of entries) {
    if ((tryParseQuantity(amount)?.nano ?? 1n) <= 0n) {
      faults.push(field.invalid(`${path}[${name}]`, String(amount), 'must be greater than zero'));
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

function addVolumeSource(faults: Faults, spec: Spec, place: VolumePlace): void {
  const { path } = place;
  const [first, ...others] = sources.filter((name) => spec[name] !== undefined);
  if (first === undefined) faults.push(field.required(path, 'must specify a volume type'));
  else {
    const at = `${path}.${first === 'gcePersistentDisk' ? 'persistentDisk' : first}`;
    addNeeded(faults, first, spec[first], at);
    sourceChecks[first]?.(faults, spec, at, place);
  }
  for (const extra of others) {
    const shown = extra === 'cephfs' ? 'cephFS' : extra;
    faults.push(field.forbidden(`${path}.${shown}`, 'may not specify more than 1 volume type'));
  }
  if (!/^\/+$/.test(spec.hostPath?.path ?? '') || spec.persistentVolumeReclaimPolicy !== 'Recycle') return;
  const why = "may not be 'recycle' for a hostPath mount of '/'";
  faults.push(field.forbidden(`${path}.persistentVolumeReclaimPolicy`, why));
}

type SourceCheck = (faults: Faults, spec: Spec, path: string, place: VolumePlace) => void;

/** A secret of a volume may be in any namespace, and so names it. */
function addNamespaceOf(faults: Faults, secret: Loose<SecretReference> | undefined, path: string): void {
  if (secret !== undefined) addMissing(faults, `${path}.secretRef.namespace`, secret.namespace);
}

const sourceChecks: Partial<Record<SourceName, SourceCheck>> = {
  hostPath(faults, { hostPath }, path) {
    addHostPath(faults, hostPath?.path ?? '', hostPath?.type, path);
  },
  local(faults, { local, nodeAffinity }, path, place) {
    addMissing(faults, `${path}.path`, local?.path);
    addNoParents(faults, local?.path ?? '', `${path}.path`);
    if (nodeAffinity === undefined)
      faults.push(field.required(`${place.path}.nodeAffinity`, 'Local volume requires node affinity'));
  },
  nfs(faults, { nfs }, path) {
    addMissing(faults, `${path}.server`, nfs?.server);
    addMissing(faults, `${path}.path`, nfs?.path);
    addAbsolute(faults, nfs?.path ?? '', `${path}.path`);
  },
  glusterfs(faults, { glusterfs }, path) {
    const namespace = glusterfs?.endpointsNamespace;
    const at = `${path}.endpointsNamespace`;
    if (namespace === '') {
      const why = 'if the endpointnamespace is set, it must be a valid namespace name';
      faults.push(field.invalid(at, namespace, why));
    } else if (namespace !== undefined) addEach(faults, at, namespace, checkDns1123Label(namespace));
  },
  iscsi(faults, { iscsi = {} }, path, { name }) {
    addIscsi(faults, iscsi, path, name);
  },
  cinder(faults, { cinder }, path) {
    addNamespaceOf(faults, cinder?.secretRef, path);
  },
  storageos(faults, { storageos }, path) {
    addNamespaceOf(faults, storageos?.secretRef, path);
  },
  csi(faults, { csi }, path) {
    addCSI(faults, csi ?? {}, path);
  },
};

const csiSecrets = [
  'controllerPublishSecretRef',
  'controllerExpandSecretRef',
  'nodePublishSecretRef',
  'nodeExpandSecretRef',
] as const;

function addCSI(faults: Faults, csi: Loose<CSIPersistentVolumeSource>, path: string): void {
  addDriver(faults, csi.driver ?? '', `${path}.driver`);
  addMissing(faults, `${path}.volumeHandle`, csi.volumeHandle);
  for (const name of csiSecrets) {
    const secret = csi[name];
    if (secret !== undefined) addSecret(faults, secret, `${path}.${name}`);
  }
}

function addSecret(faults: Faults, { name = '', namespace = '' }: Loose<SecretReference>, path: string): void {
  if (name === '') faults.push(field.required(`${path}.name`));
  else addEach(faults, `${path}.name`, name, checkDns1123Subdomain(name));
  if (namespace === '') faults.push(field.required(`${path}.namespace`));
  else addEach(faults, `${path}.namespace`, namespace, checkDns1123Label(namespace));
}

/** What the volume sources of clouds and storage systems must be, in pods and in PersistentVolumes. */
import { goList } from '../algebra/go-text.ts';
import { checkDns1123Label, rangeMessage } from '../algebra/names.ts';
import { field } from '../errors.ts';
import { addDescending } from './pod/paths.ts';
import { addEach, addMissing, bytesOf, type Faults } from './support.ts';

const needed: Readonly<Record<string, readonly string[]>> = {
  gcePersistentDisk: ['pdName'],
  awsElasticBlockStore: ['volumeID'],
  azureDisk: ['diskName', 'diskURI'],
  azureFile: ['secretName', 'shareName'],
  cephfs: ['monitors'],
  cinder: ['volumeID'],
  flexVolume: ['driver'],
  gitRepo: ['repository'],
  glusterfs: ['endpoints', 'path'],
  photonPersistentDisk: ['pdID'],
  portworxVolume: ['volumeID'],
  quobyte: ['volume'],
  rbd: ['monitors', 'image'],
  scaleIO: ['gateway', 'system', 'volumeName'],
  storageos: ['volumeName'],
  vsphereVolume: ['volumePath'],
};

type Source = Readonly<Record<string, unknown>>;

/** Adds the faults of the source of this name. Sources with rules of their own elsewhere add none. */
export function addNeeded(faults: Faults, name: string, source: unknown, path: string): void {
  const given = (source ?? {}) as Source;
  for (const each of needed[name] ?? []) {
    const value = given[each];
    const isThere = Array.isArray(value) ? value.length > 0 : typeof value === 'string' && value !== '';
    if (!isThere) addMissing(faults, `${path}.${each}`, undefined);
  }
  if (Object.hasOwn(sourceChecks, name)) sourceChecks[name]?.(faults, given, path);
}

const textOf = (source: Source, key: string): string => {
  const value = source[key];
  return typeof value === 'string' ? value : '';
};

const listOf = (source: Source, key: string): readonly unknown[] => {
  const value = source[key];
  return Array.isArray(value) ? value : [];
};

function addRange(faults: Faults, path: string, value: unknown, message: string): void {
  if (typeof value === 'number' && (value < 0 || value > 255)) faults.push(field.invalid(path, value, message));
}

const addPartition = (faults: Faults, source: Source, path: string): void =>
  addRange(faults, `${path}.partition`, source.partition, rangeMessage(1, 255));

const initiatorForms: readonly (readonly [prefix: string, form: RegExp])[] = [
  ['iqn', /^iqn\.\d{4}-\d{2}\.[A-Za-z0-9.-]+:[^,;*&$|\s]+$/],
  ['eui', /^eui.[A-Za-z0-9]{16}$/],
  ['naa', /^naa.[A-Za-z0-9]{32}$/],
];

function addInitiator(faults: Faults, name: string, path: string, unknown: string): void {
  const known = initiatorForms.find(([prefix]) => name.startsWith(prefix));
  if (known === undefined) faults.push(field.invalid(path, name, unknown));
  else if (!known[1].test(name)) faults.push(field.invalid(path, name, wrongForm));
}

const wrongForm = 'must be valid format';
/** The name of a PersistentVolume and its target's address are together the name of an interface. */
const maxInterfaceBytes = 64;
const longInterface =
  'Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.';

/** `volume` is the PersistentVolume's name, of a pod's own volume nothing. */
export function addIscsi(faults: Faults, source: Source, path: string, volume?: string): void {
  const unknown = volume === undefined ? 'must be valid format starting with iqn, eui, or naa' : wrongForm;
  const [portal, name] = [textOf(source, 'targetPortal'), textOf(source, 'iqn')];
  addMissing(faults, `${path}.targetPortal`, portal);
  const initiator = source.initiatorName === undefined ? undefined : textOf(source, 'initiatorName');
  if (volume !== undefined && initiator !== undefined && bytesOf(`${volume}:${portal}`) > maxInterfaceBytes)
    faults.push(field.invalid(`${path}.targetportal`, portal, longInterface));
  addMissing(faults, `${path}.iqn`, name);
  if (name !== '') addInitiator(faults, name, `${path}.iqn`, unknown);
  addRange(faults, `${path}.lun`, source.lun, rangeMessage(0, 255));
  const needsSecret = source.chapAuthDiscovery === true || source.chapAuthSession === true;
  if (needsSecret && source.secretRef === undefined) faults.push(field.required(`${path}.secretRef`));
  if (volume !== undefined) addSecretName(faults, source, path);
  if (initiator !== undefined) addInitiator(faults, initiator, `${path}.initiatorname`, unknown);
}

const azureKinds = ['Dedicated', 'Managed', 'Shared'];
const managedDisk = '/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}';
const blobDisk = 'https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd';
const registryMessage = 'must be a host:port pair or multiple pairs separated by commas';

/** A secret that is named at all has a name. */
function addSecretName(faults: Faults, source: Source, path: string): void {
  const { secretRef } = source;
  if (typeof secretRef !== 'object' || secretRef === null) return;
  if (textOf(secretRef as Source, 'name') === '') faults.push(field.required(`${path}.secretRef.name`));
}

const sourceChecks: Readonly<Record<string, (faults: Faults, source: Source, path: string) => void>> = {
  gcePersistentDisk: addPartition,
  awsElasticBlockStore: addPartition,
  fc(faults, source, path) {
    const targets = listOf(source, 'targetWWNs');
    const ids = listOf(source, 'wwids');
    if (targets.length === 0 && ids.length === 0)
      faults.push(field.required(`${path}.targetWWNs`, 'must specify either targetWWNs or wwids, but not both'));
    if (targets.length > 0 && ids.length > 0) {
      const why = 'targetWWNs and wwids can not be specified simultaneously';
      faults.push(field.invalid(`${path}.targetWWNs`, goList('string', targets), why));
    }
    if (targets.length === 0) return;
    if (source.lun === undefined)
      faults.push(field.required(`${path}.lun`, 'lun is required if targetWWNs is specified'));
    else addRange(faults, `${path}.lun`, source.lun, rangeMessage(0, 255));
  },
  azureDisk(faults, source, path) {
    const uri = textOf(source, 'diskURI');
    const kind = source.kind === undefined ? undefined : textOf(source, 'kind');
    const caching = source.cachingMode === undefined ? undefined : textOf(source, 'cachingMode');
    if (caching !== undefined && !['None', 'ReadOnly', 'ReadWrite'].includes(caching))
      faults.push(field.notSupported(`${path}.cachingMode`, caching, ['None', 'ReadOnly', 'ReadWrite']));
    if (kind === undefined) return;
    if (!azureKinds.includes(kind)) faults.push(field.notSupported(`${path}.kind`, kind, azureKinds));
    const [start, form] = kind === 'Managed' ? ['/subscriptions/', managedDisk] : ['https://', blobDisk];
    if (!uri.startsWith(start)) faults.push(field.notSupported(`${path}.diskURI`, uri, [form]));
  },
  gitRepo(faults, source, path) {
    addDescending(faults, textOf(source, 'directory'), `${path}.directory`);
  },
  flexVolume(faults, source, path) {
    for (const key of Object.keys(source.options ?? {})) {
      if (!/(?:^|\.)(?:kubernetes|k8s)\.io$/i.test(key.split('/')[0] ?? '')) continue;
      const why = 'kubernetes.io and k8s.io namespaces are reserved';
      faults.push(field.invalid(`${path}.options[${key}]`, key, why));
    }
  },
  storageos(faults, source, path) {
    for (const key of ['volumeName', 'volumeNamespace'] as const) {
      const name = textOf(source, key);
      if (name !== '') addEach(faults, `${path}.${key}`, name, checkDns1123Label(name));
    }
    addSecretName(faults, source, path);
  },
  cinder: addSecretName,
  azureFile(faults, source, path) {
    if (source.secretNamespace === '') faults.push(field.required(`${path}.secretNamespace`));
  },
  quobyte(faults, source, path) {
    const registry = textOf(source, 'registry');
    if (registry === '') faults.push(field.required(`${path}.registry`, registryMessage));
    else if (textOf(source, 'tenant').length >= 65) {
      const why = 'must be a UUID and may not exceed a length of 64 characters';
      return void faults.push(field.required(`${path}.tenant`, why));
    }
    for (const pair of registry === '' ? [] : registry.split(','))
      if (!/^(?:\[[^[\]]*\]|[^:[\]]*):[^:[\]]*$/.test(pair))
        faults.push(field.invalid(`${path}.registry`, registry, registryMessage));
  },
  flocker(faults, source, path) {
    const [name, uuid] = [textOf(source, 'datasetName'), textOf(source, 'datasetUUID')];
    if (name === '' && uuid === '') faults.push(field.required(path, 'one of datasetName and datasetUUID is required'));
    if (name !== '' && uuid !== '')
      faults.push(field.invalid(path, 'resource', 'datasetName and datasetUUID can not be specified simultaneously'));
    if (name.includes('/')) faults.push(field.invalid(`${path}.datasetName`, name, "must not contain '/'"));
  },
};

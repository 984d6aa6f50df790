/** What the volume sources of clouds and storage systems cannot do without, in pods and in PersistentVolumes. */
import { addMissing, type Faults } from './support.ts';

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
  iscsi: ['targetPortal', 'iqn'],
  photonPersistentDisk: ['pdID'],
  portworxVolume: ['volumeID'],
  quobyte: ['volume'],
  rbd: ['monitors', 'image'],
  scaleIO: ['gateway', 'system', 'volumeName'],
  vsphereVolume: ['volumePath'],
};

/** Adds a fault for each field that the source of this name needs and lacks. Sources with rules of their own add none. */
export function addNeeded(faults: Faults, name: string, source: unknown, path: string): void {
  const given = (source ?? {}) as Readonly<Record<string, unknown>>;
  for (const each of needed[name] ?? []) {
    const value = given[each];
    const isThere = Array.isArray(value) ? value.length > 0 : typeof value === 'string' && value !== '';
    if (!isThere) addMissing(faults, `${path}.${each}`, undefined);
  }
}

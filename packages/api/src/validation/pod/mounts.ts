/**
 * Where containers mount volumes and see devices. Some faults name the list and not the place in it: so does Kubernetes
 * (ValidateVolumeMounts).
 */
import { field } from '../../errors.ts';
import type { Container, EphemeralContainer, Volume, VolumeMount } from '../../kinds/types.ts';
import type { Faults, Loose } from '../support.ts';
import { addDescending, goesUp } from './paths.ts';

type Volumes = ReadonlyMap<string, Loose<Volume>>;
type Mounting = Pick<
  Loose<Container> & Loose<EphemeralContainer>,
  'volumeMounts' | 'volumeDevices' | 'securityContext'
>;

const propagations = ['Bidirectional', 'HostToContainer', 'None'];
const recursions = ['Disabled', 'Enabled', 'IfPossible'];

export function addMounts(faults: Faults, container: Mounting, volumes: Volumes, path: string): void {
  const mountPaths = new Set<string>();
  const devices = container.volumeDevices ?? [];
  const deviceNames = new Set(devices.map((device) => device.name));
  const devicePaths = new Set(devices.map((device) => device.devicePath));
  for (const [index, mount] of (container.volumeMounts ?? []).entries()) {
    const at = `${path}[${index}]`;
    const { name = '', mountPath = '' } = mount;
    if (name === '') faults.push(field.required(`${at}.name`));
    if (!volumes.has(name)) faults.push(field.notFound(`${at}.name`, name));
    if (mountPath === '') faults.push(field.required(`${at}.mountPath`));
    if (mountPaths.has(mountPath)) faults.push(field.invalid(`${at}.mountPath`, mountPath, 'must be unique'));
    mountPaths.add(mountPath);
    if (deviceNames.has(name)) {
      faults.push(field.invalid(`${at}.name`, name, 'must not already exist in volumeDevices'));
    }
    if (devicePaths.has(mountPath)) {
      faults.push(field.invalid(`${at}.mountPath`, mountPath, 'must not already exist as a path in volumeDevices'));
    }
    addSubPath(faults, mount, volumes.get(name)?.image !== undefined, at, path);
    addPropagation(faults, mount, container.securityContext?.privileged === true, path);
    addRecursion(faults, mount, path);
  }
}

function addSubPath(faults: Faults, mount: Loose<VolumeMount>, ofImage: boolean, at: string, path: string): void {
  const { subPath = '', subPathExpr = '' } = mount;
  for (const [name, value] of [
    ['subPath', subPath],
    ['subPathExpr', subPathExpr],
  ] as const) {
    if (value === '') continue;
    if (ofImage) faults.push(field.invalid(`${at}.${name}`, value, 'not allowed in image volume sources'));
    if (name === 'subPathExpr' && subPath !== '')
      faults.push(field.invalid(`${at}.subPathExpr`, value, 'subPathExpr and subPath are mutually exclusive'));
    addDescending(faults, value, `${path}.${name}`);
  }
}

function addPropagation(faults: Faults, { mountPropagation }: Loose<VolumeMount>, privileged: boolean, path: string) {
  if (mountPropagation === undefined) return;
  const at = `${path}.mountPropagation`;
  if (!propagations.includes(mountPropagation)) faults.push(field.notSupported(at, mountPropagation, propagations));
  if (mountPropagation === 'Bidirectional' && !privileged) {
    const why = 'Bidirectional mount propagation is available only to privileged containers';
    faults.push(field.forbidden(at, why));
  }
}

function addRecursion(faults: Faults, mount: Loose<VolumeMount>, path: string): void {
  const { recursiveReadOnly, mountPropagation } = mount;
  if (recursiveReadOnly === undefined || recursiveReadOnly === 'Disabled') return;
  const at = `${path}.recursiveReadOnly`;
  if (!recursions.includes(recursiveReadOnly))
    return void faults.push(field.notSupported(at, recursiveReadOnly, recursions));
  if (mount.readOnly !== true) faults.push(field.forbidden(at, 'may only be specified when readOnly is true'));
  if (mountPropagation !== undefined && mountPropagation !== 'None') {
    const why = 'may only be specified when mountPropagation is None or not specified';
    faults.push(field.forbidden(at, why));
  }
}

export function addDevices(faults: Faults, container: Mounting, volumes: Volumes, path: string): void {
  const seenPaths = new Set<string>();
  const seenNames = new Set<string>();
  const mounts = container.volumeMounts ?? [];
  const mountNames = new Set(mounts.map((mount) => mount.name));
  const mountPaths = new Set(mounts.map((mount) => mount.mountPath));
  for (const [index, device] of (container.volumeDevices ?? []).entries()) {
    const at = `${path}[${index}]`;
    const { name = '', devicePath = '' } = device;
    if (name === '') faults.push(field.required(`${at}.name`));
    if (seenNames.has(name)) faults.push(field.invalid(`${at}.name`, name, 'must be unique'));
    const volume = volumes.get(name);
    const isBlockSource = volume?.persistentVolumeClaim !== undefined || volume?.ephemeral !== undefined;
    if (volume === undefined) faults.push(field.notFound(`${at}.name`, name));
    else if (!isBlockSource) {
      const why = 'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode';
      faults.push(field.invalid(`${at}.name`, name, why));
    }
    if (devicePath === '') faults.push(field.required(`${at}.devicePath`));
    if (seenPaths.has(devicePath)) faults.push(field.invalid(`${at}.devicePath`, devicePath, 'must be unique'));
    if (goesUp(devicePath))
      faults.push(field.invalid(`${at}.devicePath`, devicePath, "can not contain backsteps ('..')"));
    else seenPaths.add(devicePath);
    if (mountNames.has(name)) faults.push(field.invalid(`${at}.name`, name, 'must not already exist in volumeMounts'));
    if (mountPaths.has(devicePath)) {
      faults.push(field.invalid(`${at}.devicePath`, devicePath, 'must not already exist as a path in volumeMounts'));
    }
    if (name !== '') seenNames.add(name);
  }
}

/** Containers of a pod: regular, init (sidecars too) and ephemeral ones. */
import { checkDns1123Label, checkPortName, checkPortNumber } from '../../algebra/names.ts';
import { field } from '../../errors.ts';
import type {
  Container,
  ContainerPort,
  EphemeralContainer,
  Volume,
  VolumeDevice,
  VolumeMount,
} from '../../kinds/types.ts';
import { addEach, addNul, addUnsupported, type Faults, type Loose } from '../support.ts';
import { addEnvironment, addEnvironmentFrom } from './env.ts';
import { addDescending } from './paths.ts';
import { addLifecycle, addProbe } from './probes.ts';
import { addResources } from './resources.ts';
import { addContainerSecurity } from './security.ts';

/** What containers are checked against. */
export interface ContainerScope {
  readonly volumes: ReadonlyMap<string, Loose<Volume>>;
  readonly graceSeconds: number | undefined;
  readonly hostNetwork: boolean;
}

type AnyContainer = Loose<Container> | Loose<EphemeralContainer>;

/** What holds for every kind of container. */
function addContainer(faults: Faults, container: AnyContainer, scope: ContainerScope, path: string): void {
  const name = container.name ?? '';
  if (name === '') faults.push(field.required(`${path}.name`));
  else addEach(faults, `${path}.name`, name, checkDns1123Label(name));
  if ((container.image ?? '') === '') faults.push(field.required(`${path}.image`));
  for (const list of ['command', 'args'] as const)
    for (const [index, text] of (container[list] ?? []).entries()) addNul(faults, `${path}.${list}[${index}]`, text);
  addUnsupported(faults, `${path}.terminationMessagePolicy`, container.terminationMessagePolicy, [
    'FallbackToLogsOnError',
    'File',
  ]);
  addPorts(faults, container.ports, scope.hostNetwork, `${path}.ports`);
  addEnvironment(faults, container.env, `${path}.env`);
  addEnvironmentFrom(faults, container.envFrom, `${path}.envFrom`);
  addMounts(faults, container, scope, `${path}.volumeMounts`);
  addDevices(faults, container.volumeDevices, container.volumeMounts, scope, `${path}.volumeDevices`);
  addUnsupported(faults, `${path}.imagePullPolicy`, container.imagePullPolicy, ['Always', 'IfNotPresent', 'Never']);
  addResources(faults, container.resources, `${path}.resources`);
  addContainerSecurity(faults, container.securityContext, `${path}.securityContext`);
}

export function addContainers(
  faults: Faults,
  containers: Loose<Container[]> | undefined,
  scope: ContainerScope,
  path: string,
): void {
  if (containers === undefined || containers.length === 0) return void faults.push(field.required(path));
  const names = new Set<string>();
  for (const [index, container] of containers.entries()) {
    const at = `${path}[${index}]`;
    addContainer(faults, container, scope, at);
    if (names.has(container.name ?? '')) faults.push(field.duplicate(`${at}.name`, container.name));
    names.add(container.name ?? '');
    addLifecycle(faults, container.lifecycle, scope.graceSeconds, `${at}.lifecycle`);
    addProbe(faults, 'livenessProbe', container.livenessProbe, at);
    addProbe(faults, 'readinessProbe', container.readinessProbe, at);
    addProbe(faults, 'startupProbe', container.startupProbe, at);
    if (container.restartPolicy !== undefined) {
      faults.push(field.forbidden(`${at}.restartPolicy`, 'may not be set for non-init containers'));
    }
  }
  addHostPortConflicts(faults, containers, path);
}

const onlyOfSidecars = ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const;

export function addInitContainers(
  faults: Faults,
  containers: Loose<Container[]> | undefined,
  regular: Loose<Container[]> | undefined,
  scope: ContainerScope,
  path: string,
): void {
  const names = new Set((regular ?? []).map((container) => container.name ?? ''));
  for (const [index, container] of (containers ?? []).entries()) {
    const at = `${path}[${index}]`;
    addContainer(faults, container, scope, at);
    const name = container.name ?? '';
    if (name !== '' && names.has(name)) faults.push(field.duplicate(`${at}.name`, name));
    names.add(name);
    if (container.restartPolicy !== undefined && container.restartPolicy !== 'Always') {
      faults.push(field.notSupported(`${at}.restartPolicy`, container.restartPolicy, ['Always']));
    }
    if (container.restartPolicy === 'Always') {
      addLifecycle(faults, container.lifecycle, scope.graceSeconds, `${at}.lifecycle`);
      addProbe(faults, 'livenessProbe', container.livenessProbe, at);
      addProbe(faults, 'readinessProbe', container.readinessProbe, at);
      addProbe(faults, 'startupProbe', container.startupProbe, at);
      continue;
    }
    for (const part of onlyOfSidecars) {
      if (container[part] === undefined) continue;
      const why = 'may not be set for init containers without restartPolicy=Always';
      faults.push(field.forbidden(`${at}.${part}`, why));
    }
  }
  addHostPortConflicts(faults, containers ?? [], path);
}

const notOfEphemeral = [
  'lifecycle',
  'livenessProbe',
  'ports',
  'readinessProbe',
  'resizePolicy',
  'resources',
  'restartPolicy',
  'startupProbe',
] as const;

export function addEphemeralContainers(
  faults: Faults,
  containers: Loose<EphemeralContainer[]> | undefined,
  others: readonly Loose<Container>[],
  scope: ContainerScope,
  path: string,
): void {
  const targets = new Set(others.map((container) => container.name ?? ''));
  const names = new Set(targets);
  for (const [index, container] of (containers ?? []).entries()) {
    const at = `${path}[${index}]`;
    addContainer(faults, container, scope, at);
    if (names.has(container.name ?? '')) faults.push(field.duplicate(`${at}.name`, container.name));
    names.add(container.name ?? '');
    const target = container.targetContainerName;
    if (target !== undefined && !targets.has(target)) {
      faults.push(field.notFound(`${at}.targetContainerName`, target));
    }
    for (const part of notOfEphemeral) {
      const value = container[part];
      if (value === undefined || (typeof value === 'object' && Object.keys(value).length === 0)) continue;
      faults.push(field.forbidden(`${at}.${part}`, 'cannot be set for an Ephemeral Container'));
    }
    for (const [place, mount] of (container.volumeMounts ?? []).entries()) {
      for (const part of ['subPath', 'subPathExpr'] as const) {
        if (mount[part] === undefined) continue;
        faults.push(
          field.forbidden(`${at}.volumeMounts[${place}].${part}`, 'cannot be set for an Ephemeral Container'),
        );
      }
    }
  }
}

function addPorts(faults: Faults, ports: Loose<ContainerPort[]> | undefined, hostNetwork: boolean, path: string): void {
  const names = new Set<string>();
  for (const [index, port] of (ports ?? []).entries()) {
    const at = `${path}[${index}]`;
    const name = port.name ?? '';
    if (name !== '') {
      const messages = checkPortName(name);
      addEach(faults, `${at}.name`, name, messages);
      if (messages.length === 0 && names.has(name)) faults.push(field.duplicate(`${at}.name`, name));
      names.add(name);
    }
    const { containerPort = 0, hostPort = 0 } = port;
    if (containerPort === 0) faults.push(field.required(`${at}.containerPort`));
    else addEach(faults, `${at}.containerPort`, containerPort, checkPortNumber(containerPort));
    if (hostPort !== 0) addEach(faults, `${at}.hostPort`, hostPort, checkPortNumber(hostPort));
    addUnsupported(faults, `${at}.protocol`, port.protocol, ['SCTP', 'TCP', 'UDP']);
    if (hostNetwork && hostPort !== containerPort && hostPort !== 0) {
      const why = 'must match `hostPort` when `hostNetwork` is true';
      faults.push(field.invalid(`${at}.containerPort`, containerPort, why));
    }
  }
}

/** Two containers of a pod cannot have the same port of their host. */
function addHostPortConflicts(faults: Faults, containers: readonly Loose<Container>[], path: string): void {
  const taken = new Set<string>();
  for (const [index, container] of containers.entries()) {
    for (const [place, port] of (container.ports ?? []).entries()) {
      if (port.hostPort === undefined || port.hostPort === 0) continue;
      const id = `${port.protocol}/${port.hostIP ?? ''}/${port.hostPort}`;
      if (taken.has(id)) faults.push(field.duplicate(`${path}[${index}].ports[${place}].hostPort`, id));
      taken.add(id);
    }
  }
}

const propagations = ['Bidirectional', 'HostToContainer', 'None'];

function addMounts(faults: Faults, container: AnyContainer, scope: ContainerScope, path: string): void {
  const mountPaths = new Set<string>();
  const devices = container.volumeDevices ?? [];
  for (const [index, mount] of (container.volumeMounts ?? []).entries()) {
    const at = `${path}[${index}]`;
    const { name = '', mountPath = '' } = mount;
    if (name === '') faults.push(field.required(`${at}.name`));
    else if (!scope.volumes.has(name)) faults.push(field.notFound(`${at}.name`, name));
    if (mountPath === '') faults.push(field.required(`${at}.mountPath`));
    if (mountPaths.has(mountPath)) faults.push(field.invalid(`${at}.mountPath`, mountPath, 'must be unique'));
    mountPaths.add(mountPath);
    if (devices.some((device) => device.name === name)) {
      faults.push(field.invalid(`${at}.name`, name, 'must not already exist in volumeDevices'));
    }
    if (devices.some((device) => device.devicePath === mountPath)) {
      faults.push(field.invalid(`${at}.mountPath`, mountPath, 'must not already exist as a path in volumeDevices'));
    }
    addMountDetails(faults, mount, container.securityContext?.privileged === true, at);
  }
}

function addMountDetails(faults: Faults, mount: Loose<VolumeMount>, privileged: boolean, path: string): void {
  const { subPath = '', subPathExpr = '', mountPropagation, recursiveReadOnly } = mount;
  if (subPath !== '') addDescending(faults, subPath, `${path}.subPath`);
  if (subPathExpr !== '') {
    if (subPath !== '') {
      const why = 'subPathExpr and subPath are mutually exclusive';
      faults.push(field.invalid(`${path}.subPathExpr`, subPathExpr, why));
    }
    addDescending(faults, subPathExpr, `${path}.subPathExpr`);
  }
  if (mountPropagation !== undefined) {
    const at = `${path}.mountPropagation`;
    if (!propagations.includes(mountPropagation)) {
      faults.push(field.notSupported(at, mountPropagation, propagations));
    } else if (mountPropagation === 'Bidirectional' && !privileged) {
      const why = 'Bidirectional mount propagation is available only to privileged containers';
      faults.push(field.forbidden(at, why));
    }
  }
  if (recursiveReadOnly !== undefined && recursiveReadOnly !== 'Disabled' && mount.readOnly !== true) {
    const why = 'may only be specified when readOnly is true';
    faults.push(field.forbidden(`${path}.recursiveReadOnly`, why));
  }
}

function addDevices(
  faults: Faults,
  devices: Loose<VolumeDevice[]> | undefined,
  mounts: Loose<VolumeMount[]> | undefined,
  scope: ContainerScope,
  path: string,
): void {
  const seenPaths = new Set<string>();
  const seenNames = new Set<string>();
  for (const [index, device] of (devices ?? []).entries()) {
    const at = `${path}[${index}]`;
    const { name = '', devicePath = '' } = device;
    if (name === '') faults.push(field.required(`${at}.name`));
    if (seenNames.has(name)) faults.push(field.invalid(`${at}.name`, name, 'must be unique'));
    const volume = scope.volumes.get(name);
    const isBlockSource = volume?.persistentVolumeClaim !== undefined || volume?.ephemeral !== undefined;
    if (volume === undefined) faults.push(field.notFound(`${at}.name`, name));
    else if (!isBlockSource) {
      const why = 'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode';
      faults.push(field.invalid(`${at}.name`, name, why));
    }
    if (devicePath === '') faults.push(field.required(`${at}.devicePath`));
    if (seenPaths.has(devicePath)) faults.push(field.invalid(`${at}.devicePath`, devicePath, 'must be unique'));
    if (mounts?.some((mount) => mount.mountPath === devicePath)) {
      faults.push(field.invalid(`${at}.devicePath`, devicePath, 'must not already exist as a path in volumeMounts'));
    }
    seenNames.add(name);
    seenPaths.add(devicePath);
  }
}

/** Containers of a pod: regular, init (sidecars too) and ephemeral ones. */
import { checkDns1123Label, checkPortName, checkPortNumber } from '../../algebra/names.ts';
import { field } from '../../errors.ts';
import type { Container, ContainerPort, EphemeralContainer, Volume } from '../../kinds/types.ts';
import { addEach, addNul, addUnsupported, type Faults, type Loose } from '../support.ts';
import { addEnvironment, addEnvironmentFrom } from './env.ts';
import { addDevices, addMounts } from './mounts.ts';
import { addLifecycle, addProbe } from './probes.ts';
import { addUsedClaims } from './resource-claims.ts';
import { addResizePolicy, addResources } from './resources.ts';
import { addContainerSecurity } from './security.ts';

/** What containers are checked against. */
export interface ContainerScope {
  readonly volumes: ReadonlyMap<string, Loose<Volume>>;
  /** Names of the pod's resource claims. */
  readonly claims: ReadonlySet<string>;
  readonly graceSeconds: number | undefined;
  readonly restartPolicy: string | undefined;
  /** The pod's users are those of its host, as they are unless it says otherwise. */
  readonly hostUsers: boolean;
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
    'File',
    'FallbackToLogsOnError',
  ]);
  addPorts(faults, container.ports, `${path}.ports`);
  addEnvironment(faults, container.env, `${path}.env`);
  addEnvironmentFrom(faults, container.envFrom, `${path}.envFrom`);
  addMounts(faults, container, scope.volumes, `${path}.volumeMounts`);
  addDevices(faults, container, scope.volumes, `${path}.volumeDevices`);
  addUnsupported(faults, `${path}.imagePullPolicy`, container.imagePullPolicy, ['Always', 'IfNotPresent', 'Never']);
  addResources(faults, container.resources, `${path}.resources`);
  addUsedClaims(faults, container.resources?.claims, scope.claims, `${path}.resources.claims`);
  addResizePolicy(faults, container.resizePolicy, scope.restartPolicy, `${path}.resizePolicy`);
  addContainerSecurity(faults, container.securityContext, scope.hostUsers, `${path}.securityContext`);
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
    // One init container runs after the other, so that two of them may have the same port.
    addHostPortConflicts(faults, [container], path);
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
}

const notOfEphemeral = [
  'ports',
  'resources',
  'resizePolicy',
  'restartPolicy',
  'livenessProbe',
  'readinessProbe',
  'startupProbe',
  'lifecycle',
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
        if ((mount[part] ?? '') === '') continue;
        faults.push(
          field.forbidden(`${at}.volumeMounts[${place}].${part}`, 'cannot be set for an Ephemeral Container'),
        );
      }
    }
  }
}

function addPorts(faults: Faults, ports: Loose<ContainerPort[]> | undefined, path: string): void {
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
  }
}

/** A pod in its host's network has the ports that it opens there; those of a template that are not set are set in its pods. */
export function addHostNetworkPorts(faults: Faults, containers: Loose<Container[]> | undefined, path: string): void {
  for (const [index, container] of (containers ?? []).entries()) {
    for (const [place, { hostPort = 0, containerPort = 0 }] of (container.ports ?? []).entries()) {
      if (hostPort === 0 || hostPort === containerPort) continue;
      const why = 'must match `containerPort` when `hostNetwork` is true';
      faults.push(field.invalid(`${path}[${index}].ports[${place}].hostPort`, hostPort, why));
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

/** From a pod's spec to what the runtime is asked for. Pure: files, images and secrets have been fetched before. */
import type { Capabilities, Container, Pod, PodSecurityContext, SecurityContext } from '@skiff/api';
import { expand } from '../env/expand.ts';
import type {
  ContainerSecurity,
  ContainerSpec,
  Device,
  Image,
  Mount,
  NamespaceMode,
  PodRef,
  SandboxSpec,
} from '../runtime/contract.ts';
import { label } from '../runtime/labels.ts';
import { hostnameOf } from './pod-files.ts';
import { containerResources } from './resources.ts';
import { terminationGraceMs } from './spec.ts';
import { StepError } from './step-error.ts';

export const podRef = (pod: Pod): PodRef => ({
  namespace: pod.metadata.namespace ?? '',
  name: pod.metadata.name,
  uid: pod.metadata.uid,
});

export function toSandboxSpec(pod: Pod, attempt: number): SandboxSpec {
  const { spec } = pod;
  return {
    pod: podRef(pod),
    attempt,
    hostname: hostnameOf(pod),
    network: spec.hostNetwork === true ? 'host' : 'own',
    ipc: spec.hostIPC === true ? 'host' : 'own',
    pid: spec.hostPID === true ? 'host' : 'own',
    sysctls: Object.fromEntries((spec.securityContext?.sysctls ?? []).map(({ name, value }) => [name, value])),
    labels: { [label.graceMs]: String(terminationGraceMs(pod)) },
  };
}

export interface ContainerSpecInput {
  readonly pod: Pod;
  readonly container: Container;
  readonly attempt: number;
  readonly sandboxId: string;
  readonly backoffMs: number;
  readonly image: Image;
  readonly environment: ReadonlyMap<string, string>;
  readonly mounts: readonly Mount[];
  readonly devices: readonly Device[];
  readonly nodeMemoryBytes: number;
  /** The running container whose processes an ephemeral one asks to see. */
  readonly targetId?: string;
  /** Text of the Localhost seccomp profile, when the container asks for one. */
  readonly seccompText?: string;
}

export const defaultTerminationPath = '/dev/termination-log';

/** Throws StepError CreateContainerConfigError when the image's user breaks runAsNonRoot. */
export function toContainerSpec(input: ContainerSpecInput): ContainerSpec {
  const { pod, container, environment } = input;
  const lookUp = (name: string): string | undefined => environment.get(name);
  return {
    pod: podRef(pod),
    name: container.name,
    attempt: input.attempt,
    sandboxId: input.sandboxId,
    image: input.image.id,
    command: (container.command ?? []).map((text) => expand(text, lookUp)),
    args: (container.args ?? []).map((text) => expand(text, lookUp)),
    workingDir: container.workingDir ?? '',
    env: [...environment].map(([name, value]) => ({ name, value })),
    mounts: input.mounts,
    devices: input.devices,
    stdin: container.stdin ?? false,
    stdinOnce: container.stdinOnce ?? false,
    tty: container.tty ?? false,
    ipc: pod.spec.hostIPC === true ? 'host' : 'sandbox',
    pid: pidMode(pod, input.targetId),
    resources: containerResources(pod, container, input.nodeMemoryBytes),
    security: toSecurity(input),
    labels: {
      [label.backoffMs]: String(input.backoffMs),
      [label.graceMs]: String(terminationGraceMs(pod)),
      [label.declaredImage]: container.image ?? '',
      [label.terminationPath]: container.terminationMessagePath ?? defaultTerminationPath,
    },
  };
}

function pidMode({ spec }: Pod, targetId: string | undefined): NamespaceMode {
  if (spec.hostPID === true) return 'host';
  if (spec.shareProcessNamespace === true) return 'sandbox';
  return targetId === undefined ? 'own' : { container: targetId };
}

function toSecurity({ pod, container, image, seccompText }: ContainerSpecInput): ContainerSecurity {
  const own = container.securityContext ?? {};
  const shared = pod.spec.securityContext ?? {};
  refuseRoot(pod, container, own, shared, image);
  const user = userOf(own, shared, image);
  const groups = [...(shared.supplementalGroups ?? []), ...(shared.fsGroup === undefined ? [] : [shared.fsGroup])];
  const { add = [], drop = [] }: Capabilities = own.capabilities ?? {};
  const seccomp = seccompOf(own, shared, seccompText);
  const apparmor = apparmorOf(own, shared);
  return {
    privileged: own.privileged ?? false,
    ...(user === undefined ? {} : { user }),
    supplementalGroups: groups,
    addCapabilities: add,
    dropCapabilities: drop,
    readOnlyRootFilesystem: own.readOnlyRootFilesystem ?? false,
    noNewPrivileges: own.allowPrivilegeEscalation === false,
    ...(seccomp === undefined ? {} : { seccomp }),
    ...(apparmor === undefined ? {} : { apparmor }),
    procMount: own.procMount === 'Unmasked' ? 'unmasked' : 'default',
  };
}

function userOf(own: SecurityContext, shared: PodSecurityContext, image: Image): string | undefined {
  const user = own.runAsUser ?? shared.runAsUser;
  const group = own.runAsGroup ?? shared.runAsGroup;
  if (user === undefined && group === undefined) return undefined;
  const [imageUser = ''] = image.user.split(':');
  const who = user ?? (imageUser === '' ? '0' : imageUser);
  return group === undefined ? String(who) : `${who}:${group}`;
}

/** kubelet's verifyRunAsNonRoot, in its words. */
function refuseRoot(
  pod: Pod,
  container: Container,
  own: SecurityContext,
  shared: PodSecurityContext,
  image: Image,
): void {
  if ((own.runAsNonRoot ?? shared.runAsNonRoot) !== true) return;
  const where = `(pod: "${pod.metadata.name}_${pod.metadata.namespace}(${pod.metadata.uid})", container: ${container.name})`;
  const refuse = (why: string): never => {
    throw new StepError('CreateContainerConfigError', `${why} ${where}`);
  };
  const user = own.runAsUser ?? shared.runAsUser;
  if (user === 0) refuse("container's runAsUser breaks non-root policy");
  if (user !== undefined) return;
  const [imageUser = ''] = image.user.split(':');
  if (imageUser === '' || imageUser === '0') refuse('container has runAsNonRoot and image will run as root');
  if (!/^\d+$/.test(imageUser)) {
    refuse(`container has runAsNonRoot and image has non-numeric user (${imageUser}), cannot verify user is non-root`);
  }
}

/** Without a profile a container is unconfined: kubelet's default (seccompDefault is off). */
function seccompOf(own: SecurityContext, shared: PodSecurityContext, text: string | undefined): string | undefined {
  const profile = own.seccompProfile ?? shared.seccompProfile;
  if (profile?.type === 'RuntimeDefault') return undefined;
  return profile?.type === 'Localhost' && text !== undefined ? text : 'unconfined';
}

function apparmorOf(own: SecurityContext, shared: PodSecurityContext): string | undefined {
  const profile = own.appArmorProfile ?? shared.appArmorProfile;
  if (profile?.type === 'Unconfined') return 'unconfined';
  return profile?.type === 'Localhost' ? profile.localhostProfile : undefined;
}

/** From the seam's specs to Docker's create options. Pure. */
import type { ContainerCreateOptions, HostConfig, MountSettings } from 'dockerode';
import type { ContainerSecurity, ContainerSpec, SandboxSpec } from '../contract.ts';
import { engineName, type Identity, identityLabels, label } from '../labels.ts';

/** What this host lets a container have. */
export interface HostLimits {
  /** The lowest oom_score_adj the engine may set: without CAP_SYS_RESOURCE it cannot go below its own. */
  readonly minOomScoreAdj: number;
}

/** kubelet's defaults for container logs are 10 Mi and 5 files. */
const logConfig = { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '5' } };

/** kubelet's PodInfraOOMAdj: the sandbox dies last. */
const sandboxOomScoreAdj = -998;
const sandboxCpuShares = 2;

export function toSandboxOptions(spec: SandboxSpec, image: string, limits: HostLimits): ContainerCreateOptions {
  const identity: Identity = { role: 'sandbox', pod: spec.pod, name: '', attempt: spec.attempt };
  const onHost = spec.network === 'host';
  const host: HostConfig = {
    ...common,
    NetworkMode: onHost ? 'host' : 'none',
    IpcMode: spec.ipc === 'host' ? 'host' : 'shareable',
    ...(spec.pid === 'host' ? { PidMode: 'host' } : {}),
    ...(onHost ? { UTSMode: 'host' } : {}),
    ...(Object.keys(spec.sysctls).length === 0 ? {} : { Sysctls: { ...spec.sysctls } }),
    CpuShares: sandboxCpuShares,
    OomScoreAdj: Math.max(sandboxOomScoreAdj, limits.minOomScoreAdj),
    ReadonlyRootfs: true,
  };
  return {
    name: engineName(identity),
    Image: image,
    ...(onHost ? {} : { Hostname: spec.hostname }),
    Labels: { ...spec.labels, ...identityLabels(identity) },
    HostConfig: host,
  };
}

export function toContainerOptions(spec: ContainerSpec, limits: HostLimits): ContainerCreateOptions {
  const identity: Identity = { role: 'container', pod: spec.pod, name: spec.name, attempt: spec.attempt };
  const joined = `container:${spec.sandboxId}`;
  const { resources } = spec;
  const host: HostConfig = {
    ...common,
    NetworkMode: joined,
    IpcMode: spec.ipc === 'host' ? 'host' : joined,
    ...(spec.pid === 'own' ? {} : { PidMode: pidMode(spec.pid, joined) }),
    ...(resources.cpuShares === undefined ? {} : { CpuShares: resources.cpuShares }),
    ...(resources.cpuQuotaMicros === undefined ? {} : { CpuQuota: resources.cpuQuotaMicros }),
    ...(resources.cpuPeriodMicros === undefined ? {} : { CpuPeriod: resources.cpuPeriodMicros }),
    // Memory and swap together no more than memory: a limit is a limit.
    ...(resources.memoryLimitBytes === undefined
      ? {}
      : { Memory: resources.memoryLimitBytes, MemorySwap: resources.memoryLimitBytes }),
    ...(resources.oomScoreAdj === undefined
      ? {}
      : { OomScoreAdj: Math.max(resources.oomScoreAdj, limits.minOomScoreAdj) }),
    ...toSecurityConfig(spec.security),
    Mounts: spec.mounts.map(toMount),
    Devices: spec.devices.map(({ hostPath, containerPath, permissions }) => ({
      PathOnHost: hostPath,
      PathInContainer: containerPath,
      CgroupPermissions: permissions,
    })),
  };
  return {
    name: engineName(identity),
    Image: spec.image,
    ...(spec.command.length === 0 ? {} : { Entrypoint: [...spec.command] }),
    ...(spec.args.length === 0 ? {} : { Cmd: [...spec.args] }),
    ...(spec.workingDir === '' ? {} : { WorkingDir: spec.workingDir }),
    Env: spec.env.map(({ name, value }) => `${name}=${value}`),
    OpenStdin: spec.stdin,
    StdinOnce: spec.stdinOnce,
    Tty: spec.tty,
    ...(spec.security.user === undefined ? {} : { User: spec.security.user }),
    // Health is Kubernetes' to judge, by probes; an image's HEALTHCHECK must not run beside them.
    Healthcheck: { Test: ['NONE'] },
    Labels: { ...spec.labels, ...identityLabels(identity), [label.sandboxId]: spec.sandboxId },
    HostConfig: host,
  };
}

function pidMode(mode: Exclude<ContainerSpec['pid'], 'own'>, joined: string): string {
  if (mode === 'host') return 'host';
  return mode === 'sandbox' ? joined : `container:${mode.container}`;
}

const common: HostConfig = { LogConfig: logConfig, RestartPolicy: { Name: 'no' } };

const toMount = (mount: ContainerSpec['mounts'][number]): MountSettings => ({
  Type: 'bind',
  Source: mount.hostPath,
  Target: mount.containerPath,
  ReadOnly: mount.readOnly,
  // Unsaid, it is rprivate, but rslave above the engine's own folder, where the engine refuses rprivate.
  ...(mount.propagation === 'private' ? {} : { BindOptions: { Propagation: mount.propagation } }),
});

function toSecurityConfig(security: ContainerSecurity): HostConfig {
  const options = [
    ...(security.seccomp === undefined ? [] : [`seccomp=${security.seccomp}`]),
    ...(security.apparmor === undefined ? [] : [`apparmor=${security.apparmor}`]),
    ...(security.noNewPrivileges ? ['no-new-privileges'] : []),
  ];
  return {
    Privileged: security.privileged,
    CapAdd: security.addCapabilities.map(withoutPrefix),
    CapDrop: security.dropCapabilities.map(withoutPrefix),
    GroupAdd: security.supplementalGroups.map(String),
    ReadonlyRootfs: security.readOnlyRootFilesystem,
    // Docker refuses security options that privileged makes meaningless.
    SecurityOpt: security.privileged ? options.filter((option) => option === 'no-new-privileges') : options,
    ...(security.procMount === 'unmasked' ? { MaskedPaths: [], ReadonlyPaths: [] } : {}),
  };
}

const withoutPrefix = (capability: string): string => capability.toUpperCase().replace(/^CAP_/, '');

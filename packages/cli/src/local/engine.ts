/** The Docker engine of a host. */
import { join } from 'node:path';
import type { DaemonSpec } from './daemons.ts';
import { insideHost } from './hosts.ts';
import { type ClusterConfig, cgroupName, type HostLayout } from './layout.ts';
import { run, succeeds } from './run.ts';

/** True when an engine answers on the host's socket. */
export const engineAnswers = (host: HostLayout): Promise<boolean> =>
  succeeds('docker', ['-H', `unix://${host.dockerSocket}`, 'version']);

/**
 * An engine of the host's own. Pods get their network from CNI, so it makes no bridge and no firewall rule. Its containerd
 * namespaces are its own too: a machine's containerd, where there is one, is shared by all engines.
 */
export function engineDaemon(config: ClusterConfig, host: HostLayout): DaemonSpec {
  const namespace = `skiff-${config.name}-${host.name}`;
  const flags = [
    '--data-root',
    join(host.dir, 'docker'),
    '--exec-root',
    join(host.runDir, 'exec'),
    '--pidfile',
    join(host.runDir, 'docker.pid'),
    '--host',
    `unix://${host.dockerSocket}`,
    '--containerd-namespace',
    namespace,
    '--containerd-plugins-namespace',
    `${namespace}-plugins`,
    '--bridge=none',
    '--iptables=false',
    '--ip-forward=false',
    // So that what an engine's own end leaves behind can be found, under any init system.
    '--exec-opt=native.cgroupdriver=cgroupfs',
    `--cgroup-parent=/${cgroupName(config)}`,
    '--live-restore',
    '--log-level=warn',
  ];
  return { name: `docker-${host.name}`, ...insideHost(host, 'dockerd', flags) };
}

/** A label that every container of an agent has. */
export const ownLabel = 'io.skiff.role';

/** Removes every container and image that an agent made. Volumes of pods are no engine volumes; the agent's folder has them. */
export async function removeContainers(host: HostLayout): Promise<void> {
  const docker = async (...args: string[]): Promise<string[]> =>
    (await run('docker', ['-H', `unix://${host.dockerSocket}`, ...args])).split('\n').filter((line) => line !== '');
  const containers = await docker('ps', '--all', '--quiet', '--filter', `label=${ownLabel}`);
  if (containers.length > 0) await docker('rm', '--force', '--volumes', ...containers);
  const images = await docker('image', 'ls', '--quiet', '--filter', 'label=io.skiff.image');
  if (images.length > 0) await docker('image', 'rm', '--force', ...images);
}

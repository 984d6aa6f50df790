/** Takes a cluster on this machine down and removes every trace of it. */
import { readdir, rm, rmdir } from 'node:fs/promises';
import type { Clock } from '@skiff/api';
import type { Progress } from '../output/progress.ts';
import { killCgroup, removeCgroup } from './cgroups.ts';
import { killMarked, recordedDaemons, stopDaemon } from './daemons.ts';
import { engineAnswers, removeContainers } from './engine.ts';
import { removeBridge, removeHost } from './hosts.ts';
import { type ClusterConfig, cgroupName, type HostLayout, paths, runtimeDir } from './layout.ts';
import { unmountBelow } from './mounts.ts';
import { quiet } from './quiet.ts';

export interface DownContext {
  readonly config: ClusterConfig;
  readonly hosts: readonly HostLayout[];
  readonly clock: Clock;
  readonly progress: Progress;
  /** Keep built images: they are not part of the cluster. */
  readonly keepImages: boolean;
}

export async function down(context: DownContext): Promise<void> {
  const { config, hosts, progress, clock } = context;
  const folders = paths(config);
  const stop = async (wanted: (name: string) => boolean): Promise<boolean> => {
    const names = (await recordedDaemons(folders)).filter(wanted);
    await Promise.all(names.map((name) => stopDaemon(folders, name, clock)));
    return names.length > 0;
  };
  await progress.step('agents', () => stop((name) => name.startsWith('agent-')));
  await progress.step('pods', () => removePods(hosts));
  await progress.step('Docker engines', () => stop((name) => name.startsWith('docker-')));
  await progress.step('control plane', async () => (await stop((name) => name !== 'etcd')) || (await stop(() => true)));
  await progress.step('what lost its parent', () => killRest(context));
  await progress.step('hosts', async () => {
    for (const host of hosts) await (host.netns === undefined ? cleanMachine(config) : removeHost(host));
    await removeBridge(config);
    return true;
  });
  await progress.step('files', async () => {
    await removeFiles(context);
    return true;
  });
}

async function removePods(hosts: readonly HostLayout[]): Promise<boolean> {
  const answering = await Promise.all(hosts.map(async (host) => ({ host, answers: await engineAnswers(host) })));
  await Promise.all(
    answering.filter(({ answers }) => answers).map(({ host }) => removeContainers(host).catch(ownEngineMayFail(host))),
  );
  return answering.some(({ answers }) => answers);
}

/** A made host's engine is stopped next, and all that ran in it with it: one whose files are gone must not keep the rest standing. */
const ownEngineMayFail =
  ({ netns }: HostLayout) =>
  (error: unknown): void => {
    if (netns === undefined) throw error;
  };

/** The machine itself was the node: its network has what a made host would have taken along. */
async function cleanMachine({ podCIDR, serviceCIDR, dnsAddress }: ClusterConfig): Promise<void> {
  const { cleanHost } = await import('@skiff/agent');
  await cleanHost({ podCIDR, serviceCIDR, clusterDNS: dnsAddress }, quiet);
}

/** After a crash: children of daemons that were killed, and containers whose engine was. */
async function killRest({ config, clock }: DownContext): Promise<boolean> {
  const killed = await killMarked(paths(config), clock);
  await killCgroup(cgroupName(config), clock);
  await removeCgroup(cgroupName(config));
  return killed;
}

async function removeFiles({ config, keepImages }: DownContext): Promise<void> {
  const folders = paths(config);
  const runDir = runtimeDir(config);
  await unmountBelow(runDir);
  await unmountBelow(config.stateDir);
  await rm(runDir, { recursive: true, force: true });
  const kept = keepImages
    ? [
        folders.run,
        folders.logs,
        folders.etcd,
        folders.pki,
        folders.kubeconfig,
        folders.config,
        `${config.stateDir}/nodes`,
      ]
    : [config.stateDir];
  for (const path of kept) await rm(path, { recursive: true, force: true });
  if ((await readdir(config.stateDir).catch(() => ['']))[0] === undefined) await rmdir(config.stateDir);
}

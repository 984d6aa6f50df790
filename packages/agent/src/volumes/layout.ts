/** Where a pod's files lie below the agent's root, named as kubelet names them. Pure. */
import { join } from 'node:path';
import type { Volume } from '@skiff/api';

export type VolumePlugin = 'empty-dir' | 'configmap' | 'secret' | 'downward-api' | 'projected' | 'host-path';

/** Uids come from the API server; anything that could climb out of the folder is refused. */
export function podDir(root: string, uid: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9.-]{0,127}$/.test(uid) || uid.includes('..')) {
    throw new Error(`${JSON.stringify(uid)} is no pod uid`);
  }
  return join(podsDir(root), uid);
}

export const podsDir = (root: string): string => join(root, 'pods');

export const volumesDir = (root: string, uid: string): string => join(podDir(root, uid), 'volumes');

/** Undefined for a source that this agent does not have. */
export function pluginOf(volume: Volume): VolumePlugin | undefined {
  if (volume.emptyDir !== undefined) return 'empty-dir';
  if (volume.configMap !== undefined) return 'configmap';
  if (volume.secret !== undefined) return 'secret';
  if (volume.downwardAPI !== undefined) return 'downward-api';
  if (volume.projected !== undefined) return 'projected';
  return volume.hostPath === undefined ? undefined : 'host-path';
}

export function volumeDir(root: string, uid: string, plugin: VolumePlugin, name: string): string {
  if (!/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(name)) throw new Error(`${JSON.stringify(name)} is no volume name`);
  return join(volumesDir(root, uid), `kubernetes.io~${plugin}`, name);
}

/** Where the process leaves its last words. */
export const terminationFile = (root: string, uid: string, container: string, attempt: number): string =>
  join(podDir(root, uid), 'containers', container, `${attempt}.termination`);

export const etcDir = (root: string, uid: string): string => join(podDir(root, uid), 'etc');

export const subPathsDir = (root: string, uid: string): string => join(podDir(root, uid), 'volume-subpaths');

/** Marks an emptyDir that was given its mode and owner; beside the volume, where no container can reach it. */
export const readyFile = (root: string, uid: string, volume: string): string =>
  join(podDir(root, uid), 'plugins', 'kubernetes.io~empty-dir', volume, 'ready');

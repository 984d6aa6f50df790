/** Gives a volume to a pod's fsGroup, as kubelet's SetVolumeOwnership does. */
import { chmod, chown, lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Folders become setgid, so that what is made in them later has the group too. Links are not followed. */
export async function giveToGroup(path: string, group: number): Promise<void> {
  const stats = await lstat(path);
  if (stats.isSymbolicLink()) return;
  const bits = stats.isDirectory() ? 0o2770 : 0o660;
  await chown(path, stats.uid, group);
  await chmod(path, (stats.mode & 0o7777) | bits);
  if (!stats.isDirectory()) return;
  for (const name of await readdir(path)) await giveToGroup(join(path, name), group);
}

/** Deletes a pod's folder, and nothing else, whatever the pod left in it. */
import { lstat, rm } from 'node:fs/promises';
import type { MountTable } from './mount-table.ts';

/**
 * Unmounts what is mounted inside, the deepest first, and then deletes. Throws when something stays mounted: deleting
 * through a mount would delete somebody else's files. A link is removed, never followed.
 */
export async function removeTree(dir: string, mounts: MountTable): Promise<void> {
  const stats = await lstat(dir).catch(() => undefined);
  if (stats === undefined) return;
  if (!stats.isDirectory()) throw new Error(`${dir} is not a folder: refusing to delete through it`);
  for (const point of await mounts.below(dir)) await mounts.unmount(point);
  const left = await mounts.below(dir);
  if (left.length > 0) throw new Error(`still mounted below ${dir}: ${left.join(', ')}`);
  await rm(dir, { recursive: true, force: true });
}

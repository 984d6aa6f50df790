/** How much of the disk a folder takes. Thin over lstat: what vanishes meanwhile takes nothing. */
import { lstat, opendir } from 'node:fs/promises';
import { join } from 'node:path';

const blockBytes = 512;

/** Blocks of everything below, on the same file system; a file with several names counts once. 0 for a folder that is not there. */
export async function treeBytes(root: string): Promise<number> {
  const top = await lstat(root).catch(() => undefined);
  if (top === undefined) return 0;
  const counted = new Set<number>();
  const folders = [root];
  let bytes = 0;
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const entries = await opendir(folder).catch(() => undefined);
    if (entries === undefined) continue;
    for await (const { name } of entries) {
      const path = join(folder, name);
      const found = await lstat(path).catch(() => undefined);
      if (found === undefined || found.dev !== top.dev || counted.has(found.ino)) continue;
      if (found.nlink > 1 && !found.isDirectory()) counted.add(found.ino);
      bytes += found.blocks * blockBytes;
      if (found.isDirectory()) folders.push(path);
    }
  }
  return bytes;
}

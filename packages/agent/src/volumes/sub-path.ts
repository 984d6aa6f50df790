/**
 * A part of a volume, mounted alone. What lies in a volume belongs to the pod, so a link in it may lead anywhere and may
 * change while we look: the part is opened, the open file's place is checked, and what is mounted is the open file.
 */
import { constants, mkdir, open, readlink, realpath, stat, writeFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import type { MountTable } from './mount-table.ts';

export interface SubPathInput {
  /** The volume's folder on the host. */
  readonly volume: string;
  readonly subPath: string;
  /** Where to bind it. */
  readonly target: string;
  readonly mounts: MountTable;
  /** This process, as /proc names it. */
  readonly pid: number;
}

/** Binds the part at `target`, which it makes; a part that does not exist becomes a folder. Throws an Error in the user's words. */
export async function bindSubPath({ volume, subPath, target, mounts, pid }: SubPathInput): Promise<void> {
  if (await mounts.isMounted(target)) return;
  if (subPath.startsWith('/') || normalize(subPath).split('/').includes('..')) {
    throw new Error(`subPath must be relative and without "..": ${subPath}`);
  }
  const root = await realpath(volume);
  await makeFolders(root, subPath);
  const handle = await open(join(root, subPath), constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const place = await readlink(`/proc/self/fd/${handle.fd}`);
    if (place !== root && !place.startsWith(`${root}/`)) {
      throw new Error(`subPath ${JSON.stringify(subPath)} leads out of its volume`);
    }
    await mkdir(dirname(target), { recursive: true, mode: 0o750 });
    if ((await handle.stat()).isDirectory()) await mkdir(target, { recursive: true, mode: 0o750 });
    else await writeFile(target, '', { flag: 'a' });
    await mounts.bind(`/proc/${pid}/fd/${handle.fd}`, target);
  } finally {
    await handle.close();
  }
}

/** Folder by folder, never through a link that leads out. */
async function makeFolders(root: string, subPath: string): Promise<void> {
  let at = root;
  for (const part of normalize(subPath)
    .split('/')
    .filter((one) => one !== '' && one !== '.')) {
    const parent = await realpath(at);
    if (parent !== root && !parent.startsWith(`${root}/`)) {
      throw new Error(`subPath ${JSON.stringify(subPath)} leads out of its volume`);
    }
    at = join(parent, part);
    if ((await stat(at).catch(() => undefined)) === undefined) await mkdir(at, { mode: 0o750 });
  }
}

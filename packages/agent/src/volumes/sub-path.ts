/**
 * A part of a volume, mounted alone. What lies in a volume belongs to the pod, so a link in it may lead anywhere and may
 * change while we look. So links are resolved first and the result is checked; then the way is walked again from the volume's
 * root, folder by folder, through open handles and never through a link; and what is mounted is the open handle.
 */
import {
  chmod,
  constants,
  type FileHandle,
  lstat,
  mkdir,
  open,
  realpath,
  rmdir,
  stat,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isWithin, pathOf, pathOnly, placeOf } from '../path-handle.ts';
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
  if (subPath.startsWith('/') || subPath.split('/').includes('..')) {
    throw new Error(`subPath must be relative and without "..": ${subPath}`);
  }
  const handle = await openInside(await realpath(volume), subPath);
  try {
    if ((await mounts.isMounted(target)) && !(await replaces(handle, target, mounts))) return;
    await mkdir(dirname(target), { recursive: true, mode: 0o750 });
    if ((await handle.stat()).isDirectory()) await mkdir(target, { recursive: true, mode: 0o750 });
    else await writeFile(target, '', { flag: 'a' });
    await mounts.bind(`/proc/${pid}/fd/${handle.fd}`, target);
  } finally {
    await handle.close();
  }
}

/** An earlier start of the container bound something here: unmounted when it is not what the sub-path names now. */
async function replaces(handle: FileHandle, target: string, mounts: MountTable): Promise<boolean> {
  const [now, before] = [await handle.stat(), await stat(target)];
  if (now.dev === before.dev && now.ino === before.ino) return false;
  await mounts.unmount(target);
  // It may have been a file and be a folder now. Never recursive: another mount may lie below.
  await ((await lstat(target)).isDirectory() ? rmdir(target) : unlink(target));
  return true;
}

/** A handle of the part, whose missing folders are made with the mode of the volume's root. */
async function openInside(root: string, subPath: string): Promise<FileHandle> {
  const escaped = new Error(`subPath ${JSON.stringify(subPath)} leads out of its volume`);
  const parts = await resolveLinks(root, subPath, escaped);
  let at = await open(root, pathOnly | constants.O_DIRECTORY);
  const { mode } = await at.stat();
  for (const part of parts) {
    const inner = await openPart(at, part, mode & 0o7777, escaped).finally(() => at.close());
    at = inner;
  }
  // A folder that was moved meanwhile has taken its handle along.
  if (isWithin(root, await placeOf(at))) return at;
  await at.close();
  throw escaped;
}

/** The names that lead from `root` to the part, links resolved as far as the way exists. */
async function resolveLinks(root: string, subPath: string, escaped: Error): Promise<readonly string[]> {
  const wanted = subPath.split('/').filter((part) => part !== '' && part !== '.');
  for (let count = wanted.length; count > 0; count -= 1) {
    const real = await realpath(join(root, ...wanted.slice(0, count))).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (real === undefined) continue;
    if (!isWithin(root, real)) throw escaped;
    const inside = real.slice(root.length).split('/');
    return [...inside.filter((part) => part !== ''), ...wanted.slice(count)];
  }
  return wanted;
}

async function openPart(parent: FileHandle, part: string, mode: number, escaped: Error): Promise<FileHandle> {
  const path = `${pathOf(parent)}/${part}`;
  const openHere = (): Promise<FileHandle> => open(path, pathOnly | constants.O_NOFOLLOW);
  const handle = await openHere().catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    const isOurs = await makeFolder(path);
    const made = await openHere();
    // Afterwards, since mkdir's mode is masked; and through the handle, since the name may be a link by now.
    if (isOurs && (await made.stat()).isDirectory()) await chmod(pathOf(made), mode);
    return made;
  });
  if (!(await handle.stat()).isSymbolicLink()) return handle;
  await handle.close();
  throw escaped;
}

/** False when another container, which starts at the same time, has made it. */
const makeFolder = (path: string): Promise<boolean> =>
  mkdir(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
      return false;
    },
  );

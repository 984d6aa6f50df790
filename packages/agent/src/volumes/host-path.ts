/** A path of the node itself, checked or made as its type says (kubelet's host_path). */

import type { Stats } from 'node:fs';
import { constants, mkdir, open, stat } from 'node:fs/promises';
import type { HostPathVolumeSource } from '@skiff/api';

const checks: ReadonlyMap<string, readonly [(stats: Stats) => boolean, string]> = new Map([
  ['Directory', [(stats: Stats) => stats.isDirectory(), 'a directory']],
  ['DirectoryOrCreate', [(stats: Stats) => stats.isDirectory(), 'a directory']],
  ['File', [(stats: Stats) => stats.isFile(), 'a file']],
  ['FileOrCreate', [(stats: Stats) => stats.isFile(), 'a file']],
  ['Socket', [(stats: Stats) => stats.isSocket(), 'a socket file']],
  ['CharDevice', [(stats: Stats) => stats.isCharacterDevice(), 'a character device']],
  ['BlockDevice', [(stats: Stats) => stats.isBlockDevice(), 'a block device']],
]);

/** Throws an Error in the words a user sees. */
export async function prepareHostPath({ path, type = '' }: HostPathVolumeSource): Promise<void> {
  if (!path.startsWith('/') || path.split('/').includes('..')) {
    throw new Error(`hostPath must be absolute and without "..": ${path}`);
  }
  const exists = (await stat(path).catch(() => undefined)) !== undefined;
  // Without a type nothing is checked, and a folder is made where there is nothing, as container engines always did.
  if (!exists && (type === 'DirectoryOrCreate' || type === '')) await mkdir(path, { recursive: true, mode: 0o755 });
  if (!exists && type === 'FileOrCreate') await createFile(path);
  const check = checks.get(type);
  if (check === undefined) return;
  const [holds, what] = check;
  const stats = await stat(path).catch(() => undefined);
  if (stats === undefined || !holds(stats)) throw new Error(`hostPath type check failed: ${path} is not ${what}`);
}

/** Its folder must exist: only the file is made. */
async function createFile(path: string): Promise<void> {
  const file = await open(path, constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY, 0o644);
  await file.close();
}

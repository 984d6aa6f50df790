/**
 * Replaces all files of a folder at once, for readers that may look at any moment: the files lie in a folder of their own,
 * `..data` links to it, and every visible name links through `..data`. Renaming one link changes them all
 * (the layout that kubelet's AtomicWriter made a habit of).
 */
import {
  chmod,
  chown,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Payload } from './payload.ts';

const dataLink = '..data';
const newDataLink = '..data_tmp';
const versionPrefix = '..version_';

export interface WriteOptions {
  /** Group that owns the files, which also makes them readable to it. */
  readonly fsGroup?: number;
}

/** True when something was written; a folder that already holds exactly `payload` is left alone. */
export async function writeAtomically(dir: string, payload: Payload, options: WriteOptions = {}): Promise<boolean> {
  const current = await currentVersion(dir);
  if (current !== undefined && (await holds(join(dir, current), payload, options))) return false;
  const made = await mkdtemp(join(dir, versionPrefix));
  await chmod(made, 0o755);
  for (const [path, file] of payload) await writeOne(join(made, path), file.data, modeOf(file.mode, options), options);
  if (options.fsGroup !== undefined) await chown(made, 0, options.fsGroup);
  await rm(join(dir, newDataLink), { force: true });
  await symlink(basename(made), join(dir, newDataLink));
  await rename(join(dir, newDataLink), join(dir, dataLink));
  await linkNames(dir, payload);
  await removeOldVersions(dir, basename(made));
  return true;
}

const modeOf = (mode: number, { fsGroup }: WriteOptions): number => (fsGroup === undefined ? mode : mode | 0o440);

async function writeOne(path: string, data: Uint8Array, mode: number, { fsGroup }: WriteOptions): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o755 });
  await writeFile(path, data, { mode: 0o600 });
  if (fsGroup !== undefined) await chown(path, 0, fsGroup);
  await chmod(path, mode);
}

async function currentVersion(dir: string): Promise<string | undefined> {
  try {
    const version = await readlink(join(dir, dataLink));
    return version.startsWith(versionPrefix) && !version.includes('/') ? version : undefined;
  } catch {
    return undefined;
  }
}

async function holds(dir: string, payload: Payload, options: WriteOptions): Promise<boolean> {
  try {
    const paths = await filesBelow(dir);
    if (paths.length !== payload.size) return false;
    for (const path of paths) {
      const wanted = payload.get(path);
      if (wanted === undefined) return false;
      const { mode } = await lstat(join(dir, path));
      if ((mode & 0o7777) !== modeOf(wanted.mode, options)) return false;
      if (!(await readFile(join(dir, path))).equals(wanted.data)) return false;
    }
    return true;
  } catch {
    return false;
  }
}

async function filesBelow(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(dir.length + 1));
}

/** The version before, and what a writer that died half-way left. */
async function removeOldVersions(dir: string, current: string): Promise<void> {
  for (const name of await readdir(dir)) {
    if (name.startsWith(versionPrefix) && name !== current) await rm(join(dir, name), { recursive: true, force: true });
  }
}

/** Visible names that are missing are linked; those that lead nowhere any more are removed. */
async function linkNames(dir: string, payload: Payload): Promise<void> {
  const wanted = new Set([...payload.keys()].map((path) => path.split('/')[0] ?? path));
  const present = new Set((await readdir(dir)).filter((name) => !name.startsWith('..')));
  for (const name of wanted) {
    if (!present.has(name)) await symlink(join(dataLink, name), join(dir, name));
  }
  for (const name of present) {
    if (!wanted.has(name)) await rm(join(dir, name), { recursive: true, force: true });
  }
}

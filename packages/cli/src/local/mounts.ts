/** Mounts below a folder, and getting rid of them. */
import { readFile } from 'node:fs/promises';
import { run } from './run.ts';

/** Mount points at or below `folder` in a /proc/self/mountinfo text, deepest first. */
export function mountsBelow(mountinfo: string, folder: string): string[] {
  return mountinfo
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .map((path) => path.replaceAll(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))))
    .filter((path) => path === folder || path.startsWith(`${folder}/`))
    .reverse();
}

/** Unmounts everything at or below `folder`. */
export async function unmountBelow(folder: string): Promise<void> {
  for (const path of mountsBelow(await readFile('/proc/self/mountinfo', 'utf8'), folder)) {
    await run('umount', ['--lazy', path]);
  }
}

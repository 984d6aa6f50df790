/** The files of a container's log: the one that is written, and those that were rotated away beside it. */
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** '' for a container that was never started. */
export async function logBytes(path: string): Promise<number> {
  if (path === '') return 0;
  const files = await readdir(dirname(path)).catch(() => []);
  const own = files.filter((file) => file.startsWith(basename(path)));
  const sizes = await Promise.all(
    own.map((file) =>
      stat(join(dirname(path), file)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

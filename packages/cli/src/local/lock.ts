/** One `up` or `down` at a time on a cluster. A lock whose holder is gone counts for nothing. */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { processStartTime } from './daemons.ts';

/** Throws when a live process holds the lock. */
export async function withLock<T>(file: string, run: () => Promise<T>): Promise<T> {
  await mkdir(dirname(file), { recursive: true });
  const own = `${process.pid} ${await processStartTime(process.pid)}`;
  for (;;) {
    try {
      await writeFile(file, own, { flag: 'wx' });
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const [pid = '', startTime] = (await readFile(file, 'utf8').catch(() => '')).split(' ');
    if (startTime !== undefined && (await processStartTime(Number(pid))) === startTime)
      throw new Error(`another command is at work on this cluster (process ${pid})`);
    await rm(file, { force: true });
  }
  try {
    return await run();
  } finally {
    await rm(file, { force: true });
  }
}

/** The lock of the cluster called `name`. */
export const lockFile = (name: string): string => `/run/skiff/${name}.lock`;

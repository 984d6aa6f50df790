/** What a process holds in memory, from Linux' own books. */
import { readFile, writeFile } from 'node:fs/promises';

async function statusField(pid: number, field: string): Promise<number> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8');
  const [, kilobytes] = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text) ?? [];
  return Number(kilobytes ?? Number.NaN) / 1024;
}

/** Resident now, in MiB. */
export const residentMb = (pid: number): Promise<number> => statusField(pid, 'VmRSS');

/** The most that was resident since `resetPeak`, in MiB. */
export const peakMb = (pid: number): Promise<number> => statusField(pid, 'VmHWM');

export const resetPeak = (pid: number): Promise<void> => writeFile(`/proc/${pid}/clear_refs`, '5');

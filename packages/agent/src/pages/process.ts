/** Reads what the pages tell of processes: this one, and those of containers. */
import { readFile } from 'node:fs/promises';
import type { ProcessFacts } from './own.ts';

const startedMs = performance.timeOrigin;

export function processFacts(): ProcessFacts {
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed } = process.memoryUsage();
  return { cpuSeconds: (user + system) / 1e6, residentBytes: rss, heapBytes: heapUsed, startedMs };
}

export const readProc = (pid: number, file: string): Promise<string> => readFile(`/proc/${pid}/${file}`, 'utf8');

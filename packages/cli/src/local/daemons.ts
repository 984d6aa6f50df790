/**
 * Processes that outlive the command that started them. Each has a record file with its pid and its start time, so
 * that a pid the kernel has given to somebody else is never taken for ours, and never killed. Each carries a mark in its
 * environment, which its children inherit, so that what lost its record or its parent is found all the same.
 */
import { spawn } from 'node:child_process';
import { mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Clock } from '@skiff/api';

export interface DaemonSpec {
  /** Unique in the cluster: `apiserver`, `agent-node-1`. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

interface DaemonRecord {
  readonly pid: number;
  /** Field 22 of /proc/<pid>/stat: clock ticks after boot. */
  readonly startTime: string;
}

const mark = 'SKIFF_RUN_DIR';

export interface Folders {
  readonly run: string;
  readonly logs: string;
}

/**
 * Starts a daemon unless it runs already; one that was just killed is waited for first. Resolves to whether it was started
 * now. Output goes to `<logs>/<name>.log`.
 */
export async function startDaemon(folders: Folders, spec: DaemonSpec, clock: Clock): Promise<boolean> {
  await untilEnded(folders, spec.name, clock);
  if ((await daemonPid(folders, spec.name)) !== undefined) return false;
  await mkdir(folders.run, { recursive: true });
  await mkdir(folders.logs, { recursive: true });
  const log = await open(logPath(folders, spec.name), 'a');
  try {
    const child = spawn(spec.command, spec.args, {
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
      env: { ...process.env, ...spec.env, [mark]: folders.run },
    });
    const pid = await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('spawn', () => resolve(child.pid ?? 0));
    });
    child.unref();
    const startTime = await processStartTime(pid);
    const record: DaemonRecord = { pid, startTime: startTime ?? '' };
    const path = recordPath(folders, spec.name);
    await writeFile(`${path}.new`, JSON.stringify(record));
    await rename(`${path}.new`, path);
    return true;
  } finally {
    await log.close();
  }
}

/** The pid of a daemon that runs, or undefined. */
export async function daemonPid(folders: Folders, name: string): Promise<number | undefined> {
  const record = await readRecord(folders, name);
  if (record === undefined) return undefined;
  return (await processStartTime(record.pid)) === record.startTime ? record.pid : undefined;
}

/** Waits for a daemon that was just killed: a process holds its ports and locks until the kernel has let go of its last thread: a moment, longer with much memory. */
export async function untilEnded(folders: Folders, name: string, clock: Clock): Promise<void> {
  const record = await readRecord(folders, name);
  if (record === undefined) return;
  const deadline = clock.now() + endingPatienceMs;
  while (await isEnding(record)) {
    if (clock.now() > deadline) throw new Error(`${name} (process ${record.pid}) was killed and does not end`);
    await clock.sleep(10);
  }
}

const endingPatienceMs = 30_000;

async function isEnding({ pid, startTime }: DaemonRecord): Promise<boolean> {
  const [stat, status, threads] = await Promise.all([
    readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ''),
    readFile(`/proc/${pid}/status`, 'utf8').catch(() => ''),
    readdir(`/proc/${pid}/task`).catch(() => []),
  ]);
  return fieldsOf(stat)[startTimeField] === startTime && isDying(stat, status, threads.length);
}

const startTimeField = 19;
const flagsField = 6;
const exitingFlag = 0x4;
const killBit = 1n << 8n;

/** From /proc/<pid>/stat and status: SIGKILL is on its way, or the exit has begun. A zombie without other threads holds nothing any more. */
export function isDying(stat: string, status: string, threads: number): boolean {
  const fields = fieldsOf(stat);
  if (fields[0] === 'Z') return threads > 1;
  const pending = [...status.matchAll(/^(?:Sig|Shd)Pnd:\s*([0-9a-f]+)$/gm)].map(([, mask]) => BigInt(`0x${mask}`));
  const exiting = (Number(fields[flagsField] ?? 0) & exitingFlag) !== 0;
  return exiting || pending.some((mask) => (mask & killBit) !== 0n);
}

/** The fields of /proc/<pid>/stat from the state on: the command name before it may hold spaces and parentheses. */
const fieldsOf = (stat: string): string[] => stat.slice(stat.lastIndexOf(')') + 2).split(' ');

/** Names of all daemons that have a record, running or not. */
export async function recordedDaemons(folders: Folders): Promise<string[]> {
  const files = await readdir(folders.run).catch(() => []);
  return files
    .filter((file) => file.endsWith('.json'))
    .map((file) => basename(file, '.json'))
    .sort();
}

/** SIGTERM, then SIGKILL after `graceMs`; resolves when the process is gone and its record removed. */
export async function stopDaemon(folders: Folders, name: string, clock: Clock, graceMs = 15_000): Promise<void> {
  const pid = await daemonPid(folders, name);
  if (pid !== undefined) {
    signal(pid, 'SIGTERM');
    const deadline = clock.now() + graceMs;
    while ((await daemonPid(folders, name)) !== undefined) {
      if (clock.now() > deadline) signal(pid, 'SIGKILL');
      await clock.sleep(25);
    }
  }
  await rm(recordPath(folders, name), { force: true });
}

/** Pids of all live processes that carry the mark of `folders`: daemons, and what they started. */
export async function markedProcesses(folders: Folders): Promise<number[]> {
  const wanted = `${mark}=${folders.run}`;
  const pids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry)).map(Number);
  const marked = await Promise.all(
    pids.map(async (pid) => {
      const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
      return environment.split('\0').includes(wanted) && (await processStartTime(pid)) !== undefined;
    }),
  );
  return pids.filter((pid, index) => pid !== process.pid && marked[index] === true);
}

/** Kills every process that carries the mark, until there is none. Resolves to whether there was one. */
export async function killMarked(folders: Folders, clock: Clock): Promise<boolean> {
  for (let killed = false; ; killed = true) {
    const pids = await markedProcesses(folders);
    if (pids.length === 0) return killed;
    for (const pid of pids) signal(pid, 'SIGKILL');
    await clock.sleep(25);
  }
}

export const logPath = (folders: Folders, name: string): string => join(folders.logs, `${name}.log`);

const recordPath = (folders: Folders, name: string): string => join(folders.run, `${name}.json`);

async function readRecord(folders: Folders, name: string): Promise<DaemonRecord | undefined> {
  const text = await readFile(recordPath(folders, name), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as DaemonRecord);
}

/** Start time of a live process; undefined when there is none, or it is a zombie. */
export async function processStartTime(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  if (stat === undefined) return undefined;
  const fields = fieldsOf(stat);
  return fields[0] === 'Z' ? undefined : fields[startTimeField];
}

export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

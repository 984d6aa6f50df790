import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { realClock } from '@skiff/api';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  daemonPid,
  type Folders,
  isDying,
  killMarked,
  markedProcesses,
  recordedDaemons,
  startDaemon,
  stopDaemon,
} from './daemons.ts';
import { waitFor } from './wait.ts';

let dir = '';
let folders: Folders;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'skiff-daemons-'));
  folders = { run: join(dir, 'run'), logs: join(dir, 'logs') };
});
afterAll(async () => {
  await killMarked(folders, realClock);
  await rm(dir, { recursive: true });
});

const sleeper = (name: string) => ({ name, command: 'sleep', args: ['1000000'] });

test('starts once, is found again, and stops without a trace of its record', async () => {
  expect(await startDaemon(folders, sleeper('one'), realClock)).toBe(true);
  expect(await startDaemon(folders, sleeper('one'), realClock)).toBe(false);
  expect(await daemonPid(folders, 'one')).toBeGreaterThan(1);
  expect(await recordedDaemons(folders)).toEqual(['one']);
  await stopDaemon(folders, 'one', realClock);
  expect(await daemonPid(folders, 'one')).toBeUndefined();
  expect(await recordedDaemons(folders)).toEqual([]);
});

test('one that was killed this moment is started again at once', async () => {
  await startDaemon(folders, sleeper('killed'), realClock);
  for (let round = 0; round < 5; round += 1) {
    process.kill((await daemonPid(folders, 'killed')) ?? 0, 'SIGKILL');
    expect(await startDaemon(folders, sleeper('killed'), realClock)).toBe(true);
  }
});

test.each([
  { what: 'runs', state: 'S', flags: 4194304, pending: '0000000000000000', threads: 11, dying: false },
  { what: 'has SIGKILL coming', state: 'D', flags: 4194304, pending: '0000000000000100', threads: 11, dying: true },
  { what: 'has SIGTERM coming', state: 'R', flags: 4194304, pending: '0000000000004000', threads: 11, dying: false },
  { what: 'exits', state: 'R', flags: 4194308, pending: '0000000000000000', threads: 3, dying: true },
  {
    what: 'is dead but for a thread',
    state: 'Z',
    flags: 4194308,
    pending: '0000000000000000',
    threads: 2,
    dying: true,
  },
  {
    what: 'is dead and not waited for',
    state: 'Z',
    flags: 4194308,
    pending: '0000000000000000',
    threads: 1,
    dying: false,
  },
])('a process that $what', ({ state, flags, pending, threads, dying }) => {
  const stat = `7 (a) b) ${state} 1 7 7 0 -1 ${flags} 0 0`;
  expect(isDying(stat, `SigPnd:\t0000000000000000\nShdPnd:\t${pending}\n`, threads)).toBe(dying);
});

test('what it writes is in its log', async () => {
  await startDaemon(folders, { name: 'speaker', command: 'sh', args: ['-c', 'echo out; echo err >&2'] }, realClock);
  const ask = async (): Promise<string | undefined> => {
    const text = await readFile(join(folders.logs, 'speaker.log'), 'utf8');
    return text === 'out\nerr\n' ? undefined : text;
  };
  await waitFor(ask, { clock: realClock, timeoutMs: 10_000, what: 'two lines' });
});

test('a pid that belongs to another process by now is not taken for ours, and not killed', async () => {
  await writeFile(join(folders.run, 'old.json'), JSON.stringify({ pid: process.pid, startTime: '1' }));
  expect(await daemonPid(folders, 'old')).toBeUndefined();
  await stopDaemon(folders, 'old', realClock);
});

test('one that ignores SIGTERM is killed after its grace', async () => {
  await startDaemon(
    folders,
    { name: 'deaf', command: 'sh', args: ['-c', 'trap "" TERM; echo deaf; sleep 1000000'] },
    realClock,
  );
  const heard = async (): Promise<string | undefined> =>
    (await readFile(join(folders.logs, 'deaf.log'), 'utf8')).includes('deaf') ? undefined : 'silent';
  await waitFor(heard, { clock: realClock, timeoutMs: 10_000, what: 'the trap to be set' });
  await stopDaemon(folders, 'deaf', realClock, 100);
  expect(await daemonPid(folders, 'deaf')).toBeUndefined();
});

test('children that outlive their daemon are found by its mark', async () => {
  await startDaemon(folders, { name: 'parent', command: 'sh', args: ['-c', 'sleep 1000000 & wait'] }, realClock);
  const grown = async (): Promise<string | undefined> =>
    (await markedProcesses(folders)).length >= 2 ? undefined : 'no child yet';
  await waitFor(grown, { clock: realClock, timeoutMs: 10_000, what: 'a child' });
  await stopDaemon(folders, 'parent', realClock);
  expect((await markedProcesses(folders)).length).toBeGreaterThan(0);
  expect(await killMarked(folders, realClock)).toBe(true);
  expect(await markedProcesses(folders)).toEqual([]);
});

test('a command that does not exist fails at once', async () => {
  await expect(startDaemon(folders, { name: 'none', command: '/no/such', args: [] }, realClock)).rejects.toThrow(
    'ENOENT',
  );
});

import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ApiError } from '@skiff/api';
import spawn from 'nano-spawn';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readLogs } from './logs.ts';

let root: string;
beforeAll(async () => {
  const top = await mkdtemp(join(tmpdir(), 'skiff-logs-'));
  root = join(top, 'log');
  await mkdir(join(root, 'apt'), { recursive: true });
  await mkdir(join(top, 'log-other'));
  await writeFile(join(root, 'apt', 'history'), 'installed\n');
  await writeFile(join(root, '<a> & b'), 'odd\n');
  await writeFile(join(top, 'secret'), 'no\n');
  await writeFile(join(top, 'log-other', 'secret'), 'no\n');
  await symlink('apt/history', join(root, 'inside'));
  await symlink(join(top, 'secret'), join(root, 'outside'));
  await symlink(top, join(root, 'up'));
  await spawn('mkfifo', [join(root, 'pipe')]);
});
afterAll(() => rm(join(root, '..'), { recursive: true }));

const read = async (path: string): Promise<string> =>
  Buffer.concat(await Array.fromAsync(readLogs(root, path))).toString();

test('a folder is listed, with names that mean nothing in HTML', async () => {
  const lines = (await read('')).split('\n').filter((line) => line.startsWith('<a'));
  expect(lines).toContain('<a href="./apt/">apt/</a>');
  expect(lines).toContain('<a href="./%3Ca%3E%20%26%20b">&lt;a&gt; &amp; b</a>');
});

test.each([
  ['apt/history', 'installed\n'],
  ['<a> & b', 'odd\n'],
  ['inside', 'installed\n'],
])('%s is read', async (path, text) => expect(await read(path)).toBe(text));

test.each([
  'none',
  'apt',
  'apt/history/',
  'outside',
  'up/',
  'up/secret',
  '../secret',
  '../',
  '../log-other/secret',
  'pipe',
  'a\0b',
])('H-194 %j is not there', async (path) => expect(read(path)).rejects.toMatchObject({ reason: 'NotFound' }));

test('H-194 a log that is swapped for a link to a file of the host while it is read shows itself or nothing', async () => {
  const stop = join(root, '..', 'stop');
  await writeFile(join(root, 'log'), 'mine\n');
  const swap = `cd ${root}; until [ -e ${stop} ]; do mv log kept; ln -s ${join(root, '..', 'secret')} log; rm log; mv kept log; done`;
  const swapper = spawn('sh', ['-c', swap]);
  const seen = new Set<string>();
  try {
    for (let i = 0; i < 2000; i++) seen.add(await read('log').catch((error: ApiError) => error.reason));
  } finally {
    await writeFile(stop, '');
    await swapper;
  }
  expect(seen).toContain('mine\n');
  seen.delete('NotFound');
  expect([...seen]).toEqual(['mine\n']);
});

import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { withLock } from './lock.ts';

let dir = '';
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'skiff-lock-'));
});
afterAll(() => rm(dir, { recursive: true }));

test('a second holder is refused while the first is at work, and nothing is left afterwards', async () => {
  const file = join(dir, 'a', 'lock');
  const result = await withLock(file, async () => {
    await expect(withLock(file, async () => 'second')).rejects.toThrow(
      `another command is at work on this cluster (process ${process.pid})`,
    );
    return 'first';
  });
  expect(result).toBe('first');
  expect(await readdir(join(dir, 'a'))).toEqual([]);
});

test.each(['', '999999999 5', '1 wrong-start-time'])('a lock that says %j belongs to nobody', async (text) => {
  const file = join(dir, 'b');
  await writeFile(file, text);
  expect(await withLock(file, async () => 'mine')).toBe('mine');
});

test('a failure lets the lock go', async () => {
  const file = join(dir, 'c');
  await expect(withLock(file, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await withLock(file, async () => 1)).toBe(1);
});

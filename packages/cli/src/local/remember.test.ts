import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { defaultConfig } from './layout.ts';
import { rememberedConfig, strayConfig } from './remember.ts';

let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'skiff-remember-'));
  await mkdir(join(dir, 'run', 'lab'), { recursive: true });
  await mkdir(join(dir, 'state'));
});
afterEach(() => rm(dir, { recursive: true }));
const config = () => ({ ...defaultConfig, name: 'lab', stateDir: join(dir, 'state') });
const keep = (...place: string[]): Promise<void> =>
  writeFile(join(dir, ...place, 'cluster.json'), JSON.stringify(config()));

test('a cluster whose folder was emptied is found by what lies beside its sockets', async () => {
  await keep('run', 'lab');
  expect(await rememberedConfig(join(dir, 'state'))).toBeUndefined();
  expect(await strayConfig(join(dir, 'state'), join(dir, 'run'))).toEqual(config());
  expect(await strayConfig(join(dir, 'elsewhere'), join(dir, 'run'))).toBeUndefined();
});

test('one that has its folder is no stray', async () => {
  await keep('run', 'lab');
  await keep('state');
  expect(await rememberedConfig(join(dir, 'state'))).toEqual(config());
  expect(await strayConfig(join(dir, 'state'), join(dir, 'run'))).toBeUndefined();
});

test('a file that was cut short counts for nothing', async () => {
  await writeFile(join(dir, 'state', 'cluster.json'), '{"name":');
  expect(await rememberedConfig(join(dir, 'state'))).toBeUndefined();
});

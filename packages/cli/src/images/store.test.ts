import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type BuiltImage, layerPath, listImages, readImage, saveImage } from './store.ts';

let dir = '';
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'skiff-store-'));
});
afterAll(() => rm(dir, { recursive: true }));

const image = (name: string): BuiltImage => ({
  name,
  config: { architecture: 'amd64', os: 'linux', config: {}, rootfs: { type: 'layers', diff_ids: [] } },
});

test('an image that was never built is told, with how to get one', async () => {
  await expect(readImage(join(dir, 'empty'), 'a:1')).rejects.toThrow(
    'no image a:1 was built here; scripts/images builds the examples’',
  );
});

test('images are found by name; no tag means latest', async () => {
  for (const name of ['skiff/b:1', 'skiff/a:latest']) await saveImage(dir, image(name));
  expect((await listImages(dir)).map(({ name }) => name)).toEqual(['skiff/a:latest', 'skiff/b:1']);
  expect((await readImage(dir, 'skiff/a')).name).toBe('skiff/a:latest');
  await expect(readImage(dir, 'skiff/b')).rejects.toThrow('no image skiff/b:latest was built here (there are');
});

test('a name cannot lead out of the folder', async () => {
  await saveImage(dir, image('../../x:1'));
  expect((await readImage(dir, '../../x:1')).name).toBe('../../x:1');
});

test('a layer’s file is named by its digest', () => {
  expect(layerPath('/d', 'sha256:abc')).toBe('/d/layers/abc.tar');
});

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readRecipe } from './recipe.ts';

let file = '';
beforeAll(async () => {
  file = join(await mkdtemp(join(tmpdir(), 'skiff-recipe-')), 'image.yaml');
});
afterAll(() => rm(join(file, '..'), { recursive: true }));

test('package lists are sorted, so that equal sets are equal layers; folders become absolute', async () => {
  await writeFile(file, 'name: a/b:1\nlayers:\n- packages: [zlib1g, busybox]\n- files: root\nentrypoint: [/x]\n');
  expect(await readRecipe(file)).toEqual({
    name: 'a/b:1',
    layers: [{ packages: ['busybox', 'zlib1g'] }, { files: join(file, '..', 'root') }],
    entrypoint: ['/x'],
  });
});

test.each(['', 'name: x', 'name: x\nlayers: []', 'layers: [{packages: [a]}]', 'name: x\nlayers: [nonsense]'])(
  '%j is no recipe',
  async (text) => {
    await writeFile(file, text);
    await expect(readRecipe(file)).rejects.toThrow(file);
  },
);

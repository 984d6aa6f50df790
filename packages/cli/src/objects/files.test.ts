import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readManifests } from './files.ts';

let dir = '';
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'skiff-files-'));
  await mkdir(join(dir, 'folder'));
  await writeFile(join(dir, 'folder', 'b.yaml'), `${document('b1')}---\n${document('b2')}---\n`);
  await writeFile(join(dir, 'folder', 'a.json'), JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: {} }));
  await writeFile(join(dir, 'folder', 'README.md'), 'no manifest');
});
afterAll(() => rm(dir, { recursive: true }));

const document = (name: string): string => `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n`;

const names = async (...sources: string[]): Promise<(string | undefined)[]> =>
  (await readManifests(sources)).map(({ metadata }) => metadata.name);

async function read(text: string): Promise<unknown> {
  const file = join(dir, 'one.yaml');
  await writeFile(file, text);
  return readManifests([file]);
}

test('a folder is its manifests by name, a file all its documents in order', async () => {
  expect(await names(join(dir, 'folder'))).toEqual([undefined, 'b1', 'b2']);
});

test('a List is its items', async () => {
  expect(await read('apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Pod, metadata: {}}\n')).toHaveLength(
    1,
  );
  expect(await read('apiVersion: v1\nkind: List\n')).toEqual([]);
});

test('empty documents are nothing', async () => {
  expect(await read('---\n# a comment\n---\n')).toEqual([]);
});

test.each([
  ['kind: [', 'one.yaml'],
  ['kind: Pod', 'no apiVersion or no kind'],
  ['just text', 'no apiVersion or no kind'],
  ['apiVersion: 1\nkind: Pod', 'no apiVersion or no kind'],
  ['apiVersion: v1\nkind: List\nitems: [null]', 'no apiVersion or no kind'],
])('%j: %s', async (text, fault) => {
  await expect(read(text)).rejects.toThrow(fault);
});

test('a file that is not there is named', async () => {
  await expect(readManifests([join(dir, 'nowhere')])).rejects.toThrow(
    `the path "${join(dir, 'nowhere')}" does not exist`,
  );
});

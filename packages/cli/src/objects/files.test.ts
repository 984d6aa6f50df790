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
  ['apiVersion: v1\nkind: List\nitems: 5', 'the items of a List must be a list'],
  ['apiVersion: v1\nkind: Pod\nmetadata: x', 'the metadata of a Pod must be a map'],
  ['apiVersion: v1\nkind: Pod\nmetadata: {name: 5}', 'the metadata.name of a Pod must be a string'],
  ['apiVersion: v1\nkind: Pod\nkind: Pod', 'line 3: key "kind" already set in map'],
  ['\0\0\u0001ELF', 'control characters'],
  ['- '.repeat(50_000), 'max depth'],
  ['<html>\n<body>not: found</body>: x', 'one.yaml: yaml: line'],
  [
    `a: &a [x,x,x,x,x,x,x,x,x,x]\n${[...'bcdefgh'].map((one, at) => `${one}: &${one} [${`*${'abcdefg'[at]},`.repeat(10)}]\n`).join('')}`,
    'excessive aliasing',
  ],
])('%j: %s', async (text, fault) => {
  await expect(read(text)).rejects.toThrow(fault);
});

test('values are read as kubectl reads them', async () => {
  const [read1] = (await read(
    'apiVersion: v1\nkind: Secret\nmetadata: {name: "a\nb"}\nmode: 0644\non: yes\n',
  )) as unknown[];
  expect(read1).toEqual({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'a b' }, mode: 420, true: true });
});

test('a List may hold more than a call takes arguments', async () => {
  const items = '- {apiVersion: v1, kind: Pod}\n'.repeat(20_000);
  expect(await read(`apiVersion: v1\nkind: List\nitems:\n${items}`)).toHaveLength(20_000);
});

test('a file that is not there is named', async () => {
  await expect(readManifests([join(dir, 'nowhere')])).rejects.toThrow(
    `the path "${join(dir, 'nowhere')}" does not exist`,
  );
});

import { link, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { container, podWith } from '../pods/testing/facts.ts';
import { memoryVolumeBytes } from './manager.ts';
import { treeBytes } from './tree-bytes.ts';

let dir = '';
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'skiff-room-'));
});
afterAll(() => rm(dir, { recursive: true }));

const mib = 1024 ** 2;

test('a tree’s room is that of its files, each counted once, and of nothing that links lead to', async () => {
  await mkdir(join(dir, 'tree', 'deep'), { recursive: true });
  const empty = await treeBytes(join(dir, 'tree'));
  await writeFile(join(dir, 'outside'), Buffer.alloc(4 * mib));
  await writeFile(join(dir, 'tree', 'deep', 'file'), Buffer.alloc(mib, 1));
  await link(join(dir, 'tree', 'deep', 'file'), join(dir, 'tree', 'again'));
  await symlink(join(dir, 'outside'), join(dir, 'tree', 'link'));
  const full = await treeBytes(join(dir, 'tree'));
  expect(full - empty).toBeGreaterThanOrEqual(mib);
  expect(full - empty).toBeLessThan(2 * mib);
  expect(await treeBytes(join(dir, 'nowhere'))).toBe(0);
});

const limited = (memory?: string) =>
  container('app', memory === undefined ? {} : { resources: { limits: { memory } } });
test.each([
  ['its own limit', '1Mi', [limited('8Mi')], mib],
  ['what its containers may use', undefined, [limited('8Mi'), limited('4Mi')], 12 * mib],
  ['the node, where a container has no limit', undefined, [limited('8Mi'), limited()], 64 * mib],
  ['the node, below its own limit', '1Gi', [limited()], 64 * mib],
])('a volume in memory grows to %s', (_name, sizeLimit, containers, expected) => {
  expect(memoryVolumeBytes(podWith({ containers }), sizeLimit, 64 * mib)).toBe(expected);
});

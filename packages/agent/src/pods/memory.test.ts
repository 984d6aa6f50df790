import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { resources } from '@skiff/api';
import { createInformerFactory } from '@skiff/client';
import { createTestCluster, pod, silentLogger } from '@skiff/client/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openPodMemory, parseMemory } from './memory.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'skiff-memory-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('the highest version is there again after a restart', async () => {
  const first = await openPodMemory(folder, 'c1', silentLogger);
  expect(first.lowest).toBe(0n);
  for (const version of [3n, 5n, 9_007_199_254_740_993n]) first.onSeen(version);
  await first.flushed();
  expect((await openPodMemory(folder, 'c1', silentLogger)).lowest).toBe(9_007_199_254_740_993n);
});

test('another cluster begins anew', async () => {
  const first = await openPodMemory(folder, 'c1', silentLogger);
  first.onSeen(7n);
  await first.flushed();
  expect((await openPodMemory(folder, 'c2', silentLogger)).lowest).toBe(0n);
});

test.each(['', 'null', '[]', '{"cluster":"c1"}', '{"cluster":"c1","version":7}', '{"cluster":"c1","version":"-1"}'])(
  'damage is no memory: %s',
  async (text) => {
    await writeFile(join(folder, 'pods-seen.json'), text);
    expect((await openPodMemory(folder, 'c1', silentLogger)).lowest).toBe(0n);
    expect(parseMemory(text, 'c1')).toBe(0n);
  },
);

test('an informer believes no server that is behind what an earlier life has seen', async () => {
  const cluster = createTestCluster();
  const context = { ...cluster, logger: silentLogger };
  cluster.seed(resources.pods, pod('old'));
  const behind = cluster.version;
  const first = await openPodMemory(folder, 'c1', silentLogger);
  const before = createInformerFactory(context);
  before.informer(resources.pods, { versions: first });
  await cluster.client.resource(resources.pods).delete('default', 'old', { gracePeriodSeconds: 0 });
  await before.synced();
  await before.stop();
  await first.flushed();

  cluster.listAt(behind);
  const after = createInformerFactory(context);
  const pods = after.informer(resources.pods, { versions: await openPodMemory(folder, 'c1', silentLogger) });
  await cluster.clock.advance(5000);
  expect(pods.hasSynced).toBe(false);
  cluster.listAt(undefined);
  await cluster.clock.advance(60_000);
  expect(pods.hasSynced).toBe(true);
  expect(pods.list()).toEqual([]);
  await after.stop();
});

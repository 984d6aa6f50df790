import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { RegistryEvent, WatchOptions } from './contract.ts';
import { configMap, pod } from './fixtures.ts';
import {
  type Caller,
  createMemoryRegistry,
  type MemoryRegistry,
  statusOf,
  target,
  testContext,
  watchOptions,
} from './testing.ts';

let memory: MemoryRegistry;
let call: Caller;
let stop: AbortController;
beforeEach(async () => {
  memory = await createMemoryRegistry();
  call = memory.call;
  stop = new AbortController();
});
afterEach(async () => {
  stop.abort();
  await memory.close();
});

const open = (of: string, options: Partial<WatchOptions> = {}, name = '') =>
  memory.registry.watch(testContext(stop.signal), target(of, 'default', name), watchOptions(options));

/** The next `count` events, as type and name. */
async function take(events: AsyncIterable<readonly RegistryEvent[]>, count: number): Promise<string[]> {
  const seen: string[] = [];
  for await (const batch of events) {
    for (const { type, text } of batch) seen.push(`${type} ${JSON.parse(text).metadata.name ?? ''}`.trim());
    if (seen.length >= count) break;
  }
  return seen;
}

describe('watch', () => {
  test('without a version: what exists, then what happens', async () => {
    await call.create('configmaps', 'default', configMap('a'));
    const seen = take(await open('configmaps'), 4);
    await call.create('configmaps', 'default', configMap('b'));
    await call.patch('configmaps', 'default', 'a', 'merge', { data: { x: '1' } });
    await call.remove('configmaps', 'default', 'b');
    expect(await seen).toEqual(['ADDED a', 'ADDED b', 'MODIFIED a', 'DELETED b']);
  });

  test('with a version: only what came after', async () => {
    const made = await call.create('configmaps', 'default', configMap('a'));
    await call.create('configmaps', 'default', configMap('b'));
    const { resourceVersion } = made.metadata as { resourceVersion: string };
    expect(await take(await open('configmaps', { resourceVersion }), 1)).toEqual(['ADDED b']);
  });

  test('an object that stops matching is deleted for the watcher', async () => {
    await call.create('pods', 'default', { ...pod('p'), metadata: { name: 'p', labels: { a: '1' } } });
    const seen = take(await open('pods', { labelSelector: 'a=1' }), 2);
    await call.patch('pods', 'default', 'p', 'merge', { metadata: { labels: { a: '2' } } });
    expect(await seen).toEqual(['ADDED p', 'DELETED p']);
  });

  test('of one object, by name', async () => {
    await call.create('configmaps', 'default', configMap('a'));
    await call.create('configmaps', 'default', configMap('b'));
    expect(await take(await open('configmaps', {}, 'b'), 1)).toEqual(['ADDED b']);
    expect(await statusOf(open('configmaps', { fieldSelector: 'metadata.name=a' }, 'b'))).toMatchObject({
      code: 400,
      message: "fieldSelector metadata.name doesn't match requested name",
    });
  });

  test('a streaming list ends its first part with an annotated bookmark', async () => {
    await call.create('configmaps', 'default', configMap('a'));
    const events = await open('configmaps', {
      sendInitialEvents: true,
      resourceVersionMatch: 'NotOlderThan',
      allowBookmarks: true,
    });
    const all: RegistryEvent[] = [];
    for await (const batch of events) {
      all.push(...batch);
      if (all.some((event) => event.type === 'BOOKMARK')) break;
    }
    expect(all.map((event) => event.type)).toEqual(['ADDED', 'BOOKMARK']);
    expect(JSON.parse(all[1]?.text ?? '')).toEqual({
      kind: 'ConfigMap',
      apiVersion: 'v1',
      metadata: {
        resourceVersion: String(await memory.store.revision()),
        creationTimestamp: null,
        annotations: { 'k8s.io/initial-events-end': 'true' },
      },
    });
  });

  test('without initial events it begins with now', async () => {
    await call.create('configmaps', 'default', configMap('a'));
    const seen = take(await open('configmaps', { sendInitialEvents: false, resourceVersionMatch: 'NotOlderThan' }), 1);
    await call.create('configmaps', 'default', configMap('b'));
    expect(await seen).toEqual(['ADDED b']);
  });

  test('ends quietly after its timeout, by default within half an hour and an hour', async () => {
    const short = take(await open('configmaps', { timeoutSeconds: 5 }), 99);
    memory.clock.step(5_000);
    expect(await short).toEqual([]);
    const long = take(await open('configmaps'), 99);
    memory.clock.step(60 * 60 * 1_000);
    expect(await long).toEqual([]);
  });

  test('a malformed version is invalid', async () => {
    expect(await statusOf(open('configmaps', { resourceVersion: 'x' }))).toMatchObject({
      code: 422,
      reason: 'Invalid',
    });
  });

  test('a version that is older than what is kept ends with 410', async () => {
    const old = await createMemoryRegistry();
    await old.call.create('configmaps', 'default', configMap('a'));
    await old.store.compact(await old.store.revision());
    const { createWatchCache } = await import('../watch/cache.ts');
    const { createRegistry } = await import('./registry.ts');
    const { silentLogger } = await import('./testing.ts');
    const parts = { store: old.store, clock: old.clock, random: old.random, logger: silentLogger };
    const cache = createWatchCache(parts);
    await cache.synced();
    const registry = createRegistry({ ...parts, cache, admission: [] });
    const events = (async () => {
      const watch = await registry.watch(
        testContext(stop.signal),
        target('configmaps', 'default'),
        watchOptions({ resourceVersion: '1' }),
      );
      for await (const batch of watch) expect(batch).toEqual([]);
    })();
    expect(await statusOf(events)).toMatchObject({ code: 410, reason: 'Expired' });
    await cache.close();
    await old.close();
  });
});

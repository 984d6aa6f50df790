/** A kind that the cache is still reading: the store answers what it can at a cost that depends on the answer; everything else waits. */
import { expect, onTestFinished, test } from 'vitest';
import type { BytesPage } from '../storage/contract.ts';
import { createMemoryStore } from '../storage/memory/store.ts';
import { createWatchCache } from '../watch/cache.ts';
import { unlessAborted } from '../watch/unless-aborted.ts';
import { configMap } from './fixtures.ts';
import { createRegistry } from './registry.ts';
import {
  callerOf,
  createMemoryRegistry,
  createSeededRandom,
  createStepClock,
  listOptions,
  silentLogger,
  target,
  testContext,
} from './testing.ts';

const prefix = '/registry/core/configmaps/';

/** Another server on the store of the first, which has four ConfigMaps; its cache goes on reading them when `open` is called. */
async function given() {
  const first = await createMemoryRegistry();
  for (const name of ['a', 'b', 'c', 'd']) await first.call.create('configmaps', 'default', configMap(name));
  const memory = createMemoryStore();
  const { documents } = await first.store.list('/registry/');
  for (const { key, text } of documents) await memory.create(key, text);
  await first.close();
  const opened = Promise.withResolvers<void>();
  const pages = memory.pages.bind(memory);
  const store = Object.assign(memory, {
    before: (revision: bigint) => revision,
    async *pages(of: string, options: object, signal?: AbortSignal): AsyncIterable<BytesPage> {
      if (of === prefix) await unlessAborted(opened.promise, signal);
      yield* pages(of, options);
    },
  });
  const [clock, random] = [createStepClock(), createSeededRandom()];
  const cache = createWatchCache({ store, clock, random, logger: silentLogger, largeCollection: 2 });
  const registry = createRegistry({ store, cache, clock, random, logger: silentLogger, admission: [] });
  onTestFinished(async () => {
    await cache.close();
    await store.close();
  });
  await cache.begun();
  const names = async (namespace: string, options: object = {}): Promise<string[]> => {
    const { items } = await registry.list(testContext(), target('configmaps', namespace), listOptions(options));
    return [...items].map((text) => JSON.parse(text).metadata.name);
  };
  const get = async (name: string, resourceVersion: string): Promise<string> => {
    const { text } = await registry.get(testContext(), target('configmaps', 'default', name), { resourceVersion });
    return JSON.parse(text).metadata.name;
  };
  return { registry, cache, call: callerOf(registry), store, names, get, open: opened.resolve };
}

/** Whether it is over when everything that can happen has happened. */
async function isOver(promise: Promise<unknown>): Promise<boolean> {
  let over = false;
  void promise.finally(() => {
    over = true;
  });
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  return over;
}

test('a get is answered at every version', async () => {
  const { get, cache, store } = await given();
  const now = String(await store.revision());
  for (const version of ['', '0', now]) expect(await get('d', version)).toBe('d');
  await expect(get('e', '0')).rejects.toMatchObject({ reason: 'NotFound' });
  expect(cache.isSynced).toBe(false);
});

test('lists without selectors are answered, in pages too', async () => {
  const { names, registry, cache } = await given();
  for (const version of ['', '0']) expect(await names('default', { resourceVersion: version })).toEqual([...'abcd']);
  expect(await names('')).toEqual([...'abcd']);
  expect(await names('elsewhere')).toEqual([]);
  const page = await registry.list(testContext(), target('configmaps', 'default'), listOptions({ limit: 3 }));
  expect([page.items.length, page.remainingItemCount]).toEqual([3, 1]);
  expect(await names('default', { limit: 3, continue: page.continue })).toEqual(['d']);
  expect(cache.isSynced).toBe(false);
});

test('a watch from the version of such a list is told what came after it', async () => {
  const { registry, store, open } = await given();
  const list = await registry.list(testContext(), target('configmaps', 'default'), listOptions({}));
  const stopping = new AbortController();
  const options = { ...listOptions({ resourceVersion: list.resourceVersion }), allowBookmarks: false };
  const events = await registry.watch(testContext(stopping.signal), target('configmaps', 'default'), {
    ...options,
    ...{ sendInitialEvents: undefined, timeoutSeconds: undefined },
  });
  await store.create(`${prefix}default/e`, '{"kind":"ConfigMap","metadata":{"name":"e","namespace":"default"}}');
  open();
  for await (const batch of events) {
    expect(batch.map(({ type, text }) => `${type} ${JSON.parse(text).metadata.name}`)).toEqual(['ADDED e']);
    stopping.abort();
  }
});

test('lists with selectors and writes wait until all is there', async () => {
  const { names, call, cache, open } = await given();
  const list = names('default', { fieldSelector: 'metadata.name=c' });
  const write = call.create('configmaps', 'default', configMap('e'));
  expect([await isOver(list), await isOver(write)]).toEqual([false, false]);
  open();
  expect(await list).toEqual(['c']);
  await write;
  expect(cache.isSynced).toBe(true);
  expect(await names('default')).toEqual([...'abcde']);
});

test('a request that is given up while it waits ends', async () => {
  const { registry } = await given();
  const leaving = new AbortController();
  const context = testContext(leaving.signal);
  const body = { document: configMap('e'), duplicates: [] };
  const options = { dryRun: false, fieldManager: 'test', fieldValidation: 'Strict' } as const;
  const write = registry.create(context, target('configmaps', 'default'), body, options);
  const list = registry.list(context, target('configmaps', 'default'), listOptions({ labelSelector: 'a=b' }));
  leaving.abort(new Error('left'));
  await expect(write).rejects.toThrow('left');
  await expect(list).rejects.toThrow('left');
});

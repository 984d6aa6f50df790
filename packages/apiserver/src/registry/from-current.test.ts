/** Writes through a server whose cache is behind: it may cost a read more, and never shows. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Store } from '../storage/contract.ts';
import { createMemoryStore } from '../storage/memory/store.ts';
import { createWatchCache } from '../watch/cache.ts';
import { configMap } from './fixtures.ts';
import { createRegistry } from './registry.ts';
import { type Caller, callerOf, createSeededRandom, createStepClock, silentLogger, statusOf } from './testing.ts';

interface Server {
  readonly call: Caller;
  /** How often the store was asked for one document. */
  readonly reads: () => number;
  /** What the store tells of changes waits from now on. */
  fallBehind(): void;
  caughtUp(): Promise<void>;
  close(): Promise<void>;
}

async function serve(store: Store, seed: number): Promise<Server> {
  const parts = { clock: createStepClock(), random: createSeededRandom(seed), logger: silentLogger };
  let gate: Promise<void> | undefined;
  const get = vi.fn(store.get.bind(store));
  const own: Store = {
    get,
    list: store.list.bind(store),
    pages: store.pages.bind(store),
    versions: store.versions.bind(store),
    create: store.create.bind(store),
    update: store.update.bind(store),
    delete: store.delete.bind(store),
    async *watch(...parameters) {
      for await (const batch of store.watch(...parameters)) {
        await gate;
        yield batch;
      }
    },
    revision: store.revision.bind(store),
    before: store.before.bind(store),
    compact: store.compact.bind(store),
    close: async () => {},
  };
  const open = Promise.withResolvers<void>();
  const cache = createWatchCache({ ...parts, store: own });
  const registry = createRegistry({ ...parts, store: own, cache, admission: [] });
  await cache.synced();
  return {
    call: callerOf(registry),
    reads: () => get.mock.calls.length,
    fallBehind() {
      gate = open.promise;
    },
    caughtUp: async () => cache.reaches(await store.revision(), 1000),
    async close() {
      const closing = cache.close();
      open.resolve();
      await closing;
    },
  };
}

const labelled = (value: string) => ({ metadata: { labels: { a: value } } });

describe('through a server that is behind', () => {
  let store: Store;
  let ahead: Server;
  let behind: Server;

  beforeEach(async () => {
    store = createMemoryStore();
    ahead = await serve(store, 1);
    behind = await serve(store, 2);
    await ahead.call.create('namespaces', '', { metadata: { name: 'default' } });
    await ahead.call.create('configmaps', 'default', configMap('a', { old: '1' }));
    await ahead.caughtUp();
    await behind.caughtUp();
    behind.fallBehind();
  });

  afterEach(async () => {
    await ahead.close();
    await behind.close();
    await store.close();
  });

  const patch = (server: Server, change: object) => server.call.patch('configmaps', 'default', 'a', 'merge', change);

  test('a patch keeps what the other has changed', async () => {
    await patch(ahead, { data: { one: '1' } });
    await patch(behind, { data: { two: '2' } });
    expect((await ahead.call.get('configmaps', 'default', 'a')).data).toEqual({ old: '1', one: '1', two: '2' });
  });

  test('an update at the newest version is accepted, one at an old version refused', async () => {
    const first = await ahead.call.get('configmaps', 'default', 'a');
    const newest = await patch(ahead, { data: { one: '1' } });
    expect(await statusOf(behind.call.update('configmaps', 'default', 'a', first))).toMatchObject({ code: 409 });
    await behind.call.update('configmaps', 'default', 'a', { ...newest, data: { mine: '1' } });
    expect((await ahead.call.get('configmaps', 'default', 'a')).data).toEqual({ mine: '1' });
  });

  test('a patch that changes nothing there but something here is written', async () => {
    await patch(ahead, labelled('new'));
    await patch(ahead, labelled('newer'));
    await patch(behind, { metadata: { labels: null } });
    expect((await ahead.call.get('configmaps', 'default', 'a')).metadata).not.toHaveProperty('labels');
  });

  test('a patch that changes nothing answers with the newest state', async () => {
    await patch(ahead, { data: { one: '1' } });
    expect((await patch(behind, { data: { old: '1' } })).data).toEqual({ old: '1', one: '1' });
  });

  test('what was deleted is gone, what was created is there', async () => {
    await ahead.call.remove('configmaps', 'default', 'a');
    expect(await statusOf(patch(behind, labelled('x')))).toMatchObject({ code: 404 });
    expect(await statusOf(behind.call.remove('configmaps', 'default', 'a'))).toMatchObject({ code: 404 });
    await ahead.call.create('configmaps', 'default', configMap('b'));
    await behind.call.patch('configmaps', 'default', 'b', 'merge', labelled('x'));
    await behind.call.remove('configmaps', 'default', 'b');
  });

  test('a deletion holds its preconditions against the newest state', async () => {
    const old = (await ahead.call.get('configmaps', 'default', 'a')).metadata as { resourceVersion: string };
    const newest = (await patch(ahead, labelled('x'))).metadata as { resourceVersion: string };
    const remove = ({ resourceVersion }: { resourceVersion: string }) =>
      behind.call.remove('configmaps', 'default', 'a', { preconditions: { uid: undefined, resourceVersion } });
    expect(await statusOf(remove(old))).toMatchObject({ code: 409 });
    await remove(newest);
  });
});

test('a write through a server that is up to date reads nothing from the store', async () => {
  const store = createMemoryStore();
  const server = await serve(store, 1);
  await server.call.create('namespaces', '', { metadata: { name: 'default' } });
  await server.caughtUp();
  await server.call.create('configmaps', 'default', configMap('a'));
  await server.caughtUp();
  const before = server.reads();
  await server.call.patch('configmaps', 'default', 'a', 'merge', labelled('x'));
  await server.caughtUp();
  await server.call.remove('configmaps', 'default', 'a');
  expect(server.reads()).toBe(before);
  await server.close();
  await store.close();
});

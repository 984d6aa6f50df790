import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { createSeededRandom, createStepClock, silentLogger } from '../registry/testing.ts';
import type { Store, StoreEvent } from '../storage/contract.ts';
import { createMemoryStore } from '../storage/memory/store.ts';
import { createWatchCache } from './cache.ts';
import type { CachedDocument, Facts } from './contract.ts';
import { describePod, everything, inWords, pod, podKey, watching } from './testing/watcher.ts';

/** A cache of pods over a memory store that the test may replace in part. */
async function given(change: (store: Store) => Partial<Store> = () => ({})) {
  const memory = createMemoryStore();
  const watches = vi.fn(memory.watch.bind(memory));
  const base: Store = {
    get: (key) => memory.get(key),
    list: (prefix, options) => memory.list(prefix, options),
    pages: (prefix, options) => memory.pages(prefix, options),
    versions: (prefix, revision) => memory.versions(prefix, revision),
    create: (key, text) => memory.create(key, text),
    update: (key, text, expected) => memory.update(key, text, expected),
    delete: (key, expected) => memory.delete(key, expected),
    watch: watches,
    revision: () => memory.revision(),
    before: (revision, transactions) => memory.before(revision, transactions),
    compact: (revision) => memory.compact(revision),
    close: () => memory.close(),
  };
  const store: Store = { ...base, ...change(base) };
  const clock = createStepClock();
  const logger = { ...silentLogger, error: vi.fn() };
  const cache = createWatchCache({ store, clock, random: createSeededRandom(), logger });
  onTestFinished(async () => {
    await cache.close();
    await memory.close();
  });
  const pods = cache.collection('core/pods', describePod);
  await cache.synced();
  const caughtUp = async (): Promise<void> => cache.reaches(await memory.revision(), 60_000);
  const write = {
    async create(name: string, more: Parameters<typeof pod>[2] = {}, namespace = 'default'): Promise<bigint> {
      const version = await memory.create(podKey(namespace, name), pod(namespace, name, more));
      await caughtUp();
      return version;
    },
    async update(name: string, more: Parameters<typeof pod>[2] = {}, namespace = 'default'): Promise<bigint> {
      const key = podKey(namespace, name);
      const version = await memory.update(key, pod(namespace, name, more), (await memory.get(key))?.version ?? 0n);
      await caughtUp();
      return version;
    },
    async delete(name: string, namespace = 'default'): Promise<bigint> {
      const key = podKey(namespace, name);
      const version = await memory.delete(key, (await memory.get(key))?.version ?? 0n);
      await caughtUp();
      return version;
    },
  };
  return { memory, cache, pods, clock, logger, watches, caughtUp, ...write };
}

const namesOf = (documents: readonly CachedDocument[]): string[] => documents.map(({ facts }) => facts.name);
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const labelled = (app: string) => (facts: Facts) => facts.labels.app === app;

describe('reading', () => {
  test('a list that waits for the newest revision holds every write before it', async () => {
    const { memory, cache, pods } = await given();
    for (let index = 0; index < 50; index += 1) {
      await memory.create(podKey('default', `p${index}`), pod('default', `p${index}`));
      await cache.reaches(await memory.revision(), 1000);
      const { documents, revision } = pods.list(everything);
      expect(documents).toHaveLength(index + 1);
      expect(revision).toBeGreaterThanOrEqual(await memory.revision());
    }
  });

  test('documents carry their version, in key order, by namespace and name', async () => {
    const { pods, create } = await given();
    const versions = new Map<string, bigint>();
    for (const name of ['b', '10', '9']) versions.set(name, await create(name));
    await create('a', {}, 'other');
    expect(namesOf(pods.list(everything).documents)).toEqual(['10', '9', 'b', 'a']);
    expect(namesOf(pods.list({ namespace: 'other', name: '' }).documents)).toEqual(['a']);
    expect(namesOf(pods.list({ namespace: 'default', name: '9' }).documents)).toEqual(['9']);
    expect(namesOf(pods.list({ namespace: 'absent', name: '' }).documents)).toEqual([]);
    const found = pods.get(podKey('default', 'b'));
    expect(JSON.parse(found?.text ?? '').metadata.resourceVersion).toBe(String(versions.get('b')));
  });

  test('the bytes of a document are its text while it is the newest', async () => {
    const { pods, create, update } = await given();
    await create('a', { labels: { app: 'é' } });
    const [document] = pods.list(everything).documents;
    expect(Buffer.from(document?.bytes ?? []).toString()).toBe(document?.text);
    await update('a', { labels: { app: 'x' } });
    expect([document?.bytes, document?.text]).toEqual([undefined, expect.stringContaining('é')]);
  });

  test('waiting for what is not there ends with Timeout, on time', async () => {
    const { cache, clock } = await given();
    const waiting = cache.reaches(10n ** 9n, 3000);
    clock.step(3001);
    await expect(waiting).rejects.toMatchObject({ reason: 'Timeout' });
  });

  test('a document that cannot be read is left out alone, and named in the log', async () => {
    const { memory, pods, logger, create, caughtUp } = await given();
    await create('a');
    const watch = watching(pods, undefined);
    await memory.create(podKey('default', 'bad'), '{"metadata":');
    await memory.create(podKey('default', 'worse'), '[]');
    await create('b');
    expect(namesOf(pods.list(everything).documents)).toEqual(['a', 'b']);
    expect(logger.error).toHaveBeenCalledTimes(2);
    const key = podKey('default', 'a');
    await memory.update(key, 'no JSON', (await memory.get(key))?.version ?? 0n);
    await caughtUp();
    expect(namesOf(pods.list(everything).documents)).toEqual(['b']);
    await memory.update(key, pod('default', 'a'), (await memory.get(key))?.version ?? 0n);
    await caughtUp();
    await watch.stop();
    expect(watch.events.map(inWords)).toEqual(['ADDED a', 'ADDED b', 'DELETED a', 'ADDED a']);
  });

  test('a collection that is asked for late has everything, and no history', async () => {
    const { cache, create } = await given();
    const version = await create('a');
    await create('b');
    const late = cache.collection('core/pods', describePod);
    expect(namesOf(late.list(everything).documents)).toEqual(['a', 'b']);
    const other = cache.collection('core/other', describePod);
    expect(await watching(other, version).ended).toMatchObject({ reason: 'Expired' });
  });
});

describe('watching', () => {
  test('any number of clients share one upstream watch', async () => {
    const { pods, watches, create, update, delete: remove } = await given();
    const all = Array.from({ length: 200 }, () => watching(pods, undefined));
    await create('a');
    await update('a');
    await remove('a');
    for (const watch of all) await watch.stop();
    for (const watch of all) expect(watch.events.map(inWords)).toEqual(['ADDED a', 'MODIFIED a', 'DELETED a']);
    expect(new Set(all.map((watch) => watch.events[0]?.document)).size).toBe(1);
    expect(watches).toHaveBeenCalledTimes(1);
  });

  test('what is there comes first, then what changes, with nothing between', async () => {
    const { pods, create } = await given();
    await create('a');
    const watch = watching(pods, undefined);
    await create('b');
    await watch.stop();
    expect(watch.events.map(inWords)).toEqual(['ADDED a', 'ADDED b']);
  });

  test('resumes after any event of the history', async () => {
    const { pods, create, update, delete: remove } = await given();
    const whole = watching(pods, undefined);
    for (const name of ['a', 'b', 'c']) await create(name);
    await update('a');
    await remove('b');
    await create('b');
    await settled();
    for (const [index, event] of whole.events.entries()) {
      const rest = watching(pods, event.version);
      await settled();
      await rest.stop();
      expect(rest.events).toEqual(whole.events.slice(index + 1));
    }
    await whole.stop();
  });

  test('a deletion carries the last state at the version of the deletion', async () => {
    const { pods, create, delete: remove } = await given();
    const watch = watching(pods, await create('a', { labels: { app: 'x' } }));
    const version = await remove('a');
    await watch.stop();
    const [event] = watch.events;
    expect(event).toMatchObject({ type: 'DELETED', version });
    expect(JSON.parse(event?.document?.text ?? '').metadata).toEqual({
      resourceVersion: String(version),
      name: 'a',
      namespace: 'default',
      labels: { app: 'x' },
    });
  });

  test('from a version older than the history is Expired', async () => {
    const { pods, create, update } = await given();
    const first = await create('a');
    for (let index = 0; index < 13_000; index += 1) await update('a');
    expect(await watching(pods, first).ended).toMatchObject({ reason: 'Expired', status: { code: 410 } });
  });

  test('from a version that this cache has not come to tells nothing twice', async () => {
    const { memory, pods, create, caughtUp } = await given();
    const seen = await create('a');
    const ahead = watching(pods, seen + 2n);
    for (const name of ['b', 'c', 'd']) await memory.create(podKey('default', name), pod('default', name));
    await caughtUp();
    await ahead.stop();
    expect(ahead.events.map(inWords)).toEqual(['ADDED d']);
  });

  test('one that does not read is dropped and told so; the others lose nothing', async () => {
    const { pods, create, update } = await given();
    const slow = pods.watch({ filter: everything, after: undefined, bookmarks: false }, new AbortController().signal);
    const iterator = slow[Symbol.asyncIterator]();
    await create('a');
    await iterator.next();
    const other = watching(pods, undefined);
    for (let index = 0; index < 10_100; index += 1) await update('a');
    const rest = await iterator.next();
    expect(rest.value).toHaveLength(10_000);
    await expect(iterator.next()).rejects.toMatchObject({ reason: 'Expired', status: { code: 410 } });
    await other.stop();
    expect(other.events).toHaveLength(10_101);
  });

  test('an aborted watch ends quietly and leaves nothing behind', async () => {
    const { pods, create } = await given();
    const watch = watching(pods, undefined);
    await watch.stop();
    expect(await watch.ended).toBeUndefined();
    await create('a');
    expect(watch.events).toEqual([]);
  });

  test('a closing cache ends every watch with a reason', async () => {
    const { cache, pods } = await given();
    const watch = watching(pods, undefined);
    await settled();
    await cache.close();
    expect(await watch.ended).toMatchObject({ reason: 'ServiceUnavailable' });
  });
});

describe('bookmarks', () => {
  test('end the initial state and come once a minute to those that nothing moved on', async () => {
    const { cache, pods, clock, memory, create, caughtUp } = await given();
    await create('a');
    const asked = watching(pods, undefined, { bookmarks: true });
    const unasked = watching(pods, undefined);
    await settled();
    expect(asked.events.map(inWords)).toEqual(['ADDED a', 'BOOKMARK']);
    await memory.create('/registry/core/nodes/n', '{"metadata":{"name":"n"}}');
    await caughtUp();
    clock.step(60_000);
    await settled();
    expect(asked.events.at(-1)).toMatchObject({ type: 'BOOKMARK', version: cache.revision });
    clock.step(60_000);
    await settled();
    expect(asked.events).toHaveLength(3);
    await asked.stop();
    await unasked.stop();
    expect(unasked.events.map(inWords)).toEqual(['ADDED a']);
  });

  test('resume a watch of a quiet collection', async () => {
    const { pods, clock, memory, create, caughtUp } = await given();
    const watch = watching(pods, await create('a'), { bookmarks: true });
    for (let index = 0; index < 20_000; index += 1)
      await memory.create(`/registry/core/nodes/n${index}`, '{"metadata":{"name":"n"}}');
    await caughtUp();
    clock.step(60_000);
    await settled();
    await watch.stop();
    const resumed = watching(pods, watch.events.at(-1)?.version);
    await create('b');
    await resumed.stop();
    expect(resumed.events.map(inWords)).toEqual(['ADDED b']);
  });
});

describe('selecting', () => {
  test('a document that stops matching is deleted for the watcher, one that starts is added', async () => {
    const { pods, create, update, delete: remove } = await given();
    const filter = { ...everything, matches: labelled('x') };
    const watch = watching(pods, undefined, { filter });
    await create('a', { labels: { app: 'y' } });
    await update('a', { labels: { app: 'x' } });
    await update('a', { labels: { app: 'x', more: '1' } });
    const left = await update('a', { labels: { app: 'y' } });
    await remove('a');
    await create('b', { labels: { app: 'x' } });
    await remove('b');
    await watch.stop();
    expect(watch.events.map(inWords)).toEqual(['ADDED a', 'MODIFIED a', 'DELETED a', 'ADDED b', 'DELETED b']);
    const gone = watch.events[2];
    expect(gone?.version).toBe(left);
    expect(JSON.parse(gone?.document?.text ?? '').metadata).toMatchObject({
      resourceVersion: String(left),
      labels: { app: 'x', more: '1' },
    });
  });

  test('by node, namespace or name: each watcher is told its own', async () => {
    const { pods, create, update } = await given();
    const onNode = (value: string) => ({
      ...everything,
      exactField: { field: 'spec.nodeName', value },
      matches: (facts: Facts) => facts.fields['spec.nodeName'] === value,
    });
    const one = watching(pods, undefined, { filter: onNode('one') });
    const two = watching(pods, undefined, { filter: onNode('two') });
    const named = watching(pods, undefined, { filter: { namespace: '', name: 'a' } });
    const other = watching(pods, undefined, { filter: { namespace: 'other', name: '' } });
    await create('a');
    await update('a', { nodeName: 'one' });
    await update('a', { nodeName: 'two' });
    await create('b', { nodeName: 'one' }, 'other');
    for (const watch of [one, two, named, other]) await watch.stop();
    expect(one.events.map(inWords)).toEqual(['ADDED a', 'DELETED a', 'ADDED b']);
    expect(two.events.map(inWords)).toEqual(['ADDED a']);
    expect(named.events.map(inWords)).toEqual(['ADDED a', 'MODIFIED a', 'MODIFIED a']);
    expect(other.events.map(inWords)).toEqual(['ADDED b']);
  });

  test('names that are properties of every object are names like others', async () => {
    const { pods, create } = await given();
    await create('constructor', { labels: { constructor: 'x' } });
    await create('plain');
    const filter = { ...everything, matches: (facts: Facts) => facts.labels.constructor !== undefined };
    expect(namesOf(pods.list(filter).documents)).toEqual(['constructor']);
  });
});

describe('a store that loses history', () => {
  test('ends the watchers that may have missed something, and the state is right again', async () => {
    const { memory, cache, pods, clock, create, caughtUp } = await given();
    await create('a');
    const gone = await create('b');
    const watch = watching(pods, undefined);
    await settled();
    memory.cutWatches();
    await memory.delete(podKey('default', 'b'), gone);
    await memory.create(podKey('default', 'c'), pod('default', 'c'));
    await memory.compact(await memory.revision());
    // The cut watch waits before it goes on, and finds its history gone; the second wait is before the new list.
    for (const _ of [1, 2]) {
      await settled();
      clock.step(500);
    }
    expect(await watch.ended).toMatchObject({ reason: 'Expired' });
    await caughtUp();
    expect(namesOf(pods.list(everything).documents)).toEqual(['a', 'c']);
    expect(await watching(pods, gone).ended).toMatchObject({ reason: 'Expired' });
    const fresh = watching(pods, cache.revision);
    await create('d');
    await fresh.stop();
    expect(fresh.events.map(inWords)).toEqual(['ADDED d']);
  });

  test('a watch that broke goes on where it was: no watcher notices', async () => {
    const { memory, pods, clock, create, caughtUp } = await given();
    const watch = watching(pods, undefined);
    await create('a');
    memory.cutWatches();
    await memory.create(podKey('default', 'b'), pod('default', 'b'));
    await settled();
    clock.step(500);
    await caughtUp();
    await watch.stop();
    expect(watch.events.map(inWords)).toEqual(['ADDED a', 'ADDED b']);
  });

  test.each([
    ['a creation', 'put'],
    ['a deletion', 'delete'],
  ] as const)('or leaves %s out is found out by comparing, and put right', async (_, type) => {
    const lost = (event: StoreEvent): boolean =>
      event.type === type && (event.type === 'put' ? event.document.key : event.key).endsWith('/lost');
    const { memory, pods, clock, logger, create, caughtUp } = await given((store) => ({
      async *watch(...parameters) {
        for await (const batch of store.watch(...parameters))
          yield { ...batch, events: batch.events.filter((event) => !lost(event)) };
      },
    }));
    const watch = watching(pods, undefined);
    await create('kept');
    const version = await create('lost');
    if (type === 'delete') await memory.delete(podKey('default', 'lost'), version);
    await caughtUp();
    expect(namesOf(pods.list(everything).documents).includes('lost')).toBe(type === 'delete');
    clock.step(5 * 60_000);
    expect(await watch.ended).toMatchObject({ reason: 'Expired' });
    await caughtUp();
    expect(namesOf(pods.list(everything).documents).includes('lost')).toBe(type === 'put');
    expect(logger.error).toHaveBeenCalledTimes(1);
  });

  test('comparing finds nothing wrong with a cache that holds what cannot be read', async () => {
    const { memory, pods, clock, logger, create } = await given();
    await memory.create(podKey('default', 'bad'), '{');
    await memory.create('/registry/core/nodes/n', '{"metadata":{"name":"n"}}');
    await create('a');
    logger.error.mockClear();
    const watch = watching(pods, undefined);
    clock.step(5 * 60_000);
    await settled();
    await watch.stop();
    expect(await watch.ended).toBeUndefined();
    expect(logger.error).not.toHaveBeenCalled();
  });
});

describe('a cache that begins', () => {
  /** Another server's cache over the same store. */
  const another = async (store: Store) => {
    const cache = createWatchCache({
      store,
      clock: createStepClock(),
      random: createSeededRandom(),
      logger: silentLogger,
    });
    onTestFinished(() => cache.close());
    const pods = cache.collection('core/pods', describePod);
    await cache.synced();
    return { cache, pods };
  };

  test('goes on with the watchers of a server that ended: they lose nothing and need not list', async () => {
    const { memory, create, update, delete: remove } = await given();
    const seen = await create('a');
    await create('b');
    await update('a', { labels: { x: 'y' } });
    await remove('b');
    const { cache, pods } = await another(memory);
    expect(cache.revision).toBe(await memory.revision());
    const watch = watching(pods, seen);
    await settled();
    expect(watch.events.map(inWords)).toEqual(['ADDED b', 'MODIFIED a', 'DELETED b']);
    await watch.stop();
  });

  test('begins with the present where the past is compacted', async () => {
    const { memory, create } = await given();
    const seen = await create('a');
    await create('b');
    await memory.compact(await memory.revision());
    const { pods } = await another(memory);
    expect(namesOf(pods.list(everything).documents)).toEqual(['a', 'b']);
    expect(await watching(pods, seen).ended).toMatchObject({ status: { reason: 'Expired' } });
  });
});

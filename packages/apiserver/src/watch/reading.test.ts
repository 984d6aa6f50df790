/** Large collections are read last, beside the watch: all others are served meanwhile, and nothing that happens to a large one is lost. */
import fc from 'fast-check';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createSeededRandom, createStepClock, silentLogger } from '../registry/testing.ts';
import { type BytesPage, StoreError } from '../storage/contract.ts';
import { createMemoryStore } from '../storage/memory/store.ts';
import { createWatchCache } from './cache.ts';
import { describePod, everything, inWords, pod, podKey, watching } from './testing/watcher.ts';
import { unlessAborted } from './unless-aborted.ts';

type Gate = (prefix: string) => Promise<void>;

const namespaceKey = (name: string): string => `/registry/core/namespaces/${name}`;
const describeNothing = (): Record<string, string> => ({});

/** A cache for which more than two documents are many, over a store whose pages hold one document each and wait at `gate`. */
async function given(gate: Gate, keys: readonly string[] = [...'abcde'].map((name) => podKey('default', name))) {
  const memory = createMemoryStore();
  const put = async (key: string): Promise<void> => {
    const [namespace = '', name = namespace] = key.split('/').slice(4);
    const found = await memory.get(key);
    if (found === undefined) await memory.create(key, pod(namespace, name));
    else await memory.update(key, pod(namespace, name), found.version);
  };
  for (const key of keys) await put(key);
  const asked: string[] = [];
  const store = Object.assign(Object.create(memory) as typeof memory, {
    ...{ get: memory.get.bind(memory), revision: memory.revision.bind(memory), watch: memory.watch.bind(memory) },
    ...{ versions: memory.versions.bind(memory), before: (revision: bigint) => revision },
    async *pages(prefix: string, options: object, signal?: AbortSignal): AsyncIterable<BytesPage> {
      for await (const { documents, revision } of memory.pages(prefix, options)) {
        if (documents.length === 0) yield { documents, revision };
        for (const document of documents) {
          await unlessAborted(gate(prefix), signal);
          asked.push(document.key);
          yield { documents: [document], revision };
        }
      }
    },
  });
  const clock = createStepClock();
  const logger = { ...silentLogger, warn: vi.fn() };
  const cache = createWatchCache({ store, clock, random: createSeededRandom(), logger, largeCollection: 2 });
  const close = async (): Promise<void> => {
    await cache.close();
    await memory.close();
  };
  onTestFinished(close);
  const pods = cache.collection('core/pods', describePod);
  const names = () => pods.list(everything).documents.map(({ facts }) => facts.name);
  return { memory, cache, clock, logger, pods, names, put, asked, close };
}

/** Opens for the rest of the pods when told to. */
function podsGate(): { readonly gate: Gate; open(): void } {
  const opened = Promise.withResolvers<void>();
  return { gate: (prefix) => (prefix === '/registry/' ? Promise.resolve() : opened.promise), open: opened.resolve };
}

test('what stands behind a large collection is there before it', async () => {
  const { gate, open } = podsGate();
  const keys = [...[...'abcde'].map((name) => podKey('default', name)), '/registry/core/secrets/default/s'];
  const { cache, pods, names } = await given(gate, [...keys, namespaceKey('default')]);
  await cache.begun();
  const [namespaces, secrets] = ['core/namespaces', 'core/secrets'].map((key) =>
    cache.collection(key, describeNothing),
  );
  expect([namespaces?.isLoaded, secrets?.isLoaded, pods.isLoaded, cache.isSynced]).toEqual([true, true, false, false]);
  expect([namespaces?.size, secrets?.size, names()]).toEqual([1, 1, []]);
  open();
  await cache.synced();
  expect([pods.isLoaded, cache.isSynced, names()]).toEqual([true, true, [...'abcde']]);
});

test('no document is read twice', async () => {
  const { cache, asked } = await given(async () => {});
  await cache.synced();
  expect(asked.sort()).toEqual([...'abcde'].map((name) => podKey('default', name)));
});

test('a watch from a version before waits, and is told what happened while the collection was read', async () => {
  const { gate, open } = podsGate();
  const { memory, cache, pods, put, names } = await given(gate);
  const before = await memory.revision();
  const watch = watching(pods, before);
  await cache.begun();
  await put(podKey('default', 'b'));
  await put(podKey('default', 'f'));
  await memory.delete(podKey('default', 'd'), (await memory.get(podKey('default', 'd')))?.version ?? 0n);
  await cache.reaches(await memory.revision(), 1000);
  expect([watch.events, pods.isLoaded]).toEqual([[], false]);
  open();
  await pods.loaded(new AbortController().signal);
  await vi.waitFor(() => expect(watch.events.map(inWords)).toEqual(['MODIFIED b', 'ADDED f', 'DELETED d']));
  expect(names()).toEqual([...'abcef']);
  await watch.stop();
});

test('a watch that ends while it waits ends quietly', async () => {
  const { pods } = await given(podsGate().gate);
  const watch = watching(pods, undefined);
  await watch.stop();
  expect(await watch.ended).toBeUndefined();
});

test('a large collection that nobody has asked for holds all of it when somebody does', async () => {
  const { gate, open } = podsGate();
  const keys = [1, 2, 3, 4].map((index) => `/registry/example.com/things/${index}`);
  const { cache, put } = await given(gate, keys);
  await cache.begun();
  await put('/registry/example.com/things/5');
  const early = cache.collection('example.com/things', describeNothing);
  expect([early.isLoaded, early.size]).toEqual([false, 0]);
  open();
  await cache.synced();
  expect([early.isLoaded, early.size]).toEqual([true, 5]);
});

test('after a fault the rest is read on from where it was', async () => {
  let faults = 0;
  const { cache, clock, asked, names } = await given(async (prefix) => {
    if (prefix === '/registry/' || asked.length !== 4 || faults > 0) return;
    faults += 1;
    throw new StoreError('unavailable', '', 'gone for a while');
  });
  await vi.waitFor(() => {
    clock.step(1000);
    expect(cache.isSynced).toBe(true);
  });
  expect([faults, names()]).toEqual([1, [...'abcde']]);
  expect(asked).toEqual([...'abcde'].map((name) => podKey('default', name)));
});

test('when the state that it is read as of is gone, everything is read anew', async () => {
  let faults = 0;
  const { cache, clock, names, put, logger } = await given(async (prefix) => {
    if (prefix === '/registry/' || faults > 0) return;
    faults += 1;
    await put(podKey('default', 'f'));
    throw new StoreError('compacted', '', 'gone for good');
  });
  await vi.waitFor(() => {
    clock.step(1000);
    expect(cache.isSynced).toBe(true);
  });
  expect([faults, names()]).toEqual([1, [...'abcdef']]);
  expect(logger.warn).toHaveBeenCalled();
});

test('whatever is written while the state is read, the cache ends with what the store has', async () => {
  const key = fc.record({
    kind: fc.constantFrom('core/nodes', 'core/pods', 'core/pods.x', 'core/podtemplates'),
    name: fc.integer({ min: 0, max: 9 }),
  });
  const write = fc.record({ key, remove: fc.boolean(), turns: fc.integer({ min: 0, max: 3 }) });
  const keyText = ({ kind, name }: { kind: string; name: number }): string => `/registry/${kind}/default/${name}`;
  await fc.assert(
    fc.asyncProperty(fc.array(key, { maxLength: 30 }), fc.array(write, { maxLength: 20 }), async (first, writes) => {
      const { memory, cache, put, close } = await given(async () => {}, [...new Set(first.map(keyText))]);
      const kinds = ['core/nodes', 'core/pods', 'core/pods.x', 'core/podtemplates'];
      const collections = kinds.map((kind) => cache.collection(kind, describeNothing));
      for (const { key: of, remove, turns } of writes) {
        for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
        const found = await memory.get(keyText(of));
        if (!remove) await put(keyText(of));
        else if (found !== undefined) await memory.delete(keyText(of), found.version);
      }
      await cache.synced();
      await cache.reaches(await memory.revision(), 1000);
      const held = collections.flatMap((one) =>
        one.list(everything).documents.map(({ key: at, version }) => [at, version]),
      );
      const { documents } = await memory.list('/registry/');
      const stored = documents.map(({ key: at, version }) => [at, version]);
      expect(new Map(held as [string, bigint][])).toEqual(new Map(stored as [string, bigint][]));
      await close();
    }),
    { numRuns: 60 },
  );
});

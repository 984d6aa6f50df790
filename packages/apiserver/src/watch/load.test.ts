import { expect, onTestFinished, test, vi } from 'vitest';
import { createSeededRandom, createStepClock, silentLogger } from '../registry/testing.ts';
import { type BytesPage, type Store, StoreError } from '../storage/contract.ts';
import { createMemoryStore } from '../storage/memory/store.ts';
import { createWatchCache } from './cache.ts';
import { describePod, everything, pod, podKey } from './testing/watcher.ts';

/** A store of two pods whose pages hold one document each, and wait at `gate` before each but the first. */
async function given(gate: () => Promise<void>) {
  const memory = createMemoryStore();
  for (const name of ['a', 'b']) await memory.create(podKey('default', name), pod('default', name));
  const store: Store = {
    ...{ get: memory.get.bind(memory), list: memory.list.bind(memory), versions: memory.versions.bind(memory) },
    ...{ create: memory.create.bind(memory), update: memory.update.bind(memory), delete: memory.delete.bind(memory) },
    ...{ watch: memory.watch.bind(memory), revision: memory.revision.bind(memory), before: (revision) => revision },
    ...{ compact: memory.compact.bind(memory), close: memory.close.bind(memory) },
    async *pages(prefix, options): AsyncIterable<BytesPage> {
      let isFirst = true;
      for await (const { documents, revision } of memory.pages(prefix, options))
        for (const document of documents) {
          if (!isFirst) await gate();
          isFirst = false;
          yield { documents: [document], revision };
        }
    },
  };
  const logger = { ...silentLogger, error: vi.fn() };
  const clock = createStepClock();
  const cache = createWatchCache({ store, clock, random: createSeededRandom(), logger });
  onTestFinished(async () => {
    await cache.close();
    await memory.close();
  });
  const names = () =>
    cache
      .collection('core/pods', describePod)
      .list(everything)
      .documents.map(({ facts }) => facts.name);
  return { memory, cache, clock, logger, names };
}

test('a collection that is asked for between two pages holds what was read before and after', async () => {
  const [atGate, open] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const { cache, names } = await given(() => {
    atGate.resolve();
    return open.promise;
  });
  await atGate.promise;
  expect(names()).toEqual([]);
  open.resolve();
  await cache.synced();
  expect(names()).toEqual(['a', 'b']);
});

test('a read that fails in the middle is not seen, and is begun anew', async () => {
  let failures = 0;
  const { cache, clock, names } = await given(async () => {
    failures += 1;
    if (failures === 1) throw new StoreError('unavailable', '', 'gone for a while');
  });
  expect(names()).toEqual([]);
  await vi.waitFor(async () => {
    clock.step(1000);
    expect(names()).toEqual(['a', 'b']);
  });
  await cache.synced();
  expect(failures).toBe(2);
});

test('a document that cannot be read is left out alone, with or without paths', async () => {
  for (const describe of [describePod, Object.assign(() => ({}), { paths: () => [] })]) {
    const { memory, cache, logger } = await given(async () => {});
    await memory.create(podKey('default', 'c'), '{"metadata":{"name":"c"},"spec":{"x":tru}}');
    await memory.create(podKey('default', 'd'), '{"metadata":"c"}');
    await memory.create(podKey('default', 'e'), pod('default', 'e'));
    await cache.synced();
    await cache.reaches(await memory.revision(), 60_000);
    const { documents } = cache.collection('core/pods', describe).list(everything);
    expect(documents.map(({ facts }) => facts.name)).toEqual(['a', 'b', 'e']);
    expect(documents.map(({ text }) => JSON.parse(text).metadata.name)).toEqual(['a', 'b', 'e']);
    expect(logger.error).toHaveBeenCalledTimes(2);
  }
});

test('a text is the same, by its bytes or by its string', async () => {
  const { memory, cache } = await given(async () => {});
  const texts = [
    '{"kind":"x","metadata":{"name":"c"},"data":"é🙂"}',
    `{"data":"${'é'.repeat(40_000)}","metadata":{"name":"d"}}`,
  ];
  for (const [index, text] of texts.entries()) await memory.create(`/registry/core/things/${index}`, text);
  await cache.synced();
  await cache.reaches(await memory.revision(), 60_000);
  const described = Object.assign(() => ({}), { paths: () => [] });
  const { documents } = cache.collection('core/things', described).list(everything);
  expect(documents.map(({ text, version }) => text.replace(`"resourceVersion":"${version}",`, ''))).toEqual(texts);
});

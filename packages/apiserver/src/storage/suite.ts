/** What every keeper must do, whatever it is made of: the page of `contract.ts`, run. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isStoreError, type Store, type StoredDocument, type StoreError } from './contract.ts';
import { compareKeys } from './order.ts';
import { collect, inWords, isRising, versionOf } from './testing/collect.ts';

export interface StoreUnderTest {
  readonly store: Store;
  close(): Promise<void>;
}

/** Runs the suite on stores that `open` makes; one store serves all tests, each below a prefix of its own. */
export function storeSuite(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(`${name}: a store`, () => {
    let opened: StoreUnderTest;
    let store: Store;
    let prefixes = 0;
    const below = (): string => {
      prefixes += 1;
      return `/suite/${prefixes}/`;
    };
    beforeAll(async () => {
      opened = await open();
      store = opened.store;
    });
    afterAll(() => opened?.close());
    writes(() => store, below);
    lists(() => store, below);
    watches(() => store, below);
    compactions(() => store, below);
  });
}

type Given = () => Store;

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'no error',
    (error: unknown) => (isStoreError(error) ? error.code : String(error)),
  );

const toPairs = (documents: readonly StoredDocument[]) => documents.map(({ key, text }) => [key, text]);

/** Reads, changes and writes until nobody was faster. */
async function guaranteedUpdate(store: Store, key: string, change: (text: string) => string): Promise<bigint> {
  let current = await store.get(key);
  for (;;) {
    if (current === undefined) throw new Error(`${key} is gone`);
    try {
      return await store.update(key, change(current.text), current.version);
    } catch (error) {
      if (!isStoreError(error, 'conflict')) throw error;
      current = error.current;
    }
  }
}

function writes(store: Given, below: () => string): void {
  test('create, get, update, delete: each answers with a greater version', async () => {
    const key = `${below()}a`;
    expect(await store().get(key)).toBeUndefined();
    const created = await store().create(key, 'one');
    expect(await store().get(key)).toEqual({ key, text: 'one', version: created });
    const updated = await store().update(key, 'two', created);
    expect(await store().get(key)).toEqual({ key, text: 'two', version: updated });
    const deleted = await store().delete(key, updated);
    expect(await store().get(key)).toBeUndefined();
    expect([created < updated, updated < deleted, deleted <= (await store().revision())]).toEqual([true, true, true]);
  });

  test('create refuses what exists and tells what is there', async () => {
    const key = `${below()}a`;
    const version = await store().create(key, 'one');
    const error = await store()
      .create(key, 'two')
      .catch((thrown: StoreError) => thrown);
    expect(error).toMatchObject({ code: 'exists', key, current: { text: 'one', version } });
    expect((await store().get(key))?.text).toBe('one');
  });

  test('a key can be created again after its deletion', async () => {
    const key = `${below()}a`;
    const first = await store().create(key, 'one');
    await store().delete(key, first);
    expect(await store().create(key, 'two')).toBeGreaterThan(first);
  });

  test.each(['update', 'delete'] as const)('%s demands the very version', async (verb) => {
    const key = `${below()}a`;
    const write = (expected: bigint) =>
      verb === 'update' ? store().update(key, 'new', expected) : store().delete(key, expected);
    const first = await store().create(key, 'one');
    const second = await store().update(key, 'two', first);
    for (const wrong of [first, second + 1n, second - 1n, 1n, second + (1n << 20n)]) {
      const error = await write(wrong).catch((thrown: StoreError) => thrown);
      expect(error).toMatchObject({ code: 'conflict', current: { text: 'two', version: second } });
    }
    await write(second);
  });

  test.each(['update', 'delete'] as const)('%s of what is gone says so', async (verb) => {
    const key = `${below()}a`;
    const version = await store().create(key, 'one');
    await store().delete(key, version);
    expect(await codeOf(verb === 'update' ? store().update(key, 'x', version) : store().delete(key, version))).toBe(
      'missing',
    );
  });

  test('of creates of one key one wins', async () => {
    const key = `${below()}a`;
    const codes = await Promise.all(Array.from({ length: 30 }, (_, index) => codeOf(store().create(key, `${index}`))));
    expect(codes.filter((code) => code === 'no error')).toHaveLength(1);
    expect(new Set(codes)).toEqual(new Set(['no error', 'exists']));
  });

  test('updates under contention all land, each once', async () => {
    const key = `${below()}counter`;
    await store().create(key, '');
    const added = Array.from({ length: 40 }, (_, index) => `<${index}>`);
    const versions = await Promise.all(added.map((one) => guaranteedUpdate(store(), key, (text) => text + one)));
    const final = await store().get(key);
    for (const one of added) expect(final?.text.split(one)).toHaveLength(2);
    expect(new Set(versions).size).toBe(40);
    expect(versions.every((version) => version <= (final?.version ?? 0n))).toBe(true);
  });

  test('of deletes at one version one wins', async () => {
    const key = `${below()}a`;
    const version = await store().create(key, 'one');
    const codes = await Promise.all(Array.from({ length: 10 }, () => codeOf(store().delete(key, version))));
    expect(codes.sort()).toEqual([...Array.from({ length: 9 }, () => 'missing'), 'no error']);
  });

  test('writes in flight together have outcomes and versions of their own', async () => {
    const prefix = below();
    const taken = await store().create(`${prefix}taken`, 'old');
    const outcomes = await Promise.allSettled([
      ...Array.from({ length: 150 }, (_, index) => store().create(`${prefix}new-${index}`, `${index}`)),
      store().create(`${prefix}taken`, 'other'),
      store().update(`${prefix}taken`, 'new', taken),
      store().update(`${prefix}absent`, 'x', taken),
    ]);
    expect(outcomes.slice(-3).map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'rejected']);
    const { documents } = await store().list(prefix);
    const versions = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    expect(new Set(versions).size).toBe(151);
    expect(documents.map(({ version }) => version).sort()).toEqual(versions.sort());
    expect(documents.every(({ key, text }) => text === 'new' || key === `${prefix}new-${text}`)).toBe(true);
  });

  test('reads in flight together have answers of their own, and see every write that was acknowledged before', async () => {
    const prefix = below();
    const keys = Array.from({ length: 130 }, (_, index) => `${prefix}${index}`);
    const versions = await Promise.all(keys.map((key) => store().create(key, `text of ${key}`)));
    const asked = keys.flatMap((key) => [key, `${key}-absent`]);
    const found = await Promise.all(asked.map((key) => store().get(key)));
    expect(found).toEqual(
      keys.flatMap((key, index) => [{ key, text: `text of ${key}`, version: versions[index] }, undefined]),
    );
  });

  test('texts come back as they went in', async () => {
    const prefix = below();
    const texts = ['', ' ', '{"a":"\u2028\\u0000"}', 'ä€𝄞', '\n\n', '"\\"', 'x'.repeat(300_000)];
    for (const [index, text] of texts.entries()) await store().create(`${prefix}${index}`, text);
    expect((await store().list(prefix)).documents.map(({ text }) => text)).toEqual(texts);
  });
}

function lists(store: Given, below: () => string): void {
  test('a list is in the order of bytes, and holds its prefix only', async () => {
    const prefix = below();
    const names = ['b', '10', '9', 'Z', 'a', 'a-b', 'a.b', 'ab', 'a/b', '\uffee', '\u{1f600}', 'é'];
    for (const name of names) await store().create(prefix + name, name);
    await store().create(`${prefix.slice(0, -1)}0outside`, 'x');
    const { documents, remaining } = await store().list(prefix);
    const inBytes = [...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expect(documents.map(({ text }) => text)).toEqual(inBytes);
    expect([...names].sort(compareKeys)).toEqual(inBytes);
    expect(remaining).toBe(0);
    const [, second] = inBytes;
    const after = await store().list(prefix, { after: prefix + second });
    expect(after.documents.map(({ text }) => text)).toEqual(inBytes.slice(2));
  });

  test('an empty list has the newest revision', async () => {
    const prefix = below();
    const version = await store().create(`${below()}other`, 'x');
    expect(await store().list(prefix)).toEqual({ documents: [], revision: await store().revision(), remaining: 0 });
    expect((await store().list(prefix)).revision).toBeGreaterThanOrEqual(version);
  });

  test('pages are one snapshot, whatever happens between', async () => {
    const prefix = below();
    const names = Array.from({ length: 25 }, (_, index) => `${prefix}${String(index).padStart(2, '0')}`);
    const versions = await Promise.all(names.map((key) => store().create(key, 'old')));
    let page = await store().list(prefix, { limit: 10 });
    const { revision } = page;
    const seen = [...page.documents];
    expect(page.remaining).toBe(15);
    await store().delete(names[12] as string, versions[12] as bigint);
    await store().update(names[13] as string, 'new', versions[13] as bigint);
    await store().create(`${names[14]}-between`, 'new');
    while (page.remaining > 0) {
      page = await store().list(prefix, { limit: 10, after: seen.at(-1)?.key as string, revision });
      expect(page.revision).toBe(revision);
      seen.push(...page.documents);
    }
    expect(toPairs(seen)).toEqual(names.map((key) => [key, 'old']));
    expect(await store().versions(prefix, revision)).toEqual(new Map(seen.map(({ key, version }) => [key, version])));
  });

  test('a revision that is not there yet is refused', async () => {
    const far = (await store().revision()) + (1n << 40n);
    expect(await codeOf(store().list(below(), { revision: far }))).toBe('future');
    expect(await codeOf(store().versions(below(), far))).toBe('future');
  });

  test('more than fits a page of the keeper is listed whole', async () => {
    const prefix = below();
    await Promise.all(Array.from({ length: 1203 }, (_, index) => store().create(`${prefix}${index}`, 'x')));
    const { documents, remaining, revision } = await store().list(prefix);
    expect([documents.length, remaining]).toEqual([1203, 0]);
    expect((await store().list(prefix, { limit: 1100 })).remaining).toBe(103);
    expect((await store().versions(prefix, revision)).size).toBe(1203);
  });
}

function watches(store: Given, below: () => string): void {
  test('a watch from a list tells every change after it, once, in order', async () => {
    const prefix = below();
    const first = await store().create(`${prefix}a`, '1');
    const { revision } = await store().list(prefix);
    const watch = collect(store(), prefix, revision);
    const second = await store().update(`${prefix}a`, '2', first);
    await store().create(`${below()}elsewhere`, 'x');
    const third = await store().create(`${prefix}b`, '3');
    const fourth = await store().delete(`${prefix}a`, second);
    await watch.reaches(fourth);
    await watch.stop();
    expect(watch.events.map(inWords)).toEqual([
      `put ${prefix}a=2 @${second}`,
      `put ${prefix}b=3 @${third}`,
      `delete ${prefix}a @${fourth}`,
    ]);
  });

  test('a watch may begin in the past, and after any event: nothing is lost or repeated', async () => {
    const prefix = below();
    const start = await store().revision();
    await Promise.all(Array.from({ length: 60 }, (_, index) => store().create(`${prefix}${index}`, 'x')));
    const { documents } = await store().list(prefix);
    await Promise.all(documents.slice(0, 30).map(({ key, version }) => store().delete(key, version)));
    const end = await store().revision();
    const whole = collect(store(), prefix, start);
    await whole.reaches(end);
    await whole.stop();
    expect(whole.events).toHaveLength(90);
    expect(isRising(whole.events)).toBe(true);
    for (const [index, event] of whole.events.entries()) {
      if (index % 9 !== 0) continue;
      const rest = collect(store(), prefix, versionOf(event));
      await rest.reaches(end);
      await rest.stop();
      expect(rest.events.map(inWords)).toEqual(whole.events.slice(index + 1).map(inWords));
    }
  });

  test('a watch of a quiet prefix says how far it has come', async () => {
    const watch = collect(store(), below(), await store().revision());
    await watch.reaches(await store().create(`${below()}elsewhere`, 'x'));
    await watch.reaches(await store().revision());
    await watch.stop();
    expect(watch.events).toEqual([]);
  });

  test('watches of many prefixes each tell their own', async () => {
    const prefixes = Array.from({ length: 10 }, below);
    const start = await store().revision();
    const all = prefixes.map((prefix) => collect(store(), prefix, start));
    await Promise.all(prefixes.map((prefix) => store().create(`${prefix}a`, prefix)));
    const end = await store().revision();
    for (const [index, watch] of all.entries()) {
      await watch.reaches(end);
      await watch.stop();
      expect(watch.events.map((event) => event.type === 'put' && String(event.document.bytes))).toEqual([
        prefixes[index],
      ]);
    }
  });

  test('an aborted watch ends quietly, before and after its first event', async () => {
    const aborted = AbortSignal.abort();
    for await (const batch of store().watch(below(), 1n, aborted)) expect(batch).toBeUndefined();
    const watch = collect(store(), below(), await store().revision());
    await watch.stop();
    expect(await watch.ended).toBeUndefined();
  });
}

function compactions(store: Given, below: () => string): void {
  test('what is compacted is expired for lists, pages and watches; what is not stays', async () => {
    const prefix = below();
    const first = await store().create(`${prefix}a`, '1');
    const second = await store().update(`${prefix}a`, '2', first);
    const before = await store().revision();
    const deleted = await store().delete(`${prefix}a`, second);
    const third = await store().create(`${prefix}b`, '3');
    const kept = await store().revision();
    await store().compact(kept);
    expect(await codeOf(store().list(prefix, { revision: before }))).toBe('compacted');
    expect(await codeOf(store().versions(prefix, before))).toBe('compacted');
    for (const gone of [0n, first, before, deleted - 1n, deleted]) {
      const watch = collect(store(), prefix, gone);
      expect(await watch.ended).toMatchObject({ code: 'compacted' });
      expect(watch.events).toEqual([]);
    }
    expect((await store().list(prefix, { revision: kept })).documents).toHaveLength(1);
    const live = collect(store(), prefix, kept);
    const fourth = await store().update(`${prefix}b`, '4', third);
    await live.reaches(fourth);
    await live.stop();
    expect(live.events.map(inWords)).toEqual([`put ${prefix}b=4 @${fourth}`]);
  });

  test('a deletion at the very revision of a compaction is told or expired, never left out', async () => {
    const prefix = below();
    const version = await store().create(`${prefix}a`, '1');
    const before = await store().revision();
    const deleted = await store().delete(`${prefix}a`, version);
    await store().compact(deleted);
    const watch = collect(store(), prefix, before);
    expect(await watch.ended).toMatchObject({ code: 'compacted' });
  });

  test('a live watch outlives compactions', async () => {
    const prefix = below();
    const watch = collect(store(), prefix, await store().revision());
    for (let index = 0; index < 10; index += 1) {
      const version = await store().create(`${prefix}${index}`, 'x');
      await watch.reaches(version);
      await store().compact(await store().revision());
    }
    await watch.stop();
    expect(watch.events).toHaveLength(10);
  });

  test('compacting twice is no error; compacting the future is one', async () => {
    const revision = await store().revision();
    await store().compact(revision);
    await store().compact(revision);
    expect(await codeOf(store().compact(revision + (1n << 40n)))).toBe('future');
  });
}

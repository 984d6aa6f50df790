/** The store on a real etcd over a wire that breaks. What a network, a crash or an old etcd can do must cost time, never truth. */
import { realClock } from '@skiff/api';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createSeededRandom, silentLogger } from '../../registry/testing.ts';
import { isStoreError, type Store, type StoreError } from '../contract.ts';
import { collect, inWords, isRising, versionOf } from '../testing/collect.ts';
import { startEtcd, type TestEtcd, until } from '../testing/etcd.ts';
import { createRelay, type Relay } from '../testing/relay.ts';
import { createEtcdStore } from './store.ts';

const open = (endpoint: string): Promise<Store> =>
  createEtcdStore({ endpoints: [endpoint], clock: realClock, random: createSeededRandom(), logger: silentLogger });

let etcd: TestEtcd;
let relay: Relay;
/** On the wire that is sound. */
let direct: Store;
/** Behind the relay. */
let store: Store;
let prefixes = 0;
let prefix: string;

beforeAll(async () => {
  etcd = await startEtcd();
  direct = await open(etcd.endpoint);
});

afterAll(async () => {
  await direct?.close();
  await etcd?.remove();
});

beforeEach(async () => {
  relay = await createRelay(etcd.port);
  store = await open(relay.endpoint);
  prefixes += 1;
  prefix = `/faults/${prefixes}/`;
});

afterEach(async () => {
  await store.close();
  await relay.close();
});

/** Creates, changes and deletes `count` keys on the sound wire, many at once. Resolves with all versions. */
async function churn(count: number, name = ''): Promise<bigint[]> {
  const versions = await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const key = `${prefix}${name}${index}`;
      const created = await direct.create(key, 'one');
      const updated = await direct.update(key, 'two', created);
      return index % 3 === 0 ? [created, updated, await direct.delete(key, updated)] : [created, updated];
    }),
  );
  return versions.flat().sort((a, b) => (a < b ? -1 : 1));
}

describe('a watch', () => {
  test('loses and repeats nothing when the wire is cut after every batch', async () => {
    let cuts = 0;
    const watch = collect(store, prefix, await direct.revision(), () => {
      cuts += 1;
      relay.cut();
    });
    const versions: bigint[] = [];
    for (const name of ['a', 'b', 'c', 'd', 'e']) {
      versions.push(...(await churn(20, name)));
      await watch.reaches(versions.at(-1) as bigint);
    }
    await watch.stop();
    expect(watch.events.map(versionOf)).toEqual(versions);
    expect(cuts).toBeGreaterThan(3);
    expect(relay.accepted).toBeGreaterThan(3);
  });

  test('loses and repeats nothing when it is begun anew after every single event', async () => {
    const start = await direct.revision();
    const versions = await churn(20);
    let after = start;
    const seen: bigint[] = [];
    while (after < (versions.at(-1) as bigint)) {
      for await (const { events } of store.watch(prefix, after, new AbortController().signal)) {
        const [first] = events;
        if (first === undefined) continue;
        after = versionOf(first);
        seen.push(after);
        break;
      }
    }
    expect(seen).toEqual(versions);
    // Transactions were shared: some of these beginnings lay in the middle of one.
    expect(new Set(versions.map((version) => version >> 12n)).size).toBeLessThan(versions.length);
  });

  test('loses and repeats nothing when the wire is cut inside of messages', async () => {
    const start = await direct.revision();
    const versions = await churn(60);
    const random = createSeededRandom(7);
    relay.cutAfter(300);
    const watch = collect(store, prefix, start, () => relay.cutAfter(Math.floor(random() * 2000)));
    await watch.reaches(versions.at(-1) as bigint);
    await watch.stop();
    expect(watch.events.map(versionOf)).toEqual(versions);
  });

  test('that catches up in several messages resumes behind the last event, not at the newest revision', async () => {
    const start = await direct.revision();
    await Promise.all(Array.from({ length: 40 }, (_, index) => direct.create(`${prefix}${index}`, `${index}`)));
    // etcd sends at most 1000 revisions in one message, under a header that has the newest.
    let version = await direct.create(`${prefix}z`, '');
    for (let index = 0; index < 2100; index += 1) version = await direct.update(`${prefix}z`, `${index}`, version);
    let batches = 0;
    const watch = collect(store, prefix, start, () => {
      batches += 1;
      relay.cut();
    });
    await watch.reaches(version);
    await watch.stop();
    expect(batches).toBeGreaterThan(2);
    expect(watch.events).toHaveLength(2141);
    expect(isRising(watch.events)).toBe(true);
  }, 60_000);

  test('ends as compacted when history went while it was cut off', async () => {
    const watch = collect(store, prefix, await direct.revision());
    await watch.reaches(await direct.create(`${prefix}a`, '1'));
    relay.refuse(true);
    relay.cut();
    const version = await direct.create(`${prefix}b`, '2');
    await direct.delete(`${prefix}b`, version);
    await direct.compact(await direct.revision());
    relay.refuse(false);
    expect(await watch.ended).toMatchObject({ code: 'compacted' });
    expect(watch.events).toHaveLength(1);
  });

  test('goes on when history went that it had seen already', async () => {
    const watch = collect(store, prefix, await direct.revision());
    await watch.reaches(await direct.create(`${prefix}a`, '1'));
    relay.refuse(true);
    relay.cut();
    await direct.compact(await direct.revision());
    const version = await direct.create(`${prefix}b`, '2');
    relay.refuse(false);
    await watch.reaches(version);
    await watch.stop();
    expect(watch.events).toHaveLength(2);
  });

  test('comes back from a wire that accepts and says nothing', async () => {
    const watch = collect(store, prefix, await direct.revision());
    await watch.reaches(await direct.create(`${prefix}a`, '1'));
    relay.mute(true);
    relay.cut();
    const before = relay.accepted;
    await until('a connection that hangs', () => relay.accepted > before);
    relay.mute(false);
    await watch.reaches(await direct.create(`${prefix}b`, '2'));
    await watch.stop();
    expect(watch.events).toHaveLength(2);
  }, 60_000);
});

describe('calls', () => {
  test('come back from a wire that accepts and says nothing', async () => {
    relay.mute(true);
    await expect(store.revision()).rejects.toMatchObject({ code: 'unavailable' });
    relay.mute(false);
    // The first channel hangs in its connect for ever: only a new one can answer.
    await until('an answer', () =>
      store.revision().then(
        () => true,
        () => false,
      ),
    );
    expect(relay.accepted).toBeGreaterThan(1);
  }, 60_000);

  test('carry answers and events above 4 MiB', async () => {
    const start = await direct.revision();
    const text = 'x'.repeat(1_200_000);
    await Promise.all(Array.from({ length: 5 }, (_, index) => direct.create(`${prefix}${index}`, text)));
    const { documents, revision } = await store.list(prefix);
    expect(documents.map((document) => document.text.length)).toEqual(Array.from({ length: 5 }, () => 1_200_000));
    const watch = collect(store, prefix, start);
    await watch.reaches(revision);
    await watch.stop();
    expect(watch.events).toHaveLength(5);
  });

  test('refuse what etcd refuses, alone, and let what shared its transaction through', async () => {
    const codes = await Promise.all(
      [100, 2_000_000, 100, 1_400_000, 100].map((bytes, index) =>
        store.create(`${prefix}${index}`, 'x'.repeat(bytes)).then(
          () => 'done',
          (error: StoreError) => error.code,
        ),
      ),
    );
    expect(codes).toEqual(['done', 'too-large', 'done', 'done', 'done']);
  });
});

describe('a write whose answer is lost', () => {
  /** Lets the write through, loses its answer, and mends the wire when etcd shows that it happened. */
  async function losingAnswer<T>(write: () => Promise<T>, happened: () => Promise<boolean>): Promise<T> {
    await store.revision();
    relay.swallow(true);
    const writing = write();
    writing.catch(() => undefined);
    await until('the write to reach etcd', happened);
    return Promise.resolve()
      .then(() => {
        relay.swallow(false);
        relay.cut();
      })
      .then(() => writing);
  }
  const textOf = async (key: string): Promise<string | undefined> => (await direct.get(key))?.text;

  test('is recognised as done, and done once: create, update, delete', async () => {
    const key = `${prefix}a`;
    const watch = collect(direct, prefix, await direct.revision());
    const created = await losingAnswer(
      () => store.create(key, 'one'),
      async () => (await textOf(key)) === 'one',
    );
    expect((await direct.get(key))?.version).toBe(created);
    const updated = await losingAnswer(
      () => store.update(key, 'two', created),
      async () => (await textOf(key)) === 'two',
    );
    expect((await direct.get(key))?.version).toBe(updated);
    const deleted = await losingAnswer(
      () => store.delete(key, updated),
      async () => (await textOf(key)) === undefined,
    );
    await watch.reaches(deleted);
    await watch.stop();
    expect(watch.events.map(versionOf)).toEqual([created, updated, deleted]);
    expect(watch.events.map((event) => inWords(event).replace(/ @.*/, ''))).toEqual([
      `put ${key}=one`,
      `put ${key}=two`,
      `delete ${key}`,
    ]);
  });

  test('of many that shared transactions, each is recognised by itself', async () => {
    const keys = Array.from({ length: 50 }, (_, index) => `${prefix}${index}`);
    const taken = await direct.create(keys[10] as string, 'taken');
    const outcomes = await losingAnswer(
      () => Promise.allSettled(keys.map((key) => store.create(key, `ours of ${key}`))),
      async () => (await direct.list(prefix)).documents.length > 1,
    );
    const versions = new Map((await direct.list(prefix)).documents.map(({ key, version }) => [key, version]));
    expect(versions.size).toBe(50);
    expect(versions.get(keys[10] as string)).toBe(taken);
    for (const [index, outcome] of outcomes.entries()) {
      if (index === 10) expect(outcome.status).toBe('rejected');
      else expect(outcome).toEqual({ status: 'fulfilled', value: versions.get(keys[index] as string) });
    }
  });

  test('has an unknown outcome when somebody has changed the key since', async () => {
    const key = `${prefix}a`;
    const created = await direct.create(key, 'one');
    const work = losingAnswer(
      () => store.update(key, 'two', created),
      async () => {
        const current = await direct.get(key);
        if (current?.text !== 'two') return false;
        await direct.update(key, 'three', current.version);
        return true;
      },
    );
    await expect(work).rejects.toMatchObject({ code: 'unknown-outcome' });
    expect(await textOf(key)).toBe('three');
  });
});

describe('an etcd that dies', () => {
  test('and comes back: no acknowledged write is lost, no event is lost or repeated', async () => {
    const watch = collect(store, prefix, await direct.revision());
    const acknowledged = new Map<string, bigint>();
    const unknown: string[] = [];
    let isWriting = true;
    const writer = async (name: number): Promise<void> => {
      for (let index = 0; isWriting; index += 1) {
        const key = `${prefix}${name}-${index}`;
        try {
          acknowledged.set(key, await store.create(key, 'x'));
        } catch (error) {
          if (!isStoreError(error, 'unknown-outcome', 'unavailable')) throw error;
          unknown.push(key);
        }
      }
    };
    const writing = Promise.all(Array.from({ length: 8 }, (_, name) => writer(name)));
    for (let round = 0; round < 3; round += 1) {
      const before = acknowledged.size;
      await until('writes to be acknowledged', () => acknowledged.size > before + 50);
      await etcd.kill();
      await etcd.start();
    }
    const before = acknowledged.size;
    await until('writes to be acknowledged again', () => acknowledged.size > before);
    isWriting = false;
    await writing;
    const { documents, revision } = await direct.list(prefix);
    const stored = new Map(documents.map(({ key, version }) => [key, version]));
    for (const [key, version] of acknowledged) expect(stored.get(key)).toBe(version);
    for (const key of stored.keys()) expect(acknowledged.has(key) || unknown.includes(key)).toBe(true);
    await watch.reaches(revision);
    await watch.stop();
    expect(isRising(watch.events)).toBe(true);
    expect(watch.events.map(versionOf)).toEqual([...stored.values()].sort((a, b) => (a < b ? -1 : 1)));
  }, 90_000);

  test('and falls back behind what was seen is written forward, and every watch has to list anew', async () => {
    await etcd.kill();
    await etcd.backUp();
    await etcd.start();
    const seen = await direct.create(`${prefix}lost`, 'x');
    const last = await direct.create(`${prefix}lost-too`, 'x');
    const watch = collect(direct, prefix, last);
    await etcd.kill();
    await etcd.restore();
    await etcd.start();
    await until('an answer that is not from the past', () =>
      direct.create(`${prefix}after`, 'x').then(
        () => true,
        (error: StoreError) => error.code === 'exists',
      ),
    );
    expect(await watch.ended).toMatchObject({ code: 'compacted' });
    const { documents, revision } = await direct.list(prefix);
    expect(documents.map(({ key }) => key)).toEqual([`${prefix}after`]);
    expect(revision).toBeGreaterThan(last);
    expect(await direct.create(`${prefix}lost`, 'again')).toBeGreaterThan(seen);
  }, 60_000);
});

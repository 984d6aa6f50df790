/**
 * Two API servers' stores and caches on one etcd, behind wires that break, with writers, watchers, crashes and compactions at random:
 * no acknowledged write is lost; no watcher loses, repeats or misorders an event, whichever cache it goes on at; every watcher ends
 * with what a list has.
 */
import { isReason, type Random, realClock } from '@skiff/api';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createSeededRandom, silentLogger } from '../registry/testing.ts';
import { isStoreError, type Store } from '../storage/contract.ts';
import { createEtcdStore } from '../storage/etcd/store.ts';
import { type Collected, collect, versionOf } from '../storage/testing/collect.ts';
import { startEtcd, type TestEtcd, until } from '../storage/testing/etcd.ts';
import { createRelay, type Relay } from '../storage/testing/relay.ts';
import { createWatchCache } from './cache.ts';
import type { CollectionCache, WatchCache } from './contract.ts';
import { describePod, everything, pod, podKey } from './testing/watcher.ts';

interface Server {
  readonly relay: Relay;
  readonly store: Store;
  readonly cache: WatchCache;
  readonly pods: CollectionCache;
}

const names = Array.from({ length: 60 }, (_, index) => `p${index}`);
const pause = (ms: number): Promise<void> => realClock.sleep(ms);
const below = (random: Random, limit: number): number => Math.floor(random() * limit);
const pick = <T>(random: Random, list: readonly T[]): T => list[below(random, list.length)] as T;

let etcd: TestEtcd;
let direct: Store;
let servers: Server[];

const open = (endpoint: string, seed: number): Promise<Store> =>
  createEtcdStore({ endpoints: [endpoint], clock: realClock, random: createSeededRandom(seed), logger: silentLogger });

async function startServer(seed: number): Promise<Server> {
  const relay = await createRelay(etcd.port);
  const store = await open(relay.endpoint, seed);
  const cache = createWatchCache({
    ...{ store, clock: realClock, random: createSeededRandom(seed), logger: silentLogger },
    bookmarkEveryMs: 100,
    auditEveryMs: 300,
  });
  const pods = cache.collection('core/pods', describePod);
  await cache.synced();
  return { relay, store, cache, pods };
}

beforeAll(async () => {
  etcd = await startEtcd();
  direct = await open(etcd.endpoint, 9);
  servers = [await startServer(1), await startServer(2)];
});

afterAll(async () => {
  for (const { cache, store, relay } of servers ?? []) {
    await cache.close();
    await store.close();
    await relay.close();
  }
  await direct?.close();
  await etcd?.remove();
});

/** Writes at random and keeps the newest acknowledged version of each name; of unknown outcomes it forgets the name. */
async function write(random: Random, acknowledged: Map<string, bigint>, isRunning: () => boolean): Promise<void> {
  while (isRunning()) {
    const { store } = pick(random, servers);
    const name = pick(random, names);
    const key = podKey('default', name);
    const text = pod('default', name, { labels: { n: String(random()) } });
    try {
      const current = await store.get(key);
      let version: bigint;
      if (current === undefined) version = await store.create(key, text);
      else if (random() < 0.7) version = await store.update(key, text, current.version);
      else version = await store.delete(key, current.version);
      acknowledged.set(`${version}`, version);
    } catch (error) {
      if (!isStoreError(error)) throw error;
    }
  }
}

/** A piece of a watcher's life between two lists: from a version to a version, with what it was told between. */
interface Stretch {
  readonly from: bigint;
  to: bigint;
  readonly versions: bigint[];
}

interface Watcher {
  readonly state: Map<string, bigint>;
  readonly stretches: Stretch[];
  /** Until it has come to `revision`. */
  finish(revision: bigint): Promise<void>;
}

/** Lists once, then watches; stops at random, in the middle of batches too, and goes on at either cache where it was. */
function startWatcher(random: Random): Watcher {
  const state = new Map<string, bigint>();
  const stretches: Stretch[] = [];
  let current: Stretch | undefined;
  let goal: bigint | undefined;
  let stopping = new AbortController();
  const isDone = (): boolean => goal !== undefined && current !== undefined && current.to >= goal;
  const list = (pods: CollectionCache): Stretch => {
    const { documents, revision } = pods.list(everything);
    state.clear();
    for (const { key, version } of documents) state.set(key, version);
    const stretch = { from: revision, to: revision, versions: [] };
    stretches.push(stretch);
    return stretch;
  };
  const watch = async (pods: CollectionCache, stretch: Stretch): Promise<void> => {
    let left = below(random, 40);
    const options = { filter: everything, after: stretch.to, bookmarks: true };
    stopping = new AbortController();
    for await (const batch of pods.watch(options, stopping.signal))
      for (const { type, version, document } of batch) {
        stretch.to = version;
        if (document !== undefined) stretch.versions.push(version);
        if (type === 'DELETED') state.delete(document?.key ?? '');
        else if (document !== undefined) state.set(document.key, version);
        left -= 1;
        if (isDone() || left <= 0) return;
      }
  };
  const running = (async () => {
    while (!isDone()) {
      const { pods, cache } = pick(random, servers);
      // A client goes to a server that lags behind what it has seen only to wait there.
      current ??= list(pods);
      // A list may have come to the goal: nothing happens after it that would end a watch.
      if (isDone()) return;
      if (cache.revision < current.to) await pause(5);
      else
        await watch(pods, current).catch((error: unknown) => {
          if (!isReason(error, 'Expired')) throw error;
          current = undefined;
        });
    }
  })();
  return {
    state,
    stretches,
    async finish(revision) {
      goal = revision;
      // It may wait for a next event at its goal.
      stopping.abort();
      await running;
    },
  };
}

async function breakThings(random: Random, reference: Collected, isRunning: () => boolean): Promise<void> {
  while (isRunning()) {
    await pause(below(random, 150));
    const { relay } = pick(random, servers);
    const chance = random();
    if (chance < 0.5) relay.cut();
    else if (chance < 0.8) relay.cutAfter(below(random, 3000));
    else if (chance < 0.9) await direct.compact(reference.revision).catch(() => undefined);
    else if (chance < 0.95) {
      relay.refuse(true);
      relay.cut();
      await pause(below(random, 300));
      relay.refuse(false);
    } else {
      await etcd.kill();
      await etcd.start();
    }
  }
}

test.each([1, 2])(
  'writers, watchers, cuts, crashes and compactions, seed %i',
  async (seed) => {
    const reference = collect(direct, '/registry/', await direct.revision());
    const start = reference.revision;
    const acknowledged = new Map<string, bigint>();
    let isRunning = true;
    const stillRunning = (): boolean => isRunning;
    const watchers = Array.from({ length: 20 }, (_, index) => startWatcher(createSeededRandom(seed * 100 + index)));
    const working = Promise.all([
      ...Array.from({ length: 12 }, (_, index) =>
        write(createSeededRandom(seed * 1000 + index), acknowledged, stillRunning),
      ),
      breakThings(createSeededRandom(seed), reference, stillRunning),
    ]);
    await until('enough writes', () => acknowledged.size > 1500);
    isRunning = false;
    await working;
    for (const { relay } of servers) relay.cutAfter(Number.POSITIVE_INFINITY);
    // A last write that every watcher can come to.
    const last = await direct.create(podKey('default', `last-${seed}`), pod('default', `last-${seed}`));
    await reference.reaches(last);
    await Promise.all(watchers.map((watcher) => watcher.finish(last)));
    await reference.stop();

    const versions = reference.events.map(versionOf);
    const told = new Set(versions);
    for (const version of acknowledged.values()) expect(told.has(version)).toBe(true);
    const { documents } = await direct.list('/registry/');
    const listed = new Map(documents.map(({ key, version }) => [key, version]));
    for (const { state, stretches } of watchers) {
      expect(new Map([...state].sort())).toEqual(new Map([...listed].sort()));
      for (const stretch of stretches)
        if (stretch.from >= start)
          expect(stretch.versions).toEqual(
            versions.filter((version) => version > stretch.from && version <= stretch.to),
          );
    }
    // Something was at stake: watchers went on where they were, and transactions were shared.
    expect(watchers.some(({ stretches }) => stretches.some((stretch) => stretch.versions.length > 100))).toBe(true);
    expect(new Set(versions.map((version) => version >> 12n)).size).toBeLessThan(versions.length);
  },
  120_000,
);

import { ApiError, expired, type Pod, resources } from '@skiff/api';
import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import type { Change, Client, Informer, InformerOptions, WatchEvent } from '../contract.ts';
import {
  createKeepingLogger,
  createSeededRandom,
  createTestCluster,
  intercept,
  labelled,
  pod,
  running,
  settle,
  type TestCluster,
  withUid,
} from '../testing/index.ts';
import { createInformerFactory } from './factory.ts';

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()));
});

/** An informer of the cluster's pods, with what its handler was told. */
function inform(cluster: TestCluster, options: InformerOptions<Pod> = {}, client = cluster.client, seed = 1) {
  const logger = createKeepingLogger();
  const factory = createInformerFactory({
    client,
    clock: cluster.clock,
    random: createSeededRandom(seed),
    logger,
    freeze: true,
  });
  stops.push(() => factory.stop());
  const informer = factory.informer(resources.pods, options);
  const told = tell(informer);
  return { factory, informer, told, logger };
}

function tell(informer: Informer<Pod>): string[] {
  const told: string[] = [];
  informer.onChange((change) => told.push(show(change)));
  return told;
}

const show = ({ type, object, old }: Change<Pod>): string =>
  `${type} ${object.metadata.name}@${old === undefined ? '' : `${old.metadata.resourceVersion}>`}${object.metadata.resourceVersion}`;
const names = (pods: readonly Pod[]): string[] => pods.map(({ metadata }) => metadata.name).sort();
const touch = (cluster: TestCluster, name: string, value: string): Promise<Pod> =>
  cluster.client.resource(resources.pods).patch('default', name, 'merge', { metadata: { labels: { touched: value } } });
const minute = 60_000;

test('lists, watches, and tells each change once', async () => {
  const cluster = createTestCluster();
  cluster.seed(resources.pods, pod('a'), pod('b'));
  const { informer, told } = inform(cluster);
  expect(informer.hasSynced).toBe(false);
  await informer.synced();
  expect(told).toEqual(['added a@1', 'added b@2']);
  await touch(cluster, 'a', '1');
  await cluster.client.resource(resources.pods).delete('default', 'b');
  cluster.seed(resources.pods, pod('c'));
  await settle();
  expect(told.slice(2)).toEqual(['updated a@1>3', 'removed b@4', 'added c@5']);
  expect(names(informer.list())).toEqual(['a', 'c']);
  expect(informer.get('default', 'a')?.metadata.labels).toEqual({ touched: '1' });
});

test('a handler that comes late is told of what exists, and of each later change once', async () => {
  const cluster = createTestCluster();
  cluster.seed(resources.pods, pod('a'));
  const { informer, told } = inform(cluster);
  await informer.synced();
  let late: string[] = [];
  const stop = informer.onChange(() => {
    stop();
    late = tell(informer);
  });
  expect(late).toEqual([]);
  cluster.seed(resources.pods, pod('b'));
  await settle();
  cluster.seed(resources.pods, pod('c'));
  await settle();
  expect(told).toEqual(['added a@1', 'added b@2', 'added c@3']);
  expect(late).toEqual(['added a@1', 'added b@2', 'added c@3']);
});

test('a handler that throws hurts nobody else', async () => {
  const cluster = createTestCluster();
  cluster.seed(resources.pods, pod('a'));
  const { informer, logger } = inform(cluster);
  informer.onChange(() => {
    throw new Error('a bug');
  });
  const told = tell(informer);
  await informer.synced();
  expect(told).toEqual(['added a@1']);
  expect(logger.lines.filter(({ level }) => level === 'error')).toHaveLength(1);
});

test('after Expired it lists again, and tells what happened meanwhile', async () => {
  const cluster = createTestCluster();
  cluster.seed(resources.pods, pod('a'), pod('b'), pod('same'));
  const { informer, told } = inform(cluster);
  await informer.synced();
  told.length = 0;
  cluster.watches.drop(3);
  await cluster.client.resource(resources.pods).delete('default', 'a');
  await touch(cluster, 'b', '1');
  cluster.seed(resources.pods, pod('c'));
  await settle();
  expect(told).toEqual([]);
  cluster.watches.expire();
  await cluster.clock.advance(minute);
  expect(told.sort()).toEqual(['added c@6', 'removed a@1', 'updated b@2>5']);
});

test('a namesake that was deleted and made anew unseen is two changes', async () => {
  const cluster = createTestCluster();
  cluster.seed(resources.pods, pod('a'));
  const { informer, told } = inform(cluster);
  await informer.synced();
  cluster.watches.drop(2);
  await cluster.client.resource(resources.pods).delete('default', 'a');
  cluster.seed(resources.pods, pod('a', withUid('second')));
  cluster.watches.expire();
  await cluster.clock.advance(minute);
  expect(told).toEqual(['added a@1', 'removed a@1', 'added a@3']);
});

test('a connection that breaks is taken up where it was, without a new list', async () => {
  const cluster = createTestCluster();
  cluster.seed(resources.pods, pod('a'));
  let lists = 0;
  const client = intercept(cluster.client, {
    before: ({ verb }) => {
      if (verb === 'list') lists += 1;
    },
  });
  const { informer, told } = inform(cluster, {}, client);
  await informer.synced();
  await settle();
  cluster.watches.fail();
  await touch(cluster, 'a', '1');
  await cluster.clock.advance(minute);
  cluster.watches.end();
  await touch(cluster, 'a', '2');
  await cluster.clock.advance(minute);
  expect(told).toEqual(['added a@1', 'updated a@1>2', 'updated a@2>3']);
  expect(lists).toBe(1);
});

test('it never goes back in time: an older list is refused, old events change nothing', async () => {
  const cluster = createTestCluster();
  const pods = cluster.client.resource(resources.pods);
  cluster.seed(resources.pods, pod('a'), pod('gone'));
  const { informer, told, logger } = inform(cluster);
  await informer.synced();
  await touch(cluster, 'a', '1');
  await pods.delete('default', 'gone');
  await settle();
  const before = [...told];
  cluster.watches.replay(2);
  await settle();
  cluster.listAt(2);
  cluster.watches.fail(expired('gone'));
  await cluster.clock.advance(minute);
  expect(told).toEqual(before);
  expect(logger.lines.map(({ fields }) => String((fields as { err?: unknown }).err))).toContainEqual(
    expect.stringContaining('older than 4'),
  );
  cluster.listAt(undefined);
  cluster.seed(resources.pods, pod('new'));
  await cluster.clock.advance(minute);
  expect(names(informer.list())).toEqual(['a', 'new']);
});

test('an event of something deleted, told again, does not bring it back', async () => {
  const cluster = createTestCluster();
  const { informer, told } = inform(cluster);
  await informer.synced();
  await settle();
  cluster.seed(resources.pods, pod('a'));
  await cluster.client.resource(resources.pods).delete('default', 'a');
  await settle();
  cluster.watches.replay(2);
  await settle();
  expect(told).toEqual(['added a@1', 'removed a@2']);
  expect(informer.list()).toEqual([]);
});

test('two objects that were written in one transaction share a version, and both are told', async () => {
  const cluster = createTestCluster();
  const { signal } = new AbortController();
  const at5 = (name: string): Pod => pod(name, { metadata: { resourceVersion: '5' } });
  async function* watch(): AsyncIterable<readonly WatchEvent<Pod>[]> {
    yield [{ type: 'ADDED', object: at5('a') }];
    yield [{ type: 'ADDED', object: at5('b') }];
    yield [{ type: 'ADDED', object: at5('b') }];
    await cluster.clock.sleep(minute, signal);
  }
  const client: Client = {
    resource: (resource) => ({ ...cluster.client.resource(resource), watch: () => watch() as never }),
    close: () => undefined,
  };
  const { told } = inform(cluster, {}, client);
  await settle();
  expect(told).toEqual(['added a@5', 'added b@5']);
  await cluster.clock.advance(minute);
});

test('a bookmark moves the version on, so that a compaction before it costs no list', async () => {
  const cluster = createTestCluster();
  cluster.seed(resources.pods, pod('a'));
  let lists = 0;
  const client = intercept(cluster.client, {
    before: ({ verb }) => {
      if (verb === 'list') lists += 1;
    },
  });
  const { informer } = inform(cluster, {}, client);
  await informer.synced();
  await settle();
  cluster.seed(resources.configmaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { ...pod('c').metadata } });
  cluster.watches.bookmark();
  await settle();
  cluster.compact();
  cluster.watches.fail();
  await cluster.clock.advance(minute);
  expect(lists).toBe(1);
  expect(cluster.watches.open).toBe(1);
});

test('lists come in pages; a page that expires starts over', async () => {
  const cluster = createTestCluster();
  cluster.seed(resources.pods, ...Array.from({ length: 1200 }, (_, index) => pod(`p${index}`)));
  let pages = 0;
  const client = intercept(cluster.client, {
    after: ({ verb }) => {
      if (verb !== 'list') return;
      pages += 1;
      if (pages === 1) cluster.compact();
      if (pages === 1) cluster.seed(resources.pods, pod('meanwhile'));
      if (pages === 1) cluster.compact();
    },
  });
  const { informer } = inform(cluster, {}, client);
  await cluster.clock.advance(minute);
  expect(informer.hasSynced).toBe(true);
  expect(informer.list()).toHaveLength(1201);
  expect(pages).toBe(4);
});

test.each([
  ['InternalError', 30_000],
  ['ServiceUnavailable', 5000],
] as const)(
  'waits longer and longer, with jitter, while nothing comes but %s; and is fast again afterwards',
  async (reason, maxMs) => {
    const cluster = createTestCluster();
    const tries: number[] = [];
    let broken = true;
    const client = intercept(cluster.client, {
      before: ({ verb }) => {
        if (verb !== 'list') return;
        tries.push(cluster.clock.now());
        if (broken) throw new ApiError(reason, 'no server');
      },
    });
    const { informer } = inform(cluster, {}, client);
    await cluster.clock.advance(10 * minute);
    const waits = tries.slice(1).map((at, index) => at - (tries[index] ?? 0));
    for (const [index, wait] of waits.entries()) {
      const middle = Math.min(100 * 2 ** index, maxMs);
      expect(wait).toBeGreaterThanOrEqual(middle * 0.5);
      expect(wait).toBeLessThan(middle * 1.5);
    }
    expect(waits.length).toBeGreaterThan(15);
    broken = false;
    await cluster.clock.advance(minute);
    expect(informer.hasSynced).toBe(true);
    cluster.seed(resources.pods, pod('a'));
    await settle();
    cluster.watches.fail();
    await cluster.clock.advance(150);
    expect(cluster.watches.open).toBe(1);
  },
);

test('a server that ends every watch at once is not stormed', async () => {
  const cluster = createTestCluster();
  cluster.seed(resources.pods, pod('a'));
  const { informer } = inform(cluster);
  await informer.synced();
  let opened = 0;
  for (let second = 0; second < 600; second += 1) {
    await cluster.clock.advance(1000);
    opened += cluster.watches.open;
    cluster.watches.end();
  }
  expect(opened).toBeGreaterThan(15);
  expect(opened).toBeLessThan(60);
});

test('stops cleanly: no watch, no timer, nothing told afterwards, also while waiting to try again', async () => {
  const cluster = createTestCluster();
  cluster.seed(resources.pods, pod('a'));
  const { factory, informer, told } = inform(cluster);
  await informer.synced();
  await settle();
  await factory.stop();
  cluster.seed(resources.pods, pod('b'));
  await cluster.clock.advance(minute);
  expect(told).toEqual(['added a@1']);
  expect(cluster.watches.open).toBe(0);
  expect(cluster.clock.pending).toBe(0);

  const failing = inform(cluster, {}, intercept(cluster.client, { before: () => Promise.reject(new Error('down')) }));
  await settle();
  expect(cluster.clock.pending).toBe(1);
  await failing.factory.stop();
  expect(cluster.clock.pending).toBe(0);
});

test('synced gives up with its signal, and may be asked again', async () => {
  const cluster = createTestCluster();
  let open = (): void => undefined;
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const { informer, factory } = inform(cluster, {}, intercept(cluster.client, { before: () => gate }));
  const abort = new AbortController();
  const waiting = factory.synced(abort.signal);
  abort.abort(new Error('enough'));
  await expect(waiting).rejects.toThrow('enough');
  open();
  await informer.synced(new AbortController().signal);
});

test('selects, indexes, and shares one informer between those who ask for the same', async () => {
  const cluster = createTestCluster();
  cluster.seed(resources.pods, pod('a', running('n1')), pod('b', running('n2')), pod('c', labelled({ x: 'y' })));
  const byNode = { node: (one: Pod) => [one.spec.nodeName ?? ''] };
  const { factory, informer } = inform(cluster, { fieldSelector: 'spec.nodeName!=' });
  await informer.synced();
  expect(factory.informer(resources.pods, { fieldSelector: 'spec.nodeName!=', indexes: byNode })).toBe(informer);
  expect(factory.informer(resources.pods)).not.toBe(informer);
  expect(names(informer.byIndex('node', 'n1'))).toEqual(['a']);
  expect(names(informer.list('default'))).toEqual(['a', 'b']);
  expect(informer.list('other')).toEqual([]);
  await cluster.client.resource(resources.pods).delete('default', 'a', { gracePeriodSeconds: 0 });
  await settle();
  expect(informer.byIndex('node', 'n1')).toEqual([]);
  expect(() => informer.byIndex('nobody', '')).toThrow('no index');
});

/** What may happen between an informer and its server. */
const happening = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constantFrom('create', 'touch', 'delete'), name: fc.constantFrom('a', 'b', 'c') }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constantFrom('end', 'fail', 'expire', 'replay', 'bookmark', 'lag', 'wait', 'drop') }),
  },
);

test('whatever happens, versions only go up, each change is told once, and in the end the cache is what the server holds', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(happening, { maxLength: 40 }), fc.integer(), async (happenings, seed) => {
      const cluster = createTestCluster();
      const pods = cluster.client.resource(resources.pods);
      const { informer, factory } = inform(cluster, {}, cluster.client, seed);
      const held = new Map<string, Pod>();
      informer.onChange((change) => {
        const { name } = change.object.metadata;
        const before = held.get(name);
        if (change.type === 'added') expect(before).toBeUndefined();
        if (change.type === 'updated') expect(change.old).toBe(before);
        if (change.type === 'removed') expect(before).toBeDefined();
        if (before !== undefined && change.type !== 'removed')
          expect(Number(change.object.metadata.resourceVersion)).toBeGreaterThan(
            Number(before.metadata.resourceVersion),
          );
        if (change.type === 'removed') held.delete(name);
        else held.set(name, change.object);
      });
      for (const [index, one] of happenings.entries()) {
        if ('name' in one && one.do === 'create') await pods.create(pod(one.name)).catch(() => undefined);
        else if ('name' in one && one.do === 'touch')
          await touch(cluster, one.name, String(index)).catch(() => undefined);
        else if ('name' in one) await pods.delete('default', one.name).catch(() => undefined);
        else if (one.do === 'end') cluster.watches.end();
        else if (one.do === 'fail') cluster.watches.fail();
        else if (one.do === 'expire') cluster.watches.fail(expired('gone'));
        else if (one.do === 'replay') cluster.watches.replay(5);
        else if (one.do === 'bookmark') cluster.watches.bookmark();
        else if (one.do === 'drop') cluster.watches.drop(1);
        else if (one.do === 'lag') cluster.listAt(cluster.version);
        else await cluster.clock.advance(200);
      }
      cluster.listAt(undefined);
      await cluster.clock.advance(2 * minute);
      cluster.watches.expire();
      await cluster.clock.advance(2 * minute);
      const versions = (all: readonly Pod[]) =>
        all.map(({ metadata }) => `${metadata.name}@${metadata.resourceVersion}`).sort();
      expect(versions(informer.list())).toEqual(versions(cluster.all(resources.pods)));
      expect(versions([...held.values()])).toEqual(versions(informer.list()));
      await factory.stop();
    }),
    { numRuns: 150 },
  );
});

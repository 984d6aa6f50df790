import { ApiError, expired, type Pod, resources } from '@skiff/api';
import { expect, test } from 'vitest';
import type { Client, WatchEvent } from '../contract.ts';
import { createTestCluster, intercept, labelled, pod, running, settle, withUid } from '../testing/index.ts';

import { inform, minute, names, tell, touch } from './testing.ts';

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

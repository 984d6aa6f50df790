/** The registry over a real etcd, with two servers on it: what memory cannot show. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { realClock } from '@skiff/api';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Store } from '../storage/contract.ts';
import { createEtcdStore } from '../storage/etcd/store.ts';
import { createWatchCache } from '../watch/cache.ts';
import type { WatchCache } from '../watch/contract.ts';
import { bootstrap } from './bootstrap.ts';
import { clusterObjects } from './cluster-objects.ts';
import { configMap, deployment, pod, service } from './fixtures.ts';
import { createRegistry, type ExtensibleRegistry } from './registry.ts';
import {
  type Caller,
  callerOf,
  createSeededRandom,
  listOptions,
  silentLogger,
  statusOf,
  target,
  testContext,
  watchOptions,
} from './testing.ts';

interface Server {
  readonly store: Store;
  readonly cache: WatchCache;
  readonly registry: ExtensibleRegistry;
  readonly call: Caller;
}

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });

let folder: string;
let etcd: ChildProcess;
let servers: readonly [Server, Server];

async function startServer(endpoint: string, seed: number): Promise<Server> {
  const parts = { clock: realClock, random: createSeededRandom(seed), logger: silentLogger };
  const store = await createEtcdStore({ ...parts, endpoints: [endpoint] });
  await vi.waitFor(() => store.revision(), 30_000);
  const cache = createWatchCache({ ...parts, store });
  const registry = createRegistry({ ...parts, store, cache, admission: [] });
  await cache.synced();
  return { store, cache, registry, call: callerOf(registry) };
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'skiff-registry-etcd-'));
  const [client, peer] = [await freePort(), await freePort()];
  const endpoint = `http://127.0.0.1:${client}`;
  const peers = `http://127.0.0.1:${peer}`;
  const flags = [
    ...['--data-dir', folder, '--log-level', 'error'],
    ...['--listen-client-urls', endpoint, '--advertise-client-urls', endpoint],
    ...['--listen-peer-urls', peers, '--initial-advertise-peer-urls', peers, '--initial-cluster', `default=${peers}`],
  ];
  etcd = spawn('etcd', flags, { stdio: 'ignore' });
  servers = [await startServer(endpoint, 1), await startServer(endpoint, 2)];
  const { signal } = new AbortController();
  await Promise.all(
    servers.map(({ registry }) =>
      bootstrap({
        ...{ registry, clock: realClock, logger: silentLogger, signal },
        objects: clusterObjects({ serviceCIDR: '10.96.0.0/16', restPort: 6443 }),
      }),
    ),
  );
  await servers[0].call.create('serviceaccounts', 'default', { metadata: { name: 'default' } });
});

afterAll(async () => {
  for (const server of servers ?? []) {
    await server.cache.close();
    await server.store.close();
  }
  etcd?.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

describe('on etcd', () => {
  test('what one server wrote the other reads at once, in gets and in lists', async () => {
    const [one, two] = servers;
    for (let index = 0; index < 20; index += 1) {
      await one.call.create('configmaps', 'default', configMap(`rw-${index}`));
      expect((await two.call.get('configmaps', 'default', `rw-${index}`)).data).toEqual({ a: '1' });
      expect(await two.call.names('configmaps', 'default')).toContain(`rw-${index}`);
    }
  });

  test('documents lie in etcd as readable JSON without a resourceVersion', async () => {
    const [{ call, store }] = servers;
    const made = await call.create('apps/v1/deployments', 'default', deployment('readable'));
    const stored = await store.get('/registry/apps/deployments/default/readable');
    expect(stored?.text).toMatch(/^\{"kind":"Deployment","apiVersion":"apps\/v1","metadata":\{/);
    expect(stored?.text).not.toContain('resourceVersion');
    expect((made.metadata as { resourceVersion: string }).resourceVersion).toBe(String(stored?.version));
  });

  test('writes of both servers to one object all land, and a stale one is refused', async () => {
    const [one, two] = servers;
    const made = await one.call.create('configmaps', 'default', configMap('shared', {}));
    await Promise.all(
      Array.from({ length: 16 }, (_, index) =>
        (index % 2 === 0 ? one : two).call.patch('configmaps', 'default', 'shared', 'merge', {
          data: { [`k${index}`]: 'x' },
        }),
      ),
    );
    const after = await two.call.get('configmaps', 'default', 'shared');
    expect(Object.keys(after.data as object)).toHaveLength(16);
    expect(await statusOf(one.call.update('configmaps', 'default', 'shared', made))).toMatchObject({ code: 409 });
  });

  test('pages hold one snapshot until it is compacted', async () => {
    const [{ call, registry, store }] = servers;
    await call.create('namespaces', '', { metadata: { name: 'pages' } });
    for (const name of ['a', 'b', 'c']) await call.create('configmaps', 'pages', configMap(name));
    const list = (options: object) => registry.list(testContext(), target('configmaps', 'pages'), listOptions(options));
    const first = await list({ limit: 1 });
    await call.remove('configmaps', 'pages', 'b');
    const second = await list({ limit: 1, continue: first.continue });
    expect(second.items.map((text) => JSON.parse(text).metadata.name)).toEqual(['b']);
    await call.create('configmaps', 'pages', configMap('d'));
    await store.compact(await store.revision());
    expect(await statusOf(list({ continue: second.continue }))).toMatchObject({ code: 410, reason: 'Expired' });
  });

  test('a watch sees every change of both servers once, in order', async () => {
    const [one, two] = servers;
    await one.call.create('namespaces', '', { metadata: { name: 'watched' } });
    const stop = new AbortController();
    const events = await two.registry.watch(testContext(stop.signal), target('configmaps', 'watched'), watchOptions());
    const seen: string[] = [];
    const watching = (async () => {
      for await (const batch of events) {
        for (const event of batch) seen.push(`${event.type} ${JSON.parse(event.text).metadata.name}`);
        if (seen.length >= 20) break;
      }
    })();
    for (let index = 0; index < 10; index += 1) {
      const { call } = index % 2 === 0 ? one : two;
      await call.create('configmaps', 'watched', configMap(`w${index}`));
      await call.remove('configmaps', 'watched', `w${index}`);
    }
    await watching;
    stop.abort();
    expect(seen).toEqual(Array.from({ length: 10 }, (_, index) => [`ADDED w${index}`, `DELETED w${index}`]).flat());
  });

  test('two servers never give one address or node port twice', async () => {
    const made = await Promise.all(
      Array.from({ length: 30 }, (_, index) =>
        servers[index % 2 === 0 ? 0 : 1].call.create('services', 'default', service(`s${index}`, { type: 'NodePort' })),
      ),
    );
    const specs = made.map((each) => each.spec as { clusterIP: string; ports: { nodePort: number }[] });
    expect(new Set(specs.map((spec) => spec.clusterIP)).size).toBe(30);
    expect(new Set(specs.map((spec) => spec.ports[0]?.nodePort)).size).toBe(30);
  });

  test('of binds on both servers one wins', async () => {
    const [one, two] = servers;
    await one.call.create('pods', 'default', pod('contested'));
    const bind = ({ call }: Server, node: string) =>
      call.create('bindings', 'default', { metadata: { name: 'contested' }, target: { kind: 'Node', name: node } });
    const results = await Promise.allSettled([bind(one, 'a'), bind(two, 'b'), bind(one, 'c'), bind(two, 'd')]);
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
  });
});

/** What keeps a cluster's own objects right: bootstrap, the API's endpoints, old events. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { objectsAt, textAt } from '../patch/values.ts';
import { bootstrap as makeMissing } from './bootstrap.ts';
import { clusterObjects } from './cluster-objects.ts';
import { keepKubernetesEndpoints, publish, renew } from './kubernetes-endpoints.ts';
import { expireEvents } from './maintenance.ts';
import { type Caller, createMemoryRegistry, type MemoryRegistry, silentLogger, statusOf } from './testing.ts';

let memory: MemoryRegistry;
let call: Caller;
const { signal } = new AbortController();
beforeEach(async () => {
  memory = await createMemoryRegistry();
  call = memory.call;
});
afterEach(() => memory.close());

const bootstrap = () =>
  makeMissing({
    ...{ registry: memory.registry, clock: memory.clock, logger: silentLogger, signal },
    objects: clusterObjects({ serviceCIDR: '10.96.0.0/16', restPort: 6443 }),
  });

describe('bootstrap', () => {
  test('makes what every cluster has', async () => {
    await bootstrap();
    expect(await call.names('namespaces', '')).toEqual(['default', 'kube-node-lease', 'kube-public', 'kube-system']);
    expect((await call.get('services', 'default', 'kubernetes')).spec).toMatchObject({
      clusterIP: '10.96.0.1',
      ports: [{ name: 'https', port: 443, targetPort: 6443 }],
    });
    expect((await call.get('services', 'kube-system', 'kube-dns')).spec).toMatchObject({
      clusterIP: '10.96.0.10',
      ports: [{ port: 53, protocol: 'UDP' }, { port: 53, protocol: 'TCP' }, { port: 9153 }],
    });
    expect(await call.get('scheduling.k8s.io/v1/priorityclasses', '', 'system-node-critical')).toMatchObject({
      value: 2_000_001_000,
    });
  });

  test('again it changes nothing, and several at once make one of each', async () => {
    let isDone = false;
    const all = Promise.all([bootstrap(), bootstrap(), bootstrap()]).finally(() => {
      isDone = true;
    });
    // One that meets an address whose Service is about to be made waits a second and looks again.
    while (!isDone) {
      await new Promise((resolve) => setImmediate(resolve));
      memory.clock.step(1000);
    }
    await all;
    const before = await memory.store.revision();
    await bootstrap();
    expect(await memory.store.revision()).toBe(before);
  });
});

describe('the endpoints of default/kubernetes', () => {
  const options = (advertiseAddress: string) => ({
    ...{ store: memory.store, registry: memory.registry, clock: memory.clock, logger: silentLogger },
    ...{ advertiseAddress, restPort: 6443 },
  });
  const addresses = async (): Promise<string[]> => {
    const endpoints = await call.get('endpoints', 'default', 'kubernetes');
    const slice = await call.get('discovery.k8s.io/v1/endpointslices', 'default', 'kubernetes');
    const listed = objectsAt(objectsAt(endpoints, 'subsets')[0], 'addresses').map((each) => textAt(each, 'ip'));
    expect(objectsAt(slice, 'endpoints').flatMap((each) => each.addresses)).toEqual(listed);
    return listed;
  };

  test('hold every server that renews, and none that stopped', async () => {
    await renew(options('10.0.0.1'));
    await renew(options('10.0.0.2'));
    await publish(options('10.0.0.1'), signal);
    expect(await addresses()).toEqual(['10.0.0.1', '10.0.0.2']);
    memory.clock.step(30_000);
    await renew(options('10.0.0.2'));
    memory.clock.step(10_000);
    await publish(options('10.0.0.2'), signal);
    expect(await addresses()).toEqual(['10.0.0.2']);
  });

  test('nothing is written while nothing changes', async () => {
    await renew(options('10.0.0.1'));
    await publish(options('10.0.0.1'), signal);
    const before = await memory.store.revision();
    await publish(options('10.0.0.1'), signal);
    expect(await memory.store.revision()).toBe(before);
  });

  test('a server that ends takes itself out', async () => {
    await renew(options('10.0.0.2'));
    const stop = new AbortController();
    const kept = keepKubernetesEndpoints(options('10.0.0.1'), stop.signal);
    const listed = () => addresses().catch(() => []);
    await expect.poll(listed).toEqual(['10.0.0.1', '10.0.0.2']);
    stop.abort();
    await kept;
    expect(await addresses()).toEqual(['10.0.0.2']);
  });

  test('a store that does not answer does not hold up the end', async () => {
    const stop = new AbortController();
    stop.abort();
    const store = { ...memory.store, get: () => new Promise<never>(() => {}) };
    const ended = keepKubernetesEndpoints({ ...options('10.0.0.1'), store }, stop.signal);
    // Everything up to the sleep happens in the call itself.
    memory.clock.step(3000);
    await ended;
  });
});

describe('old events', () => {
  test('are forgotten an hour after they were last seen', async () => {
    const event = (name: string, lastTimestamp?: string) =>
      call.create('events', 'default', {
        metadata: { name },
        involvedObject: { namespace: 'default' },
        ...(lastTimestamp === undefined ? {} : { lastTimestamp }),
      });
    await event('old');
    await event('seen-again', '2026-01-02T03:34:05Z');
    const options = { store: memory.store, clock: memory.clock, logger: silentLogger };
    memory.clock.step(59 * 60_000);
    expect(await expireEvents(options, signal)).toBe(0);
    memory.clock.step(2 * 60_000);
    expect(await expireEvents(options, signal)).toBe(1);
    expect(await statusOf(call.get('events', 'default', 'old'))).toMatchObject({ code: 404 });
    expect(await call.names('events', 'default')).toEqual(['seen-again']);
  });
});

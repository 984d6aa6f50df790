import type { JsonObject } from '@skiff/api';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createMemoryStore } from '../../storage/memory/store.ts';
import { createWatchCache } from '../../watch/cache.ts';
import { service } from '../fixtures.ts';
import { createRegistry } from '../registry.ts';
import {
  type Caller,
  callerOf,
  createMemoryRegistry,
  createSeededRandom,
  type MemoryRegistry,
  silentLogger,
  statusOf,
} from '../testing.ts';
import { addressText, canonicalAddress, contains, parseRange } from './addresses.ts';
import { candidates } from './pick.ts';
import { repairServiceRanges } from './repair.ts';

let memory: MemoryRegistry;
let call: Caller;
beforeEach(async () => {
  memory = await createMemoryRegistry();
  call = memory.call;
});
afterEach(() => memory.close());

const make = (name: string, spec: JsonObject = {}): Promise<JsonObject> =>
  call.create('services', 'default', service(name, spec));
const specOf = (object: JsonObject): JsonObject => object.spec as JsonObject;
const markers = async (range: string): Promise<string[]> => {
  const prefix = `/registry/ranges/${range}/`;
  return (await memory.store.list(prefix)).documents.map((document) => document.key.slice(prefix.length));
};

describe('service addresses', () => {
  test('a service gets an address of the range and the fields of a single-stack cluster', async () => {
    const spec = specOf(await make('web'));
    expect(spec).toMatchObject({
      type: 'ClusterIP',
      sessionAffinity: 'None',
      internalTrafficPolicy: 'Cluster',
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
    });
    expect(spec.clusterIP).toMatch(/^10\.96\./);
    expect(spec.clusterIPs).toEqual([spec.clusterIP]);
    expect(await markers('serviceips')).toEqual([spec.clusterIP]);
  });

  test('an address is given back with its service', async () => {
    await make('web');
    await call.remove('services', 'default', 'web');
    expect(await markers('serviceips')).toEqual([]);
  });

  test('a failed create gives back what it took', async () => {
    await make('web', { clusterIP: '10.96.0.50' });
    expect(await statusOf(make('web', { ports: [{ port: 80 }], type: 'NodePort' }))).toMatchObject({ code: 409 });
    expect(await markers('serviceips')).toEqual(['10.96.0.50']);
    expect(await markers('servicenodeports')).toEqual([]);
  });

  test('a headless service has none', async () => {
    expect(specOf(await make('web', { clusterIP: 'None' }))).toMatchObject({
      clusterIP: 'None',
      clusterIPs: ['None'],
      ipFamilies: ['IPv4'],
    });
    expect(await markers('serviceips')).toEqual([]);
  });

  test('an external name has neither address nor families', async () => {
    const spec = specOf(await make('web', { type: 'ExternalName', externalName: 'example.com' }));
    for (const key of ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy']) expect(spec).not.toHaveProperty(key);
  });

  test.each<[string, JsonObject, string]>([
    [
      'outside the range',
      { clusterIP: '10.0.0.1' },
      'spec.clusterIPs: Invalid value: []string{"10.0.0.1"}: failed to allocate IP 10.0.0.1: the provided IP (10.0.0.1) is not in the valid range. The range of valid IPs is 10.96.0.0/16',
    ],
    [
      'that is taken',
      { clusterIP: '10.96.0.77' },
      'spec.clusterIPs: Invalid value: []string{"10.96.0.77"}: failed to allocate IP 10.96.0.77: provided IP is already allocated',
    ],
    [
      'of two families',
      { ipFamilyPolicy: 'RequireDualStack' },
      'spec.ipFamilyPolicy: Invalid value: "RequireDualStack": this cluster is not configured for dual-stack services',
    ],
    [
      'of the other family',
      { ipFamilies: ['IPv6'] },
      'spec.ipFamilies[0]: Invalid value: "IPv6": not configured on this cluster',
    ],
    [
      'with a node port out of range',
      { type: 'NodePort', ports: [{ port: 80, nodePort: 80 }] },
      'spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range. The range of valid ports is 30000-32767',
    ],
  ])('refuses an address %s', async (_, spec, message) => {
    await make('first', { clusterIP: '10.96.0.77' });
    const refused = await statusOf(make('web', spec));
    expect(refused).toMatchObject({ code: 422, reason: 'Invalid' });
    expect(refused.message).toBe(`Service "web" is invalid: ${message}`);
    expect(await markers('serviceips')).toEqual(['10.96.0.77']);
  });

  test('an update without an address keeps it; another one is refused', async () => {
    const made = await make('web');
    const updated = await call.update('services', 'default', 'web', service('web', { ports: [{ port: 81 }] }));
    expect(specOf(updated)).toMatchObject({ clusterIP: specOf(made).clusterIP, clusterIPs: specOf(made).clusterIPs });
    const moved = call.update('services', 'default', 'web', service('web', { clusterIP: '10.96.0.99' }));
    expect(await statusOf(moved)).toMatchObject({ code: 422 });
    expect(await markers('serviceips')).toEqual([specOf(made).clusterIP]);
  });

  test('changing to an external name gives the address back, and changing again takes one', async () => {
    await make('web');
    const external = await call.update('services', 'default', 'web', {
      ...service('web', { type: 'ExternalName', externalName: 'example.com' }),
    });
    expect(specOf(external)).not.toHaveProperty('clusterIP');
    expect(await markers('serviceips')).toEqual([]);
    const back = await call.update('services', 'default', 'web', service('web'));
    expect(await markers('serviceips')).toEqual([specOf(back).clusterIP]);
  });

  test('a client that knows only clusterIP may clear it as it leaves for an external name', async () => {
    const made = await make('web');
    const spec = { ...specOf(made), type: 'ExternalName', externalName: 'example.com', clusterIP: '' };
    const external = await call.update('services', 'default', 'web', { ...made, spec });
    for (const key of ['clusterIP', 'clusterIPs', 'ipFamilies']) expect(specOf(external)).not.toHaveProperty(key);
  });

  test('a dry run takes nothing', async () => {
    const made = await call.create('services', 'default', service('web', { type: 'NodePort' }), { dryRun: true });
    expect(specOf(made).clusterIP).toMatch(/^10\.96\./);
    expect(await markers('serviceips')).toEqual([]);
    expect(await markers('servicenodeports')).toEqual([]);
  });

  test('several servers never give one address twice', async () => {
    const store = createMemoryStore();
    const { clock } = memory;
    const servers = await Promise.all(
      [1, 1, 1].map(async (seed) => {
        const parts = { store, clock, random: createSeededRandom(seed), logger: silentLogger };
        const cache = createWatchCache(parts);
        await cache.synced();
        return { cache, registry: createRegistry({ ...parts, cache, admission: [], serviceCIDR: '10.1.0.0/26' }) };
      }),
    );
    const [first] = servers;
    if (first === undefined) throw new Error('there is a first');
    await callerOf(first.registry).create('namespaces', '', { metadata: { name: 'default' } });
    const results = await Promise.allSettled(
      Array.from({ length: 62 }, (_, index) => {
        const server = servers[index % servers.length];
        if (server === undefined) throw new Error('every index has a server');
        return callerOf(server.registry).create('services', 'default', service(`s${index}`));
      }),
    );
    const taken = results.map((result) =>
      result.status === 'fulfilled' ? specOf(result.value).clusterIP : result.reason,
    );
    expect(new Set(taken).size).toBe(62);
    expect(await statusOf(callerOf(first.registry).create('services', 'default', service('full')))).toMatchObject({
      code: 500,
      message: 'Internal error occurred: failed to allocate a serviceIP: range is full',
    });
    for (const server of servers) await server.cache.close();
    await store.close();
  });
});

describe('node ports', () => {
  test('are taken, kept on update and given back', async () => {
    const made = await make('web', {
      type: 'NodePort',
      ports: [
        { name: 'a', port: 80 },
        { name: 'b', port: 81 },
      ],
    });
    const ports = (specOf(made).ports as JsonObject[]).map((port) => port.nodePort as number);
    expect(new Set(ports).size).toBe(2);
    for (const port of ports) expect(port).toBeGreaterThanOrEqual(30_000);
    const updated = await call.update('services', 'default', 'web', service('web', { type: 'NodePort' }));
    expect((specOf(updated).ports as JsonObject[])[0]?.nodePort).toBe(ports[0]);
    expect(await markers('servicenodeports')).toEqual([String(ports[0])]);
    await call.update('services', 'default', 'web', service('web', { type: 'ClusterIP' }));
    expect(await markers('servicenodeports')).toEqual([]);
  });

  test('one port over two protocols gets one node port', async () => {
    const made = await make('dns', {
      type: 'NodePort',
      ports: [
        { name: 'u', port: 53, protocol: 'UDP' },
        { name: 't', port: 53, protocol: 'TCP' },
      ],
    });
    const [udp, tcp] = specOf(made).ports as JsonObject[];
    expect(udp?.nodePort).toBe(tcp?.nodePort);
  });

  test('a taken one is refused', async () => {
    await make('a', { type: 'NodePort', ports: [{ port: 80, nodePort: 30_080 }] });
    const twin = make('b', { type: 'NodePort', ports: [{ port: 80, nodePort: 30_080 }] });
    expect(await statusOf(twin)).toMatchObject({
      code: 422,
      message:
        'Service "b" is invalid: spec.ports[0].nodePort: Invalid value: 30080: provided port is already allocated',
    });
  });

  test('a load balancer for local traffic gets a health check port', async () => {
    const made = await make('web', { type: 'LoadBalancer', externalTrafficPolicy: 'Local' });
    expect(specOf(made).healthCheckNodePort).toBeGreaterThanOrEqual(30_000);
    expect(specOf(made).allocateLoadBalancerNodePorts).toBe(true);
  });
});

describe('repair', () => {
  const repair = () => repairServiceRanges({ store: memory.store, clock: memory.clock, logger: silentLogger });

  test('releases what no service has, after a while, and records what lacks a record', async () => {
    const kept = await make('kept');
    const key = `/registry/ranges/serviceips/${specOf(kept).clusterIP}`;
    const record = await memory.store.get(key);
    await memory.store.delete(key, record?.version ?? 0n);
    await memory.store.create('/registry/ranges/serviceips/10.96.7.7', record?.text.replace('kept', 'lost') ?? '');
    await repair();
    expect(await markers('serviceips')).toEqual([String(specOf(kept).clusterIP), '10.96.7.7'].sort());
    memory.clock.step(4 * 60_000);
    await repair();
    expect(await markers('serviceips')).toEqual([specOf(kept).clusterIP]);
  });
});

describe('ranges', () => {
  test('leave out the first and the last address, and keep a band for fixed choices', () => {
    const range = parseRange('10.96.0.0/16');
    expect(addressText(range, range.first)).toBe('10.96.0.1');
    expect(addressText(range, range.last)).toBe('10.96.255.254');
    expect(addressText(range, range.dynamicFirst)).toBe('10.96.1.1');
    expect(addressText(parseRange('fd00::/108'), parseRange('fd00::/108').first)).toBe('fd00::1');
    expect(() => parseRange('10.0.0.0/31')).toThrow('too small');
  });

  test.each([
    ['10.96.0.1', true],
    ['10.96.255.254', true],
    ['10.96.0.0', false],
    ['10.96.255.255', false],
    ['10.97.0.1', false],
    ['010.096.000.001', false],
    ['10.96.1', false],
    ['0x0a.96.0.1', false],
    ['::1', false],
    ['::ffff:10.96.0.1', false],
  ])('%s belongs: %s', (address, expected) => {
    expect(contains(parseRange('10.96.0.0/16'), address)).toBe(expected);
  });

  test('an address has one canonical text', () => {
    expect(canonicalAddress('FD00:0:0::1')).toBe('fd00::1');
    expect(canonicalAddress('fe80::1%eth0')).toBeUndefined();
  });

  test('every number is a candidate', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 40 }),
        fc.integer({ min: 0, max: 40 }),
        fc.integer(),
        (below, above, seed) => {
          const pick = { first: 100n, preferredFirst: 100n + BigInt(below), last: 100n + BigInt(below + above) };
          const seen = new Set(candidates(pick, createSeededRandom(seed)));
          expect(seen.size).toBe(below + above + 1);
          expect([...seen].every((value) => value >= pick.first && value <= pick.last)).toBe(true);
        },
      ),
    );
  });
});

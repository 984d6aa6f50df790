import { canonicalQuantity, type NodeStatus } from '@skiff/api';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { defaultThresholds, parseThresholds } from '../eviction/thresholds.ts';
import type { Image } from '../runtime/contract.ts';
import { parseAvailable, parseTasks } from './host.ts';
import { says } from './reporter.ts';
import { type NodeStatusInput, nodeStatus } from './status.ts';
import { hostFacts } from './testing.ts';

const host = hostFacts();
const firstMs = Date.UTC(2026, 0, 2, 3, 4, 5);

const statusOf = (changes: Partial<NodeStatusInput> = {}): NodeStatus =>
  nodeStatus({
    ...{ nodeName: 'n1', nodeIP: '10.0.0.1', maxPods: 110, host, images: [], before: undefined, nowMs: firstMs },
    ...{ pressures: new Set(), thresholds: parseThresholds(defaultThresholds) },
    ...changes,
  });

const image = (name: string, sizeBytes: number, changes: Partial<Image> = {}): Image => ({
  ...{ id: `sha256:${name}`, tags: [`${name}:1`], digests: [], sizeBytes, user: '' },
  ...changes,
});

const shown = (status: NodeStatus): Record<string, string> =>
  Object.fromEntries((status.conditions ?? []).map((one) => [one.type, `${one.status} ${one.reason}`]));

const calm = {
  NetworkUnavailable: 'False RouteCreated',
  MemoryPressure: 'False KubeletHasSufficientMemory',
  DiskPressure: 'False KubeletHasNoDiskPressure',
  PIDPressure: 'False KubeletHasSufficientPID',
  Ready: 'True KubeletReady',
};

describe('what a node has', () => {
  test('capacity is the host’s; what kubelet would keep back is not allocatable', () => {
    const { capacity, allocatable } = statusOf();
    expect(capacity).toEqual({
      cpu: '4',
      'ephemeral-storage': '100Gi',
      memory: '8Gi',
      pods: '110',
      'hugepages-2Mi': '0',
    });
    expect(allocatable).toEqual({
      cpu: '4',
      'ephemeral-storage': '96636764160',
      memory: '8092Mi',
      pods: '110',
      'hugepages-2Mi': '0',
    });
  });

  test('memory that is set aside for huge pages is told by their size, and is no longer memory for pods', () => {
    const hugePages = new Map([
      [2 * 1024 ** 2, 1024 ** 3],
      [1024 ** 3, 2 * 1024 ** 3],
    ]);
    const { capacity, allocatable } = statusOf({ host: { ...hostFacts(), hugePages } });
    const pages = { 'hugepages-1Gi': '2Gi', 'hugepages-2Mi': '1Gi' };
    expect(capacity).toMatchObject({ memory: '8Gi', ...pages });
    expect(allocatable).toMatchObject({ memory: '5020Mi', ...pages });
  });

  test('it says where it is and what it runs', () => {
    const status = statusOf();
    expect(status.addresses).toEqual([
      { type: 'InternalIP', address: '10.0.0.1' },
      { type: 'Hostname', address: 'n1' },
    ]);
    expect(status.nodeInfo).toMatchObject({
      architecture: 'amd64',
      containerRuntimeVersion: 'docker://20.10.24',
      operatingSystem: 'linux',
      osImage: 'Debian GNU/Linux 12',
    });
    expect(status.daemonEndpoints).toEqual({ kubeletEndpoint: { Port: 10_250 } });
  });

  test('at most fifty images, the largest first, none without a name', () => {
    const many = Array.from({ length: 60 }, (_, index) => image(`i${index}`, index));
    const images = statusOf({ images: [image('none', 1000, { tags: [] }), ...many] }).images ?? [];
    expect(images).toHaveLength(50);
    expect(images[0]).toEqual({ names: ['i59:1'], sizeBytes: 59 });
  });

  test('an image has at most five names, digests first', () => {
    const tags = ['a:1', 'a:2', 'a:3', 'a:4', 'a:5'];
    const [only] = statusOf({ images: [image('a', 1, { tags, digests: ['a@sha256:00'] })] }).images ?? [];
    expect(only?.names).toEqual(['a@sha256:00', 'a:1', 'a:2', 'a:3', 'a:4']);
  });
});

describe('conditions', () => {
  const net = 'no pod CIDR yet';
  const cases: readonly (readonly [string, Partial<NodeStatusInput>, Record<string, string>])[] = [
    ['all is well', {}, {}],
    [
      'no network',
      { networkFault: net },
      { NetworkUnavailable: 'True NoRouteCreated', Ready: 'False KubeletNotReady' },
    ],
    ['no engine', { runtimeFault: 'no answer' }, { Ready: 'False KubeletNotReady' }],
    [
      'little memory',
      { pressures: new Set(['MemoryPressure']) },
      { MemoryPressure: 'True KubeletHasInsufficientMemory' },
    ],
    ['little room', { pressures: new Set(['DiskPressure']) }, { DiskPressure: 'True KubeletHasDiskPressure' }],
    ['many processes', { pressures: new Set(['PIDPressure']) }, { PIDPressure: 'True KubeletHasInsufficientPID' }],
  ];
  test.each(cases)('%s', (_name, changes, expected) => {
    expect(shown(statusOf(changes))).toEqual({ ...calm, ...expected });
  });

  test('Ready says everything that stands in its way', () => {
    const status = statusOf({ networkFault: net, runtimeFault: 'no answer' });
    expect(status.conditions?.at(-1)?.message).toBe(
      `[container runtime is down: no answer, container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:${net}]`,
    );
  });

  test('the transition time moves with the status only, the heartbeat always', () => {
    const before = statusOf();
    const later = statusOf({ before, nowMs: firstMs + 60_000, networkFault: net });
    const of = (status: NodeStatus, type: string) => status.conditions?.find((one) => one.type === type);
    expect(of(later, 'MemoryPressure')).toMatchObject({
      lastTransitionTime: '2026-01-02T03:04:05Z',
      lastHeartbeatTime: '2026-01-02T03:05:05Z',
    });
    expect(of(later, 'Ready')).toMatchObject({ status: 'False', lastTransitionTime: '2026-01-02T03:05:05Z' });
  });

  test('conditions of others are left to them', () => {
    const before = { conditions: [{ type: 'KernelDeadlock', status: 'False' }] };
    expect(Object.keys(shown(statusOf({ before })))).toEqual(Object.keys(calm));
  });
});

describe('what is news', () => {
  test('a later heartbeat is none', () => {
    const before = statusOf();
    expect(says(before, statusOf({ before, nowMs: firstMs + 10_000 }))).toBe(true);
  });

  test.each([
    ['an image', { images: [image('new', 1)] }],
    ['a condition', { networkFault: 'gone' }],
    ['the address', { nodeIP: '10.0.0.2' }],
  ])('%s is', (_name, changes) => {
    expect(says(statusOf(), statusOf(changes))).toBe(false);
  });

  test('what others added is none', () => {
    const before = statusOf();
    const conditions = [...(before.conditions ?? []), { type: 'KernelDeadlock', status: 'False' }];
    expect(says({ ...before, conditions }, before)).toBe(true);
  });

  test('what the API server does not store of it is no news', () => {
    const { images, ...stored } = statusOf();
    expect(images).toEqual([]);
    expect(says(stored, statusOf())).toBe(true);
  });

  test('nor is the way in which the API server writes a quantity, round or not', () => {
    const bytes = fc.oneof(
      fc.nat({ max: 2 ** 50 }),
      fc.nat(1000).map((one) => one * 1024 ** 3),
      fc.nat(1000).map((one) => one * 1e12),
    );
    fc.assert(
      fc.property(
        bytes,
        bytes,
        fc.integer({ min: 1, max: 10_000 }),
        fc.boolean(),
        (disk, memoryBytes, count, keepsBack) => {
          const facts = {
            ...host,
            info: { ...host.info, cpus: count, memoryBytes },
            nodefs: { ...host.nodefs, bytes: disk },
          };
          const thresholds = keepsBack ? parseThresholds(defaultThresholds) : {};
          const { capacity = {}, allocatable = {} } = statusOf({ host: facts, maxPods: count, thresholds });
          for (const quantity of [...Object.values(capacity), ...Object.values(allocatable)])
            expect(canonicalQuantity(quantity)).toBe(quantity);
        },
      ),
    );
  });
});

test('the kernel’s files are read, or nothing is claimed', () => {
  expect(parseAvailable('MemTotal:  100 kB\nMemAvailable:     42 kB\n')).toBe(43_008);
  expect(parseAvailable('')).toBeUndefined();
  expect(parseTasks('0.11 0.20 0.30 2/345 6789')).toBe(345);
  expect(parseTasks('')).toBeUndefined();
});

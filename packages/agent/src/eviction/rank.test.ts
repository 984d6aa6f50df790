import type { Pod } from '@skiff/api';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hostFacts } from '../node/testing.ts';
import { container, podWith } from '../pods/testing/facts.ts';
import { evictionMessage, type PodUse, rank } from './rank.ts';
import { defaultThresholds, observe, parseThresholds, signals } from './thresholds.ts';

const mib = 1024 ** 2;
interface Shape {
  readonly memory?: number;
  readonly disk?: number;
  readonly pids?: number;
  readonly request?: string;
  readonly priority?: number;
}
const pod = (name: string, { request, priority = 0 }: Shape): Pod => ({
  ...podWith({
    priority,
    containers: [
      container(
        'app',
        request === undefined ? {} : { resources: { requests: { memory: request, 'ephemeral-storage': request } } },
      ),
    ],
  }),
  metadata: { name, namespace: 'shop', uid: name, resourceVersion: '1', creationTimestamp: '' },
});
const use = (name: string, shape: Shape): PodUse => ({
  pod: pod(name, shape),
  containers: [{ name: 'app', memoryBytes: (shape.memory ?? 0) * mib, diskBytes: 0, pids: shape.pids ?? 0 }],
  volumeBytes: (shape.disk ?? 0) * mib,
});
const order = (signal: (typeof signals)[number], ...uses: PodUse[]) =>
  rank(signal, uses).map((one) => one.pod.metadata.name);

test('memory: who exceeds its request goes before who does not, whatever the priority', () => {
  const modest = use('modest', { memory: 500, request: '1Gi' });
  const greedy = use('greedy', { memory: 200, request: '100Mi', priority: 1000 });
  expect(order('memory.available', modest, greedy)).toEqual(['greedy', 'modest']);
});

test('memory: among those, the lower priority; then the larger excess', () => {
  const important = use('important', { memory: 900, priority: 10 });
  const small = use('small', { memory: 100 });
  const large = use('large', { memory: 300, request: '150Mi' });
  expect(order('memory.available', important, small, large)).toEqual(['large', 'small', 'important']);
});

test('disk counts volumes, against the request of ephemeral storage', () => {
  const asked = use('asked', { disk: 800, request: '1Gi' });
  const unasked = use('unasked', { disk: 1 });
  expect(order('imagefs.available', asked, unasked)).toEqual(['unasked', 'asked']);
});

test('process ids: priority, then the number of processes', () => {
  const few = use('few', { pids: 2 });
  const many = use('many', { pids: 200, priority: 1 });
  const more = use('more', { pids: 300 });
  expect(order('pid.available', few, many, more)).toEqual(['more', 'few', 'many']);
});

test('every pod but critical ones is ranked, once', () => {
  const shape = fc.record({
    memory: fc.nat(100),
    disk: fc.nat(100),
    pids: fc.nat(9),
    priority: fc.constantFrom(0, 5, 2_000_000_000),
  });
  fc.assert(
    fc.property(fc.array(shape), fc.constantFrom(...signals), (shapes, signal) => {
      const uses = shapes.map((one, index) => use(`p${index}`, one));
      const expected = uses.filter((_, index) => (shapes[index]?.priority ?? 0) < 2_000_000_000);
      expect([...rank(signal, uses)].map((one) => one.pod.metadata.name).sort()).toEqual(
        expected.map((one) => one.pod.metadata.name).sort(),
      );
    }),
  );
});

test('the message says what was low, and which container took more than it asked for', () => {
  const seen = observe({ ...hostFacts(), memoryAvailableBytes: 50 * mib });
  const thresholds = parseThresholds(defaultThresholds);
  expect(evictionMessage('memory.available', use('greedy', { memory: 200, request: '100Mi' }), thresholds, seen)).toBe(
    'The node was low on resource: memory. Threshold quantity: 102400Ki, available: 51200Ki. ' +
      'Container app was using 204800Ki, request is 100Mi, has larger consumption of memory. ',
  );
  expect(evictionMessage('nodefs.inodesFree', use('any', {}), thresholds, seen)).toBe(
    'The node was low on resource: inodes. Threshold quantity: 50000, available: 500000. ',
  );
});

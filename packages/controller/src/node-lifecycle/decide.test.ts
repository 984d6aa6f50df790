import { isConditionTrue, type Node, type Taint, type Toleration } from '@skiff/api';
import { labelled, node, pod, running, tainted, tolerating } from '@skiff/client/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { evictionTime, hear, silencedConditions, unreadyConditions, wantedTaints } from './decide.ts';
import { disruption as disruptionOf, nextEvictionMs } from './disruption.ts';

const now = Date.parse('2026-01-02T04:00:00Z');
const at = '2026-01-02T04:00:00Z';
const ready = (status: 'True' | 'False' | 'Unknown') => ({ status: { conditions: [{ type: 'Ready', status }] } });
const keys = (taints: readonly Taint[] | undefined) =>
  taints?.map(({ key, effect }) => `${key.split('/')[1] ?? key}:${effect}`);

test('any difference is a sign of life; the time is ours', () => {
  const first = hear(undefined, 'a', 1000);
  expect(hear(first, 'a', 5000)).toEqual({ sign: 'a', atMs: 1000 });
  expect(hear(first, 'b', 5000)).toEqual({ sign: 'b', atMs: 5000 });
});

test('a silent node’s conditions are all Unknown, once', () => {
  const silent = silencedConditions(node('n1', ready('True')), now);
  expect(silent).toMatchObject([
    {
      type: 'Ready',
      status: 'Unknown',
      reason: 'NodeStatusUnknown',
      message: 'Kubelet stopped posting node status.',
      lastTransitionTime: at,
    },
    {
      type: 'MemoryPressure',
      status: 'Unknown',
      reason: 'NodeStatusNeverUpdated',
      message: 'Kubelet never posted node status.',
    },
    { type: 'DiskPressure', status: 'Unknown' },
    { type: 'PIDPressure', status: 'Unknown' },
  ]);
  expect(silencedConditions(node('n1', { status: { conditions: silent ?? [] } }), now)).toBeUndefined();
});

test.each([
  ['ready', ready('True'), 'put', undefined],
  ['not ready', ready('False'), 'put', ['not-ready:NoSchedule', 'not-ready:NoExecute']],
  ['not heard of', ready('Unknown'), 'put', ['unreachable:NoSchedule', 'unreachable:NoExecute']],
  ['not heard of, not its turn', ready('Unknown'), 'keep', ['unreachable:NoSchedule']],
  ['never spoke', { status: { conditions: [] } }, 'put', ['not-ready:NoSchedule']],
  ['cordoned', { spec: { unschedulable: true } }, 'put', ['unschedulable:NoSchedule']],
  [
    'under pressure',
    {
      status: {
        conditions: [
          { type: 'Ready', status: 'True' },
          { type: 'DiskPressure', status: 'True' },
        ],
      },
    },
    'put',
    ['disk-pressure:NoSchedule'],
  ],
] as const)('taints: %s', (_, part, eviction, wanted) => {
  expect(keys(wantedTaints(node('n1', part as Parameters<typeof node>[1]), eviction, now))).toEqual(wanted);
});

const evicted = tainted(
  { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/not-ready', effect: 'NoExecute' },
  { key: 'mine', effect: 'NoExecute' },
);
test('an eviction that runs goes on under the other key out of turn, ends in a total disruption, and leaves others’ taints', () => {
  expect(keys(wantedTaints(node('n1', evicted, ready('Unknown')), 'keep', now))).toEqual([
    'mine:NoExecute',
    'unreachable:NoSchedule',
    'unreachable:NoExecute',
  ]);
  expect(keys(wantedTaints(node('n1', evicted, ready('False')), 'remove', now))).toEqual([
    'not-ready:NoSchedule',
    'mine:NoExecute',
  ]);
  expect(keys(wantedTaints(node('n1', evicted, ready('True')), 'put', now))).toEqual(['mine:NoExecute']);
});

const unreachable: Taint = { key: 'node.kubernetes.io/unreachable', effect: 'NoExecute' };
const tolerates = (part: Partial<Toleration>): Toleration => ({ key: unreachable.key, operator: 'Exists', ...part });
test.each<[string, Toleration[], number | undefined]>([
  ['untolerated', [], 0],
  ['for ever', [tolerates({})], undefined],
  ['for a while', [tolerates({ tolerationSeconds: 300 })], now + 300_000],
  ['for no time', [tolerates({ tolerationSeconds: -5 })], now],
  [
    'the first that matches counts',
    [tolerates({ tolerationSeconds: 300 }), tolerates({ tolerationSeconds: 10 })],
    now + 300_000,
  ],
  ['another effect', [tolerates({ effect: 'NoSchedule' })], 0],
  ['everything', [{ operator: 'Exists' }], undefined],
  ['another value', [{ key: unreachable.key, operator: 'Equal', value: 'x' }], 0],
])('eviction: %s', (_, tolerations, expected) => {
  expect(evictionTime(pod('p', tolerating(...tolerations)), [unreachable], () => now)).toBe(expected);
});

test('of several taints all have to be tolerated, and the shortest time counts', () => {
  const other: Taint = { key: 'other', effect: 'NoExecute' };
  const one = pod('p', tolerating(tolerates({ tolerationSeconds: 300 })));
  const both = pod(
    'p',
    tolerating(tolerates({ tolerationSeconds: 300 }), { key: 'other', operator: 'Exists', tolerationSeconds: 20 }),
  );
  expect(evictionTime(one, [unreachable, other], () => now)).toBe(0);
  expect(evictionTime(both, [unreachable, other], () => now)).toBe(now + 20_000);
  expect(evictionTime(one, [{ key: 'other', effect: 'NoSchedule' }], () => now)).toBeUndefined();
});

test('a ready pod of an unready node is said to be unready, with nothing else changed', () => {
  const changed = unreadyConditions(pod('p', running('n1')), now);
  expect(changed).toEqual([{ type: 'Ready', status: 'False', lastTransitionTime: at }]);
  expect(unreadyConditions(pod('p', { status: { conditions: changed ?? [] } }), now)).toBeUndefined();
});

const disruption = (nodes: readonly Node[]) =>
  disruptionOf(nodes, (one) => isConditionTrue(one.status?.conditions, 'Ready'));
const zone = (name: string, up: number, down: number) => [
  ...Array.from({ length: up }, (_, index) =>
    node(`${name}-up-${index}`, labelled({ 'topology.kubernetes.io/zone': name }), ready('True')),
  ),
  ...Array.from({ length: down }, (_, index) =>
    node(`${name}-down-${index}`, labelled({ 'topology.kubernetes.io/zone': name }), ready('Unknown')),
  ),
];
test.each([
  [3, 1, 0.1],
  [1, 2, 0.1],
  [1, 3, 0],
  [2, 3, 0],
  [30, 40, 0.01],
  [30, 20, 0.1],
])('a zone of %i up and %i down: %f nodes a second', (up, down, perSecond) => {
  const nodes = zone('a', up, down);
  const state = disruption(nodes);
  expect(state.total).toBe(false);
  expect(state.rateOf(nodes[nodes.length - 1] ?? node('x'))).toBe(perSecond);
});

test('the disruption is total when no node of any zone is up', () => {
  const nodes = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.nat(3), fc.nat(3)), {
    minLength: 1,
    maxLength: 4,
  });
  fc.assert(
    fc.property(nodes, (zones) => {
      const all = zones.flatMap(([name, up, down]) => zone(name, up, down));
      expect(disruption(all).total).toBe(all.length > 0 && zones.every(([, up]) => up === 0));
    }),
  );
});

test('turns come at the rate', () => {
  expect(nextEvictionMs(0.1, undefined, now)).toBe(now);
  expect(nextEvictionMs(0.1, now, now)).toBe(now + 10_000);
  expect(nextEvictionMs(0, now, now)).toBeUndefined();
});

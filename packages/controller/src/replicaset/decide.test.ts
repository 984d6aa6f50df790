import type { Pod } from '@skiff/api';
import { annotated, onNode, pod, replicaSet, running, withUid } from '@skiff/client/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { inDeletionOrder, planReplicas } from './decide.ts';

const now = Date.parse('2026-01-02T04:00:00Z');
const created = (creationTimestamp: string) => ({ metadata: { creationTimestamp } });
const ready = (since: string) => ({
  spec: { nodeName: 'n1' },
  status: {
    phase: 'Running' as const,
    conditions: [{ type: 'Ready', status: 'True' as const, lastTransitionTime: since }],
  },
});
const restarted = (restartCount: number) => ({
  status: {
    phase: 'Running' as const,
    containerStatuses: [{ name: 'main', image: '', imageID: '', ready: false, restartCount }],
  },
});
const costing = (cost: string) => annotated({ 'controller.kubernetes.io/pod-deletion-cost': cost });
const firstToGo = (pods: readonly Pod[], related = pods): string | undefined =>
  inDeletionOrder(pods, related, now)[0]?.metadata.name;

test.each<[string, Pod, Pod]>([
  ['not assigned before assigned', pod('goes'), pod('stays', onNode('n1'))],
  ['pending before running', pod('goes', onNode('n1')), pod('stays', running('n1'), { status: { conditions: [] } })],
  ['not ready before ready', pod('goes', running('n1'), { status: { conditions: [] } }), pod('stays', running('n1'))],
  ['cheaper before dearer', pod('goes', running('n1'), costing('-5')), pod('stays', running('n1'))],
  [
    'a cost beyond 32 bits is none',
    pod('goes', running('n1'), costing('1')),
    pod('stays', running('n1'), costing('2')),
  ],
  ['ready for less long', pod('goes', ready('2026-01-02T03:59:00Z')), pod('stays', ready('2026-01-01T00:00:00Z'))],
  ['restarted more often', pod('goes', onNode('n1'), restarted(3)), pod('stays', onNode('n1'), restarted(2))],
  ['created later', pod('goes', created('2026-01-02T03:59:59Z')), pod('stays', created('2025-01-02T03:00:00Z'))],
  [
    'of one age the lower uid',
    pod('goes', created('2026-01-01T00:00:01Z'), withUid('a')),
    pod('stays', created('2026-01-01T00:00:02Z'), withUid('b')),
  ],
])('%s goes first', (_, goes, stays) => {
  expect(firstToGo([goes, stays])).toBe('goes');
  expect(firstToGo([stays, goes])).toBe('goes');
});

test('of equals the one on the more crowded node goes, counting pods of sibling sets', () => {
  const pods = [pod('alone', running('n2')), pod('crowded', running('n1'))];
  expect(firstToGo(pods, [...pods, pod('sibling', running('n1'))])).toBe('crowded');
});

test('the plan reaches the wanted count, and acts on active pods only', () => {
  const pods = fc.array(
    fc.record({ phase: fc.constantFrom('Pending', 'Running', 'Failed', 'Succeeded'), deleted: fc.boolean() }),
    { maxLength: 12 },
  );
  fc.assert(
    fc.property(pods, fc.nat(12), (shapes, replicas) => {
      const owned = shapes.map(({ phase, deleted }, index) =>
        pod(`p${index}`, {
          status: { phase },
          metadata: deleted ? { deletionTimestamp: '2026-01-02T03:59:00Z' } : {},
        }),
      );
      const active = shapes.filter(({ phase, deleted }) => !deleted && (phase === 'Pending' || phase === 'Running'));
      const plan = planReplicas(replicaSet('web', { spec: { replicas } }), owned, owned, now);
      expect(active.length + plan.create - plan.remove.length).toBe(replicas);
      expect(Math.min(plan.create, plan.remove.length)).toBe(0);
      expect(plan.remove.every((one) => one.metadata.deletionTimestamp === undefined)).toBe(true);
    }),
  );
});

test('one pass makes at most 500, and a set that is being deleted makes none', () => {
  expect(planReplicas(replicaSet('web', { spec: { replicas: 2000 } }), [], [], now).create).toBe(500);
  const going = replicaSet('web', { metadata: { deletionTimestamp: '2026-01-02T03:59:00Z' } });
  expect(planReplicas(going, [], [], now)).toEqual({ create: 0, remove: [] });
});

test('the order of deletion does not depend on the order of the pods', () => {
  const some = fc.array(
    fc.record({ node: fc.constantFrom('', 'n1', 'n2'), ready: fc.boolean(), cost: fc.integer({ min: -2, max: 2 }) }),
    { minLength: 2, maxLength: 8 },
  );
  fc.assert(
    fc.property(some, fc.infiniteStream(fc.nat(1000)), (shapes, numbers) => {
      const pods = shapes.map(({ node, ready: isReady, cost }, index) =>
        pod(`p${index}`, costing(String(cost)), created(`2026-01-02T03:0${index}:00Z`), {
          spec: { nodeName: node },
          status: isReady ? ready('2026-01-02T03:30:00Z').status : {},
        }),
      );
      const shuffled = pods
        .map((one) => ({ one, at: numbers.next().value as number }))
        .sort((a, b) => a.at - b.at)
        .map(({ one }) => one);
      const order = (of: readonly Pod[]) => inDeletionOrder(of, of, now).map((one) => one.metadata.name);
      expect(order(shuffled)).toEqual(order(pods));
    }),
  );
});

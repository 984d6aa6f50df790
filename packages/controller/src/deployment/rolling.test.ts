import type { ReplicaSet } from '@skiff/api';
import { annotated, deployment, replicaSet } from '@skiff/client/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { newSetReplicas, rollingLimits, scaleProportionally, shrinkOldSets, sizeAnnotations } from './rolling.ts';

const rolling = (replicas: number, maxSurge: number | string, maxUnavailable: number | string) =>
  deployment('web', {
    spec: { replicas, strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable } } },
  });
const set = (name: string, replicas: number, available = replicas, day = 1): ReplicaSet =>
  replicaSet(name, {
    metadata: { creationTimestamp: `2026-01-0${day}T00:00:00Z` },
    spec: { replicas },
    status: { replicas, availableReplicas: available },
  });
const counts = (scales: readonly { set: ReplicaSet; replicas: number }[]) =>
  Object.fromEntries(scales.map((scale) => [scale.set.metadata.name, scale.replicas]));

test.each([
  [10, '25%', '25%', 3, 2],
  [1, '25%', '25%', 1, 0],
  [3, '0%', '25%', 0, 1],
  [3, 0, '10%', 0, 1],
  [0, '25%', '25%', 0, 0],
  [2, 0, 5, 0, 2],
  [4, '100%', '100%', 4, 4],
] as const)(
  '%i replicas, surge %s, unavailable %s: %i and %i',
  (replicas, surge, unavailable, maxSurge, maxUnavailable) =>
    expect(rollingLimits(rolling(replicas, surge, unavailable))).toEqual({ maxSurge, maxUnavailable }),
);

test('Recreate keeps nothing available and surges nothing', () => {
  const recreate = deployment('web', { spec: { strategy: { type: 'Recreate' } } });
  expect(rollingLimits(recreate)).toEqual({ maxSurge: 0, maxUnavailable: 0 });
  expect(newSetReplicas(recreate, set('new', 0), [set('new', 0)])).toBe(3);
});

test.each([
  ['room for the surge', rolling(10, 3, 0), 0, 10, 3],
  ['no room', rolling(10, 3, 0), 3, 10, 3],
  ['never above the wanted count', rolling(10, 30, 0), 0, 0, 10],
  ['down to the wanted count', rolling(2, 0, 1), 5, 0, 2],
])('the new set grows: %s', (_, wanted, size, old, expected) => {
  const fresh = set('new', size);
  expect(newSetReplicas(wanted, fresh, [fresh, set('old', old)])).toBe(expected);
});

test('old pods that serve nobody go first, and a new set that does not come up stops the rest', () => {
  const wanted = rolling(10, 3, 2);
  expect(counts(shrinkOldSets(wanted, set('new', 5, 0), [set('old', 8)]))).toEqual({});
  expect(counts(shrinkOldSets(wanted, set('new', 5, 5), [set('old', 8)]))).toEqual({ old: 3 });
  expect(counts(shrinkOldSets(wanted, set('new', 0, 0), [set('broken', 5, 0, 2), set('good', 8, 8, 1)]))).toEqual({
    broken: 0,
  });
});

test('a roll stays between the limits whatever becomes of the pods, and ends', () => {
  const shape = fc.record({
    replicas: fc.integer({ min: 1, max: 12 }),
    surge: fc.oneof(fc.nat(4), fc.constantFrom('0%', '25%', '100%')),
    unavailable: fc.oneof(fc.nat(4), fc.constantFrom('0%', '25%', '50%')),
  });
  fc.assert(
    fc.property(shape, fc.infiniteStream(fc.boolean()), ({ replicas, surge, unavailable }, coin) => {
      const wanted = rolling(replicas, surge, unavailable);
      const { maxSurge, maxUnavailable } = rollingLimits(wanted);
      let old = set('old', replicas);
      let fresh = set('new', 0, 0, 2);
      for (
        let step = 0;
        step < 400 && (fresh.status?.availableReplicas !== replicas || old.spec.replicas !== 0);
        step += 1
      ) {
        const size = newSetReplicas(wanted, fresh, [old, fresh]);
        if (size !== fresh.spec.replicas) fresh = set('new', size, fresh.status?.availableReplicas ?? 0, 2);
        else {
          const shrunk = counts(shrinkOldSets(wanted, fresh, [old])).old;
          if (shrunk !== undefined) old = set('old', shrunk);
        }
        expect((old.spec.replicas ?? 0) + (fresh.spec.replicas ?? 0)).toBeLessThanOrEqual(replicas + maxSurge);
        const available = (old.status?.availableReplicas ?? 0) + (fresh.status?.availableReplicas ?? 0);
        expect(available).toBeGreaterThanOrEqual(replicas - maxUnavailable);
        const came = fresh.status?.availableReplicas ?? 0;
        if (coin.next().value === true && came < (fresh.spec.replicas ?? 0))
          fresh = set('new', fresh.spec.replicas ?? 0, came + 1, 2);
      }
      expect(fresh.status?.availableReplicas).toBeGreaterThan(0);
    }),
  );
});

const sized = (one: ReplicaSet, before: number, max: number): ReplicaSet => ({
  ...one,
  metadata: {
    ...one.metadata,
    annotations: {
      'deployment.kubernetes.io/desired-replicas': String(before),
      'deployment.kubernetes.io/max-replicas': String(max),
    },
  },
});

test('a resize in the middle of a roll is shared out by size, the leftover to the largest', () => {
  const wanted = rolling(15, 3, 2);
  const sets = [sized(set('old', 8, 8, 1), 10, 13), sized(set('new', 5, 0, 2), 10, 13)] as const;
  expect(counts(scaleProportionally(wanted, sets[1], [sets[0]]))).toEqual({ old: 11, new: 7 });
  expect(counts(scaleProportionally(rolling(0, 3, 2), sets[1], [sets[0]]))).toEqual({ old: 0, new: 0 });
});

test('what the largest cannot give, the next in size gives', () => {
  const [fresh, ...old] = [1, 2, 3, 4, 5].map((day) => sized(set(`s${day}`, 4, 0, day), 20, 20));
  const after = counts(scaleProportionally(rolling(3, 0, 1), fresh, old));
  expect(after).toEqual({ s1: 0, s2: 0, s3: 1, s4: 1, s5: 1 });
});

test('without active sets the newest is given the size', () => {
  expect(counts(scaleProportionally(rolling(4, 1, 0), undefined, [set('a', 0, 0, 1), set('b', 0, 0, 2)]))).toEqual({
    b: 4,
  });
});

test('a resize adds up to what the surge allows', () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 2, maxLength: 5 });
  fc.assert(
    fc.property(sizes, fc.integer({ min: 1, max: 20 }), fc.nat(3), (old, replicas, surge) => {
      const total = old.reduce((sum, one) => sum + one, 0);
      const sets = old.map((size, index) => sized(set(`s${index}`, size, 0, index + 1), total, total));
      const after = counts(scaleProportionally(rolling(replicas, surge, 1), sets[0], sets.slice(1)));
      const sum = sets.reduce((all, one) => all + (after[one.metadata.name] ?? one.spec.replicas ?? 0), 0);
      expect(sum).toBe(replicas + rollingLimits(rolling(replicas, surge, 1)).maxSurge);
    }),
  );
});

test('sets remember the size they were scaled for', () => {
  expect(annotated(sizeAnnotations(rolling(10, '25%', 0)))).toEqual({
    metadata: {
      annotations: {
        'deployment.kubernetes.io/desired-replicas': '10',
        'deployment.kubernetes.io/max-replicas': '13',
      },
    },
  });
});

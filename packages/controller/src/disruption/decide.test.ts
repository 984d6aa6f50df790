import type { PodDisruptionBudget } from '@skiff/api';
import { pod, podDisruptionBudget, running } from '@skiff/client/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { failedStatus, planBudget } from './decide.ts';

const now = Date.parse('2026-01-02T04:00:00Z');
const budgetOf = (
  spec: Pick<PodDisruptionBudget['spec'], 'minAvailable' | 'maxUnavailable'>,
  status?: object,
): PodDisruptionBudget => {
  const made = podDisruptionBudget('web', { metadata: { generation: 3 } });
  return {
    ...made,
    ...(status === undefined ? {} : { status }),
    spec: { selector: { matchLabels: { app: 'web' } }, ...spec },
  };
};
const ready = (count: number) => Array.from({ length: count }, (_, index) => pod(`p${index}`, running('n1')));

test.each([
  [{ minAvailable: 2 }, 3, 3, { expectedPods: 3, desiredHealthy: 2, disruptionsAllowed: 1 }],
  [{ minAvailable: 5 }, 3, 3, { expectedPods: 3, desiredHealthy: 5, disruptionsAllowed: 0 }],
  [{ minAvailable: '50%' }, 3, 5, { expectedPods: 5, desiredHealthy: 3, disruptionsAllowed: 0 }],
  [{ maxUnavailable: 1 }, 3, 3, { expectedPods: 3, desiredHealthy: 2, disruptionsAllowed: 1 }],
  [{ maxUnavailable: '34%' }, 3, 3, { expectedPods: 3, desiredHealthy: 1, disruptionsAllowed: 2 }],
  [{ maxUnavailable: 9 }, 3, 3, { expectedPods: 3, desiredHealthy: 0, disruptionsAllowed: 3 }],
  [{ minAvailable: 0 }, 0, 0, { expectedPods: 0, desiredHealthy: 0, disruptionsAllowed: 0 }],
])('%j over %i ready pods of %i', (spec, healthy, scale, status) => {
  const plan = planBudget(budgetOf(spec), ready(healthy), scale, now);
  expect(plan.status).toMatchObject({ ...status, currentHealthy: healthy, observedGeneration: 3 });
  const [condition] = plan.status.conditions ?? [];
  expect(condition).toMatchObject(
    status.disruptionsAllowed > 0
      ? { type: 'DisruptionAllowed', status: 'True', reason: 'SufficientPods', observedGeneration: 3 }
      : { type: 'DisruptionAllowed', status: 'False', reason: 'InsufficientPods' },
  );
});

test('an evicted pod is not healthy until it is gone or two minutes have passed', () => {
  const pods = ready(3);
  const evicted = (since: string) => budgetOf({ minAvailable: 1 }, { disruptedPods: { p0: since, gone: since } });
  const during = planBudget(evicted('2026-01-02T03:59:00Z'), pods, 0, now);
  expect(during.status).toMatchObject({ currentHealthy: 2, disruptionsAllowed: 1 });
  expect(during.status.disruptedPods).toEqual({ p0: '2026-01-02T03:59:00Z' });
  expect(during.againMs).toBe(Date.parse('2026-01-02T04:01:00Z'));
  const after = planBudget(evicted('2026-01-02T03:57:00Z'), pods, 0, now);
  expect(after.notDeleted.map((one) => one.metadata.name)).toEqual(['p0']);
  expect(after.status).toMatchObject({ currentHealthy: 3, disruptionsAllowed: 2 });
});

test('what cannot be worked out allows nothing', () => {
  const before = budgetOf({ minAvailable: 1 }, planBudget(budgetOf({ minAvailable: 1 }), ready(3), 0, now).status);
  expect(failedStatus(before, 'no scale', now)).toMatchObject({
    currentHealthy: 3,
    disruptionsAllowed: 0,
    conditions: [{ type: 'DisruptionAllowed', status: 'False', reason: 'SyncFailed', message: 'no scale' }],
  });
});

test('what is allowed never takes the healthy pods below what is desired', () => {
  const specs = fc.oneof(
    fc.record({ minAvailable: fc.oneof(fc.nat(8), fc.constantFrom('0%', '33%', '100%')) }),
    fc.record({ maxUnavailable: fc.oneof(fc.nat(8), fc.constantFrom('0%', '33%', '100%')) }),
  );
  fc.assert(
    fc.property(specs, fc.nat(8), fc.nat(8), (spec, healthy, scale) => {
      const { status } = planBudget(budgetOf(spec), ready(healthy), scale, now);
      const { disruptionsAllowed = -1, currentHealthy = 0, desiredHealthy = 0 } = status;
      expect(disruptionsAllowed).toBeGreaterThanOrEqual(0);
      if (disruptionsAllowed > 0) expect(currentHealthy - disruptionsAllowed).toBeGreaterThanOrEqual(desiredHealthy);
    }),
  );
});

import type { PriorityLevelConfiguration } from '@skiff/api';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { boundsOf, currentLimits, type LevelSpec, levelSpecOf, seatCapOf } from './levels.ts';
import { bootstrapFlowObjects } from './suggested.ts';

const shipped = bootstrapFlowObjects.flatMap(({ resource, object }) => {
  if (resource !== 'prioritylevelconfigurations') return [];
  const spec = levelSpecOf(object as unknown as PriorityLevelConfiguration);
  return spec === undefined ? [] : [spec];
});

it('divides the default 600 seats as Kubernetes does', () => {
  const bounds = boundsOf(600, shipped);
  const table = Object.fromEntries(
    shipped.map((spec, index) => {
      const { nominal = 0, min = 0, max = 0 } = bounds[index] ?? {};
      return [spec.name, [nominal, min, max, seatCapOf(spec, nominal)]];
    }),
  );
  expect(table).toEqual({
    exempt: [0, 0, 600, 10],
    'catch-all': [13, 13, 613, 10],
    system: [74, 50, 674, 10],
    'node-high': [98, 73, 698, 10],
    'leader-election': [25, 25, 625, 4],
    'workload-high': [98, 49, 698, 10],
    'workload-low': [245, 24, 845, 10],
    'global-default': [49, 24, 649, 8],
  });
});

it.each<[string, object]>([
  ['exempt under another name', { metadata: { name: 'x' }, spec: { type: 'Exempt', exempt: {} } }],
  ['limited under the name exempt', { metadata: { name: 'exempt' }, spec: { type: 'Limited', limited: {} } }],
  ['limited without its part', { metadata: { name: 'x' }, spec: { type: 'Limited' } }],
  [
    'queueing without queues',
    { metadata: { name: 'x' }, spec: { type: 'Limited', limited: { limitResponse: { type: 'Queue' } } } },
  ],
])('does not follow what is %s', (_what, object) => {
  expect(levelSpecOf(object as PriorityLevelConfiguration)).toBeUndefined();
});

it('keeps everyone between its bounds, and lends what is not wanted', () => {
  const level = fc.record({
    shares: fc.integer({ min: 1, max: 100 }),
    lendable: fc.nat(100),
    high: fc.nat(300),
    more: fc.nat(300),
  });
  fc.assert(
    fc.property(fc.array(level, { minLength: 1, maxLength: 8 }), (rows) => {
      const specs = rows.map(
        ({ shares, lendable }, index): LevelSpec => ({
          ...{ name: String(index), uid: '', exempt: false, shares, lendablePercent: lendable },
          ...{ borrowingLimitPercent: undefined, shape: { queues: 1, handSize: 1, queueLengthLimit: 1 } },
        }),
      );
      const bounds = boundsOf(600, specs);
      const states = bounds.map((own, index) => {
        const high = rows[index]?.high ?? 0;
        return { ...own, exempt: false, demand: { highWatermark: high, smoothed: high + (rows[index]?.more ?? 0) } };
      });
      const limits = currentLimits(states);
      const total = bounds.reduce((sum, { nominal }) => sum + nominal, 0);
      for (const [index, own] of bounds.entries()) {
        expect(limits[index]).toBeGreaterThanOrEqual(own.min);
        expect(limits[index]).toBeLessThanOrEqual(own.max);
      }
      expect(Math.abs(limits.reduce((sum, each) => sum + each, 0) - total)).toBeLessThanOrEqual(rows.length);
    }),
  );
});

it('takes what exempt requests hold from what may be lent', () => {
  const demand = { highWatermark: 0, smoothed: 0 };
  const states = [
    { nominal: 0, min: 0, max: 600, exempt: true, demand: { ...demand, highWatermark: 70 } },
    { nominal: 100, min: 40, max: 700, exempt: false, demand: { highWatermark: 100, smoothed: 100 } },
  ];
  expect(currentLimits(states)).toEqual([70, 40]);
});

import type { Pod, PodDisruptionBudget } from '@skiff/api';
import {
  allocatable,
  labelled,
  node,
  onNode,
  type Part,
  pod,
  podDisruptionBudget,
  requesting,
  tainted,
} from '@skiff/client/testing';
import { describe, expect, test } from 'vitest';
import { filters } from '../plugins/index.ts';
import { planPreemption } from './preempt.ts';
import { filterNodes } from './schedule.ts';
import { type Surroundings, snapshotOf } from './testing.ts';

const nodes = [node('n1', allocatable({ cpu: '2' })), node('n2', allocatable({ cpu: '2' }))];
const important = (priority: number): Part<Pod> => ({ spec: { priority } });
const started = (startTime: string): Part<Pod> => ({ status: { startTime } });
const runs = (name: string, where: string, cpu: string, priority: number, ...parts: Part<Pod>[]): Pod =>
  pod(name, onNode(where), requesting({ cpu }), important(priority), ...parts);
const asks = (cpu: string, priority = 100, ...parts: Part<Pod>[]): Pod =>
  pod('new', requesting({ cpu }), important(priority), ...parts);

function plan(
  one: Pod,
  pods: readonly Pod[],
  budgets: readonly PodDisruptionBudget[] = [],
  among = nodes,
  around: Surroundings = {},
) {
  const snapshot = snapshotOf(among, pods, around);
  const { refusals } = filterNodes(snapshot, one, filters);
  const result = planPreemption(snapshot, one, refusals, filters, budgets);
  if (result.type !== 'candidate') return `${result.type}: ${result.message}`;
  const { node: where, victims, violations } = result.candidate;
  return [where, victims.map(({ metadata }) => metadata.name), violations];
}

describe('whether', () => {
  const full = [runs('a', 'n1', '2', 0), runs('b', 'n2', '2', 0)];

  test('a pod whose policy is Never preempts nobody', () => {
    expect(plan(asks('1', 100, { spec: { preemptionPolicy: 'Never' } }), full)).toBe(
      'ineligible: preemption: not eligible due to preemptionPolicy=Never.',
    );
  });

  test('equally important pods stay', () => {
    expect(plan(asks('1', 0), full)).toBe(
      'none: preemption: 0/2 nodes are available: 2 No preemption victims found for incoming pod.',
    );
  });

  test('it is said where removing pods would not help', () => {
    const tainting = [...nodes, node('n3', tainted({ key: 'k', effect: 'NoSchedule' }))];
    expect(plan(asks('3'), full, [], tainting)).toBe(
      'none: preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.',
    );
    expect(plan(asks('1', 0), full, [], tainting)).toBe(
      'none: preemption: 0/3 nodes are available: 1 Preemption is not helpful for scheduling, 2 No preemption victims found for incoming pod.',
    );
  });

  test('while preempted pods on the nominated node have not gone, nobody else has to', () => {
    const leaving = (reason: string): Part<Pod> => ({
      metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' },
      status: { conditions: [{ type: 'DisruptionTarget', status: 'True', reason }] },
    });
    const waiting = asks('1', 100, { status: { nominatedNodeName: 'n1' } });
    const preempted = [runs('a', 'n1', '2', 0, leaving('PreemptionByScheduler')), runs('b', 'n2', '2', 0)];
    expect(plan(waiting, preempted)).toBe(
      'ineligible: preemption: not eligible due to a terminating pod on the nominated node.',
    );
    const evicted = [runs('a', 'n1', '2', 0, leaving('EvictionByEvictionAPI')), runs('b', 'n2', '2', 0)];
    expect(plan(waiting, evicted)).toEqual(['n1', ['a'], 0]);
  });
});

describe('who', () => {
  test('as few as possible, the least important first', () => {
    const pods = [
      runs('low', 'n1', '500m', 1),
      runs('middle', 'n1', '500m', 2),
      runs('high', 'n1', '1', 3),
      runs('other', 'n2', '2', 50),
    ];
    expect(plan(asks('500m'), pods)).toEqual(['n1', ['low'], 0]);
    expect(plan(asks('1'), pods)).toEqual(['n1', ['middle', 'low'], 0]);
    expect(plan(asks('2'), pods)).toEqual(['n1', ['high', 'middle', 'low'], 0]);
  });

  test('of equals, those that began last', () => {
    const pods = [
      runs('old', 'n1', '1', 0, started('2026-01-01T00:00:00Z')),
      runs('young', 'n1', '1', 0, started('2026-01-02T00:00:00Z')),
      runs('other', 'n2', '2', 50),
    ];
    expect(plan(asks('1'), pods)).toEqual(['n1', ['young'], 0]);
  });

  test('pods that no budget guards go first', () => {
    const budget = podDisruptionBudget('b', { spec: { selector: { matchLabels: { app: 'guarded' } } } });
    const pods = [
      runs('guarded', 'n1', '1', 0, labelled({ app: 'guarded' })),
      runs('free', 'n1', '1', 5),
      runs('other', 'n2', '2', 50),
    ];
    expect(plan(asks('1'), pods, [budget])).toEqual(['n1', ['free'], 0]);
    expect(plan(asks('1'), pods)).toEqual(['n1', ['guarded'], 0]);
    expect(plan(asks('2'), pods, [budget])).toEqual(['n2', ['other'], 0]);
    const gone = { ...budget, status: { disruptedPods: { guarded: '2026-01-01T00:00:00Z' } } as never };
    expect(plan(asks('1'), pods, [gone])).toEqual(['n1', ['guarded'], 0]);
    expect(plan(asks('1'), pods, [{ ...budget, status: { disruptionsAllowed: 1 } as never }])).toEqual([
      'n1',
      ['guarded'],
      0,
    ]);
    expect(plan(asks('1'), pods, [{ ...budget, spec: { selector: {} } }])).toEqual(['n1', ['guarded'], 0]);
  });
});

describe('where: the first difference decides', () => {
  const app = labelled({ app: 'b' });
  const budget = podDisruptionBudget('b');
  test.each<[string, Pod[], string]>([
    ['fewer broken budgets', [runs('a', 'n1', '2', 0, app), runs('b', 'n2', '2', 90)], 'n2'],
    ['a lower highest priority', [runs('a', 'n1', '2', 5), runs('b', 'n2', '2', 4)], 'n2'],
    [
      'a lower sum of priorities',
      [runs('a', 'n1', '1', 5), runs('a2', 'n1', '1', 4), runs('b', 'n2', '1', 5), runs('b2', 'n2', '1', 3)],
      'n2',
    ],
    ['fewer victims', [runs('a', 'n1', '1', 5), runs('a2', 'n1', '1', 5), runs('b', 'n2', '2', 5)], 'n2'],
    [
      'victims that began later',
      [
        runs('a', 'n1', '2', 5, started('2026-01-01T00:00:00Z')),
        runs('b', 'n2', '2', 5, started('2026-01-02T00:00:00Z')),
      ],
      'n2',
    ],
  ])('%s', (_, pods, where) => {
    expect(plan(asks('2'), pods, [budget])[0]).toBe(where);
  });
});

test('room that was made for a more important pod is not counted', () => {
  const waiting = pod('waiting', requesting({ cpu: '2' }), important(200), { status: { nominatedNodeName: 'n1' } });
  const pods = [runs('a', 'n1', '2', 0), runs('b', 'n2', '2', 50)];
  expect(plan(asks('2'), pods, [], nodes, { nominated: [waiting] })).toEqual(['n2', ['b'], 0]);
});

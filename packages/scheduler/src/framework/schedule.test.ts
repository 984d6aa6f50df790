import type { Pod } from '@skiff/api';
import {
  allocatable,
  createSeededRandom,
  labelled,
  node,
  onNode,
  type Part,
  pod,
  requesting,
  tainted,
} from '@skiff/client/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { filters, scorers } from '../plugins/index.ts';
import { addPod } from './node-info.ts';
import { highestIsBest, lowestIsBest, spreadOut } from './normalise.ts';
import { podRequests } from './resources.ts';
import { explain, schedule } from './schedule.ts';
import { snapshotOf } from './testing.ts';
import { refuse, refuseForGood } from './types.ts';

const plugins = { filters, scorers };
const important = (priority: number): Part<Pod> => ({ spec: { priority } });
const nominated = (nominatedNodeName: string): Part<Pod> => ({ status: { nominatedNodeName } });

test('what is said of nodes that refused, in the words of Kubernetes', () => {
  const refusals = [
    refuseForGood('node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }'),
    refuse('Insufficient cpu', 'Insufficient memory'),
    refuse('Insufficient cpu'),
  ];
  expect(explain(3, refusals)).toBe(
    '0/3 nodes are available: 1 Insufficient memory, 1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }, 2 Insufficient cpu.',
  );
});

test.each([
  ['highest is best', highestIsBest, [0, 1, 3], [0, 33, 100]],
  ['highest is best, all zero', highestIsBest, [0, 0], [0, 0]],
  ['lowest is best', lowestIsBest, [0, 1, 3], [100, 67, 0]],
  ['lowest is best, all zero', lowestIsBest, [0, 0], [100, 100]],
  ['spread out', spreadOut, [-10, 0, 10], [0, 50, 100]],
  ['spread out, all alike', spreadOut, [7, 7], [0, 0]],
])('%s', (_, normalise, raw, normal) => {
  expect(normalise(raw)).toEqual(normal);
});

test('the best node wins; among equals, chance', () => {
  const nodes = [node('n1'), node('n2'), node('n3')];
  const busy = pod('busy', onNode('n1'), requesting({ cpu: '3' }));
  const pick = (chance: number) => schedule(snapshotOf(nodes, [busy]), pod('p'), plugins, chance);
  expect(pick(0)).toEqual({ type: 'node', node: 'n2', feasible: 3 });
  expect(pick(0.99)).toEqual({ type: 'node', node: 'n3', feasible: 3 });
});

test('the first plugin that refuses speaks for the node', () => {
  const snapshot = snapshotOf([node('n1', tainted({ key: 'k', effect: 'NoSchedule' }), allocatable({ cpu: '0' }))]);
  const decision = schedule(snapshot, pod('p', requesting({ cpu: '1' })), plugins, 0);
  expect(decision.type === 'unschedulable' ? [...decision.refusals] : decision).toEqual([
    ['n1', { reasons: ['node(s) had untolerated taint {k: }'], unresolvable: true }],
  ]);
});

describe('room that preemption made', () => {
  const n1 = node('n1', allocatable({ cpu: '1' }));
  const asks = requesting({ cpu: '1' });
  const waiting = pod('waiting', asks, important(10), nominated('n1'));
  const decide = (one: Pod, nodes = [n1]) => schedule(snapshotOf(nodes, [], { nominated: [waiting] }), one, plugins, 0);

  test('is kept from pods that are less or equally important, and not from more important ones', () => {
    expect(decide(pod('less', asks, important(5))).type).toBe('unschedulable');
    expect(decide(pod('equal', asks, important(10))).type).toBe('unschedulable');
    expect(decide(pod('more', asks, important(11)))).toMatchObject({ node: 'n1' });
  });

  test('is there for the pod it was made for, which takes it even when another node is liked more', () => {
    const emptier = node('n2');
    expect(decide(waiting)).toMatchObject({ node: 'n1' });
    expect(decide(waiting, [n1, emptier])).toMatchObject({ node: 'n1', feasible: 2 });
    expect(decide(pod('less', asks), [n1, emptier])).toMatchObject({ node: 'n2' });
  });

  test('company that may never come is not counted on', () => {
    const near = (app: string): Part<Pod> => ({
      spec: {
        affinity: {
          podAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: [
              { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app } } },
            ],
          },
        },
      },
    });
    const friend = pod('friend', labelled({ app: 'web' }), important(10), nominated('n2'));
    const snapshot = snapshotOf([node('n2')], [], { nominated: [friend] });
    expect(schedule(snapshot, pod('p', near('web')), plugins, 0).type).toBe('unschedulable');
  });
});

const cpu = fc.integer({ min: 0, max: 1500 }).map((milli) => `${milli}m`);
const memory = fc.integer({ min: 0, max: 3000 }).map((mebibytes) => `${mebibytes}Mi`);
const anyPod = fc.record({
  requests: fc.record({ cpu, memory }),
  init: fc.option(cpu),
  sidecar: fc.option(cpu),
  zone: fc.option(fc.constantFrom('a', 'b')),
  tolerant: fc.boolean(),
  app: fc.constantFrom('web', 'db'),
  apart: fc.boolean(),
});
const anyNode = fc.record({
  cpu: fc.integer({ min: 0, max: 4000 }).map((milli) => `${milli}m`),
  memory: fc.integer({ min: 0, max: 8000 }).map((mebibytes) => `${mebibytes}Mi`),
  pods: fc.integer({ min: 0, max: 6 }).map(String),
  zone: fc.constantFrom('a', 'b'),
  taint: fc.boolean(),
});
type PodShape = typeof anyPod extends fc.Arbitrary<infer T> ? T : never;

function toPod(shape: PodShape, index: number): Pod {
  const container = (name: string, request: string, restartPolicy?: 'Always') => ({
    name,
    image: 'i',
    resources: { requests: { cpu: request } },
    ...(restartPolicy === undefined ? {} : { restartPolicy }),
  });
  return pod(`p${index}`, labelled({ app: shape.app }), requesting(shape.requests), {
    spec: {
      initContainers: [
        ...(shape.init === null ? [] : [container('init', shape.init)]),
        ...(shape.sidecar === null ? [] : [container('sidecar', shape.sidecar, 'Always')]),
      ],
      ...(shape.zone === null ? {} : { nodeSelector: { zone: shape.zone } }),
      tolerations: shape.tolerant ? [{ operator: 'Exists' }] : [],
      ...(shape.apart
        ? {
            affinity: {
              podAntiAffinity: {
                requiredDuringSchedulingIgnoredDuringExecution: [
                  { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: shape.app } } },
                ],
              },
            },
          }
        : {}),
    },
  });
}

/** Places one pod after the other; what found no node stays out. */
function placeAll(pods: readonly Pod[], nodes: Parameters<typeof snapshotOf>[0], seed: number) {
  const random = createSeededRandom(seed);
  let snapshot = snapshotOf(nodes);
  const placed: [string, string][] = [];
  for (const one of pods) {
    const decision = schedule(snapshot, one, plugins, random());
    if (decision.type === 'node') {
      placed.push([one.metadata.name, decision.node]);
      const infos = snapshot.nodes.map((info) =>
        info.node.metadata.name === decision.node ? addPod(info, one) : info,
      );
      snapshot = { ...snapshot, nodes: infos };
    } else {
      for (const info of snapshot.nodes) {
        const why = decision.refusals.get(info.node.metadata.name);
        expect(why?.reasons.length).toBeGreaterThan(0);
      }
    }
  }
  return { snapshot, placed };
}

test('no node is ever given more than it has; a pod that is left out fits nowhere; the same seed, the same places', () => {
  fc.assert(
    fc.property(
      fc.array(anyPod, { maxLength: 25 }),
      fc.array(anyNode, { maxLength: 5 }),
      fc.integer(),
      (shapes, rooms, seed) => {
        const nodes = rooms.map(({ zone, taint, ...room }, index) =>
          node(
            `n${index}`,
            { metadata: { labels: { zone } } },
            allocatable(room),
            taint ? tainted({ key: 'k', effect: 'NoSchedule' }) : {},
          ),
        );
        const pods = shapes.map(toPod);
        const { snapshot, placed } = placeAll(pods, nodes, seed);
        for (const { pods: there, allocatable: room, requested } of snapshot.nodes) {
          const total = new Map<string, number>();
          for (const one of there)
            for (const [name, amount] of podRequests(one)) total.set(name, (total.get(name) ?? 0) + amount);
          for (const [name, amount] of total) {
            expect(amount).toBeLessThanOrEqual(room.get(name) ?? 0);
            expect(requested.get(name)).toBe(amount);
          }
        }
        // Naively, without plugins: whoever was left out at the very end has no node with his zone, taint and room.
        const last = pods.at(-1);
        if (last !== undefined && !placed.some(([name]) => name === last.metadata.name)) {
          const asks = podRequests(last);
          const apart = last.spec.affinity !== undefined;
          const fits = snapshot.nodes.some(
            (info) =>
              (last.spec.nodeSelector?.zone ?? info.node.metadata.labels?.zone) === info.node.metadata.labels?.zone &&
              ((info.node.spec?.taints ?? []).length === 0 || (last.spec.tolerations ?? []).length > 0) &&
              [...asks].every(
                ([name, amount]) =>
                  amount === 0 || amount + (info.requested.get(name) ?? 0) <= (info.allocatable.get(name) ?? 0),
              ) &&
              info.pods.every(
                (one) =>
                  one.metadata.labels?.app !== last.metadata.labels?.app || (!apart && one.spec.affinity === undefined),
              ),
          );
          expect(fits).toBe(false);
        }
        expect(placeAll(pods, nodes, seed).placed).toEqual(placed);
      },
    ),
    { numRuns: 200 },
  );
});

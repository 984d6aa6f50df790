/** Resources and host ports. */
import type { Pod } from '@skiff/api';
import { allocatable, node, onNode, type Part, pod, requesting } from '@skiff/client/testing';
import { describe, expect, test } from 'vitest';
import { podRequests, scoringRequests } from '../framework/resources.ts';
import { judge, scoresOf, snapshotOf } from '../framework/testing.ts';
import { balancedAllocation } from './balanced-allocation.ts';
import { nodePorts } from './node-ports.ts';
import { nodeResourcesFit } from './node-resources-fit.ts';

const container = (name: string, requests?: Record<string, string>, restartPolicy?: 'Always') => ({
  name,
  image: 'i',
  ...(requests === undefined ? {} : { resources: { requests } }),
  ...(restartPolicy === undefined ? {} : { restartPolicy }),
});
const amounts = (requests: ReadonlyMap<string, number>) => Object.fromEntries(requests);

describe('what a pod asks for', () => {
  test('containers add up; cpu in millicores rounded up, the rest in whole units', () => {
    const asks = pod('p', {
      spec: {
        containers: [
          container('a', { cpu: '0.5', memory: '1Gi' }),
          container('b', { cpu: '100u', 'example.com/gpu': '2' }),
        ],
      },
    });
    expect(amounts(podRequests(asks))).toEqual({ cpu: 501, memory: 2 ** 30, 'example.com/gpu': 2, pods: 1 });
  });

  test('an init container counts when it asks for more than all containers together', () => {
    const asks = (init: string) =>
      pod('p', {
        spec: {
          initContainers: [container('i', { cpu: init })],
          containers: [container('a', { cpu: '1' }), container('b', { cpu: '1' })],
        },
      });
    expect(podRequests(asks('1500m')).get('cpu')).toBe(2000);
    expect(podRequests(asks('3')).get('cpu')).toBe(3000);
  });

  test('sidecars run beside the containers, and beside the init containers after them', () => {
    const initContainers = [
      container('first', { cpu: '2' }),
      container('sidecar', { cpu: '1' }, 'Always'),
      container('second', { cpu: '2500m' }),
    ];
    const asks = (cpu: string) => pod('p', { spec: { initContainers, containers: [container('a', { cpu })] } });
    expect(podRequests(asks('500m')).get('cpu')).toBe(3500);
    expect(podRequests(asks('3')).get('cpu')).toBe(4000);
  });

  test('the overhead of its runtime class comes on top', () => {
    const asks = pod('p', requesting({ cpu: '1' }), { spec: { overhead: { cpu: '250m', memory: '64Mi' } } });
    expect(amounts(podRequests(asks))).toEqual({ cpu: 1250, memory: 2 ** 26, pods: 1 });
  });

  test('for scores, each container that says nothing asks for a little; one that says zero asks for zero', () => {
    const asks = pod('p', { spec: { containers: [container('a', { cpu: '1', memory: '0' }), container('b')] } });
    expect(amounts(scoringRequests(asks))).toEqual({ cpu: 1100, memory: 200 * 2 ** 20, pods: 1 });
  });
});

describe('room', () => {
  const n = node('n', allocatable({ cpu: '2', memory: '4Gi', pods: '2', 'example.com/gpu': '1' }));
  const judged = (asks: Pod, ...there: Pod[]) => judge(nodeResourcesFit, asks, snapshotOf([n], there)).n;
  const there = pod('there', onNode('n'), requesting({ cpu: '1', 'example.com/gpu': '1' }));

  test.each<[string, Part<Pod>, string]>([
    ['just enough', requesting({ cpu: '1', memory: '4Gi' }), 'fits'],
    ['nothing asked for', {}, 'fits'],
    ['cpu, that another holds', requesting({ cpu: '1001m' }), 'Insufficient cpu'],
    ['cpu, more than the node has', requesting({ cpu: '3' }), '!Insufficient cpu'],
    ['several', requesting({ cpu: '1500m', memory: '5Gi' }), '!Insufficient cpu, Insufficient memory'],
    ['an extended resource that is taken', requesting({ 'example.com/gpu': '1' }), 'Insufficient example.com/gpu'],
    ['one that the node does not have', requesting({ 'example.com/tpu': '1' }), '!Insufficient example.com/tpu'],
    ['none of one that the node does not have', requesting({ 'example.com/tpu': '0' }), 'fits'],
  ])('%s', (_, asks, verdict) => {
    expect(judged(pod('p', asks), there)).toBe(verdict);
  });

  test('a node takes so many pods and no more', () => {
    expect(judged(pod('p', requesting({ cpu: '2' })), there, pod('b', onNode('n')))).toBe(
      'Too many pods, Insufficient cpu',
    );
  });

  test('capacity counts where a node says nothing of what is allocatable', () => {
    const bare = node('n');
    const { allocatable: _, ...status } = bare.status ?? {};
    expect(judge(nodeResourcesFit, pod('p', requesting({ cpu: '4' })), snapshotOf([{ ...bare, status }])).n).toBe(
      'fits',
    );
  });

  test('the emptier node is liked more, and the one that is used evenly', () => {
    const nodes = [node('empty'), node('half')];
    const half = pod('x', onNode('half'), requesting({ cpu: '2', memory: '0' }));
    const asks = pod('p', requesting({ cpu: '1', memory: '0' }));
    expect(scoresOf(nodeResourcesFit, asks, snapshotOf(nodes, [half]))).toEqual({ empty: 87, half: 62 });
    expect(scoresOf(balancedAllocation, asks, snapshotOf(nodes, [half]))).toEqual({ empty: 87, half: 62 });
    const bestEffort = pod('y', onNode('empty'));
    expect(scoresOf(nodeResourcesFit, asks, snapshotOf(nodes, [half, bestEffort])).empty).toBeLessThan(87);
  });
});

describe('host ports', () => {
  const port = (hostPort: number, hostIP?: string, protocol?: 'TCP' | 'UDP'): Part<Pod> => ({
    spec: {
      containers: [
        {
          name: 'c',
          image: 'i',
          ports: [
            {
              containerPort: 1,
              hostPort,
              ...(hostIP === undefined ? {} : { hostIP }),
              ...(protocol === undefined ? {} : { protocol }),
            },
          ],
        },
      ],
    },
  });
  test.each<[string, Part<Pod>, Part<Pod>, boolean]>([
    ['the same', port(80), port(80), false],
    ['another port', port(80), port(81), true],
    ['another protocol', port(80), port(80, undefined, 'UDP'), true],
    ['another address', port(80, '10.0.0.1'), port(80, '10.0.0.2'), true],
    ['the same address', port(80, '10.0.0.1'), port(80, '10.0.0.1'), false],
    ['all addresses are there', port(80), port(80, '10.0.0.1'), false],
    ['all addresses are wanted', port(80, '10.0.0.1'), port(80, '0.0.0.0'), false],
    ['no host port', port(80), {}, true],
  ])('%s', (_, has, wants, fits) => {
    const verdict = judge(nodePorts, pod('p', wants), snapshotOf([node('n')], [pod('there', has, onNode('n'))])).n;
    expect(verdict).toBe(fits ? 'fits' : "node(s) didn't have free ports for the requested pod ports");
  });

  test('ports of sidecars count, of other init containers not', () => {
    const ports = [{ containerPort: 1, hostPort: 80 }];
    const there = (restartPolicy?: 'Always') =>
      pod('there', onNode('n'), { spec: { initContainers: [{ ...container('i', undefined, restartPolicy), ports }] } });
    expect(judge(nodePorts, pod('p', port(80)), snapshotOf([node('n')], [there('Always')])).n).not.toBe('fits');
    expect(judge(nodePorts, pod('p', port(80)), snapshotOf([node('n')], [there()])).n).toBe('fits');
  });
});

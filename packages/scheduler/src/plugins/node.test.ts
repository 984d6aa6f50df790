/** The plugins that look at a node alone: its name, labels, taints, images and whether it is cordoned. */
import type { NodeSelectorRequirement, Pod, Taint, Toleration } from '@skiff/api';
import { labelled, node, onNode, type Part, pod, tainted, tolerating } from '@skiff/client/testing';
import { describe, expect, test } from 'vitest';
import { judge, scoresOf, snapshotOf } from '../framework/testing.ts';
import { imageLocality } from './image-locality.ts';
import { nodeAffinity } from './node-affinity.ts';
import { nodeName } from './node-name.ts';
import { nodeUnschedulable } from './node-unschedulable.ts';
import { taintToleration } from './taint-toleration.ts';

const n1 = node('n1', labelled({ disk: 'ssd', cpus: '8', zone: 'a' }));
const n2 = node('n2', labelled({ disk: 'hdd', cpus: '4' }));

test('a pod that names its node goes nowhere else', () => {
  expect(judge(nodeName, pod('a', onNode('n2')), snapshotOf([n1, n2]))).toEqual({
    n1: "!node(s) didn't match the requested node name",
    n2: 'fits',
  });
  expect(judge(nodeName, pod('a'), snapshotOf([n1]))).toEqual({ n1: 'fits' });
});

test('a cordoned node takes only who tolerates it', () => {
  const cordoned = snapshotOf([node('n1', { spec: { unschedulable: true } }), node('n2')]);
  expect(judge(nodeUnschedulable, pod('a'), cordoned)).toEqual({ n1: '!node(s) were unschedulable', n2: 'fits' });
  const key = 'node.kubernetes.io/unschedulable';
  for (const toleration of [
    { operator: 'Exists' },
    { key, operator: 'Exists' },
    { key, effect: 'NoSchedule' },
  ] as Toleration[])
    expect(judge(nodeUnschedulable, pod('a', tolerating(toleration)), cordoned)).toMatchObject({ n1: 'fits' });
});

describe('node affinity', () => {
  const requiring = (...matchExpressions: NodeSelectorRequirement[]): Part<Pod> => ({
    spec: {
      affinity: {
        nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions }] } },
      },
    },
  });
  const fitting = (...parts: Part<Pod>[]): string[] =>
    Object.entries(judge(nodeAffinity, pod('a', ...parts), snapshotOf([n1, n2])))
      .filter(([, verdict]) => verdict === 'fits')
      .map(([name]) => name);

  test.each<[string, NodeSelectorRequirement, string[]]>([
    ['In', { key: 'disk', operator: 'In', values: ['ssd', 'nvme'] }, ['n1']],
    ['NotIn', { key: 'disk', operator: 'NotIn', values: ['ssd'] }, ['n2']],
    ['NotIn of a label the node lacks', { key: 'zone', operator: 'NotIn', values: ['a'] }, ['n2']],
    ['Exists', { key: 'zone', operator: 'Exists' }, ['n1']],
    ['DoesNotExist', { key: 'zone', operator: 'DoesNotExist' }, ['n2']],
    ['Gt', { key: 'cpus', operator: 'Gt', values: ['4'] }, ['n1']],
    ['Lt', { key: 'cpus', operator: 'Lt', values: ['8'] }, ['n2']],
    ['Gt of what is no number', { key: 'disk', operator: 'Gt', values: ['1'] }, []],
    ['Gt of a label the node lacks', { key: 'nobody', operator: 'Gt', values: ['1'] }, []],
    ['an operator that does not exist', { key: 'disk', operator: 'constructor' as never, values: [] }, []],
  ])('%s', (_, requirement, nodes) => {
    expect(fitting(requiring(requirement))).toEqual(nodes);
  });

  test('all expressions of a term, any of the terms, and nodeSelector besides', () => {
    const [ssd, big] = [
      { key: 'disk', operator: 'In', values: ['ssd'] },
      { key: 'cpus', operator: 'Gt', values: ['100'] },
    ] as NodeSelectorRequirement[];
    expect(fitting(requiring(ssd as never, big as never))).toEqual([]);
    const terms = (...nodeSelectorTerms: object[]): Part<Pod> => ({
      spec: {
        affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } },
      } as never,
    });
    expect(fitting(terms({ matchExpressions: [ssd] }, { matchExpressions: [big] }))).toEqual(['n1']);
    expect(fitting(terms({}))).toEqual([]);
    expect(fitting(terms())).toEqual([]);
    const byName = { matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n2'] }] };
    expect(fitting(terms(byName))).toEqual(['n2']);
    expect(fitting(terms(byName), { spec: { nodeSelector: { disk: 'ssd' } } })).toEqual([]);
    expect(fitting({ spec: { nodeSelector: { disk: 'ssd' } } })).toEqual(['n1']);
    expect(fitting({ spec: { nodeSelector: { constructor: 'x' } } })).toEqual([]);
    expect(fitting()).toEqual(['n1', 'n2']);
  });

  test('a refusal that no removal of pods can heal', () => {
    expect(judge(nodeAffinity, pod('a', { spec: { nodeSelector: { x: 'y' } } }), snapshotOf([n1]))).toEqual({
      n1: "!node(s) didn't match Pod's node affinity/selector",
    });
  });

  test('preferred terms add their weights', () => {
    const prefer = (weight: number, key: string, value: string) => ({
      weight,
      preference: { matchExpressions: [{ key, operator: 'In' as const, values: [value] }] },
    });
    const preferred = [prefer(10, 'disk', 'ssd'), prefer(30, 'cpus', '8'), prefer(20, 'disk', 'hdd')];
    const wants = pod('a', {
      spec: { affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: preferred } } },
    });
    expect(scoresOf(nodeAffinity, wants, snapshotOf([n1, n2, node('n3')]))).toEqual({ n1: 100, n2: 50, n3: 0 });
  });
});

describe('taints', () => {
  const taint = (effect: Taint['effect'], value?: string): Taint => ({
    key: 'k',
    effect,
    ...(value === undefined ? {} : { value }),
  });
  const judged = (taints: Taint[], ...tolerations: Toleration[]): string =>
    judge(taintToleration, pod('a', tolerating(...tolerations)), snapshotOf([node('n', tainted(...taints))])).n ?? '';
  const refused = '!node(s) had untolerated taint {k: v}';

  test.each<[string, Taint, Toleration[], string]>([
    ['nothing tolerated', taint('NoSchedule', 'v'), [], refused],
    ['NoExecute keeps away too', taint('NoExecute', 'v'), [], refused],
    ['PreferNoSchedule does not', taint('PreferNoSchedule', 'v'), [], 'fits'],
    ['no value', taint('NoSchedule'), [], '!node(s) had untolerated taint {k: }'],
    ['Equal', taint('NoSchedule', 'v'), [{ key: 'k', operator: 'Equal', value: 'v' }], 'fits'],
    ['Equal is what no operator means', taint('NoSchedule', 'v'), [{ key: 'k', value: 'v' }], 'fits'],
    ['Equal to another value', taint('NoSchedule', 'v'), [{ key: 'k', value: 'w' }], refused],
    ['Equal without value, to no value', taint('NoSchedule'), [{ key: 'k' }], 'fits'],
    ['Exists', taint('NoSchedule', 'v'), [{ key: 'k', operator: 'Exists' }], 'fits'],
    ['Exists of everything', taint('NoExecute', 'v'), [{ operator: 'Exists' }], 'fits'],
    ['another key', taint('NoSchedule', 'v'), [{ key: 'x', operator: 'Exists' }], refused],
    ['another effect', taint('NoSchedule', 'v'), [{ key: 'k', operator: 'Exists', effect: 'NoExecute' }], refused],
    ['the same effect', taint('NoExecute', 'v'), [{ key: 'k', operator: 'Exists', effect: 'NoExecute' }], 'fits'],
    [
      'an operator that does not exist',
      taint('NoSchedule', 'v'),
      [{ key: 'k', operator: 'Gt' as never, value: 'v' }],
      refused,
    ],
  ])('%s', (_, one, tolerations, verdict) => {
    expect(judged([one], ...tolerations)).toBe(verdict);
  });

  test('each taint must be tolerated; the first that is not is named', () => {
    const [one, two] = [taint('NoSchedule', 'v'), { key: 'other', value: 'w', effect: 'NoSchedule' } as Taint];
    expect(judged([one, two], { key: 'k', operator: 'Exists' })).toBe('!node(s) had untolerated taint {other: w}');
  });

  test('fewer untolerated PreferNoSchedule taints are better', () => {
    const soft = (key: string): Taint => ({ key, effect: 'PreferNoSchedule' });
    const nodes = [node('none'), node('one', tainted(soft('a'))), node('two', tainted(soft('a'), soft('b')))];
    expect(scoresOf(taintToleration, pod('p'), snapshotOf(nodes))).toEqual({ none: 100, one: 50, two: 0 });
    const tolerant = pod('p', tolerating({ key: 'b', operator: 'Exists' }));
    expect(scoresOf(taintToleration, tolerant, snapshotOf(nodes))).toEqual({ none: 100, one: 0, two: 0 });
  });
});

test('nodes that hold the image are liked, larger images more', () => {
  const holding = (name: string, ...images: [string, number][]) =>
    node(name, {
      status: { images: images.map(([image, megabytes]) => ({ names: [image], sizeBytes: megabytes * 1024 * 1024 })) },
    });
  const nodes = [holding('large', ['web:latest', 900]), holding('small', ['db:1', 100]), node('none')];
  const wants = (...images: string[]) =>
    pod('p', { spec: { containers: images.map((image, index) => ({ name: `c${index}`, image })) } });
  const scores = scoresOf(imageLocality, wants('web', 'db:1'), snapshotOf(nodes));
  expect(scores).toEqual({ large: 14, small: 0, none: 0 });
  expect(scoresOf(imageLocality, wants('nobody:1'), snapshotOf(nodes))).toEqual({ large: 0, small: 0, none: 0 });
  expect(scoresOf(imageLocality, wants('web'), snapshotOf([nodes[0] as never]))).toEqual({ large: 89 });
});

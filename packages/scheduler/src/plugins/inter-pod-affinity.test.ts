import type { Pod, PodAffinityTerm } from '@skiff/api';
import { inNamespace, labelled, node, onNode, type Part, pod } from '@skiff/client/testing';
import { expect, test } from 'vitest';
import { judge, type Surroundings, scoresOf, snapshotOf } from '../framework/testing.ts';
import { interPodAffinity } from './inter-pod-affinity.ts';

const zoned = (name: string, zone: string) => node(name, { metadata: { labels: { zone } } });
const nodes = [zoned('a1', 'a'), zoned('a2', 'a'), zoned('b1', 'b'), node('bare')];
const term = (app: string, more: Partial<PodAffinityTerm> = {}): PodAffinityTerm => ({
  topologyKey: 'zone',
  labelSelector: { matchLabels: { app } },
  ...more,
});
const near = (...terms: PodAffinityTerm[]): Part<Pod> => ({
  spec: { affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: terms } } },
});
const far = (...terms: PodAffinityTerm[]): Part<Pod> => ({
  spec: { affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: terms } } },
});
const web = labelled({ app: 'web' });
const db = pod('db', labelled({ app: 'db' }), onNode('a1'));
const judged = (asks: Pod, pods: readonly Pod[], around: Surroundings = {}) =>
  judge(interPodAffinity, asks, snapshotOf(nodes, pods, around));
const fitting = (...args: Parameters<typeof judged>): string[] =>
  Object.entries(judged(...args)).flatMap(([name, verdict]) => (verdict === 'fits' ? [name] : []));

test('affinity: only domains where somebody stands whom the term selects', () => {
  const notNear = "!node(s) didn't match pod affinity rules";
  expect(judged(pod('p', near(term('db'))), [db])).toEqual({ a1: 'fits', a2: 'fits', b1: notNear, bare: notNear });
});

test('affinity: one pod must satisfy every term', () => {
  const both = near(term('db'), term('x', { labelSelector: { matchLabels: { tier: 'back' } } }));
  const half = [db, pod('other', labelled({ tier: 'back' }), onNode('a2'))];
  expect(fitting(pod('p', both), half)).toEqual([]);
  expect(fitting(pod('p', both), [pod('whole', labelled({ app: 'db', tier: 'back' }), onNode('b1'))])).toEqual(['b1']);
});

test('affinity: the first of a group that wants to be together may begin anywhere the key exists', () => {
  expect(fitting(pod('p', web, near(term('web'))), [])).toEqual(['a1', 'a2', 'b1']);
  expect(fitting(pod('p', web, near(term('web'))), [pod('q', web, onNode('b1'))])).toEqual(['b1']);
  expect(fitting(pod('p', near(term('web'))), [])).toEqual([]);
});

test('anti-affinity keeps away, in both directions', () => {
  const mine = "node(s) didn't match pod anti-affinity rules";
  expect(judged(pod('p', far(term('db'))), [db])).toEqual({ a1: mine, a2: mine, b1: 'fits', bare: 'fits' });
  const theirs = "node(s) didn't satisfy existing pods anti-affinity rules";
  const shy = pod('shy', far(term('web')), onNode('a2'));
  expect(judged(pod('p', web), [shy])).toEqual({ a1: theirs, a2: theirs, b1: 'fits', bare: 'fits' });
  expect(fitting(pod('p', labelled({ app: 'other' })), [shy])).toHaveLength(4);
});

test('namespaces: the own one, named ones, and selected ones', () => {
  const there = pod('db', labelled({ app: 'db' }), onNode('a1'), inNamespace('data'));
  const around = { namespaces: { data: { team: 'storage' } } };
  const wants = (more: Partial<PodAffinityTerm>) =>
    fitting(pod('p', near(term('db', more))), [there], around).length > 0;
  expect(wants({})).toBe(false);
  expect(wants({ namespaces: ['data'] })).toBe(true);
  expect(wants({ namespaceSelector: { matchLabels: { team: 'storage' } } })).toBe(true);
  expect(wants({ namespaceSelector: { matchLabels: { team: 'other' } } })).toBe(false);
  expect(wants({ namespaceSelector: {} })).toBe(true);
  expect(wants({ namespaces: ['default'], namespaceSelector: { matchLabels: { team: 'storage' } } })).toBe(true);
});

test('matchLabelKeys and mismatchLabelKeys compare with the labels of the pod that asks', () => {
  const tenant = (name: string): Part<Pod> => ({ metadata: { labels: { app: 'db', tenant: name } } });
  const there = pod('there', tenant('one'), onNode('a1'));
  expect(fitting(pod('p', tenant('one'), near(term('db', { matchLabelKeys: ['tenant'] }))), [there])).toEqual([
    'a1',
    'a2',
  ]);
  expect(fitting(pod('p', tenant('two'), far(term('db', { matchLabelKeys: ['tenant'] }))), [there])).toHaveLength(4);
  expect(fitting(pod('p', tenant('two'), far(term('db', { mismatchLabelKeys: ['tenant'] }))), [there])).toEqual([
    'b1',
    'bare',
  ]);
});

test('a term without selector selects nobody', () => {
  const { labelSelector: _, ...nobody } = term('db');
  expect(fitting(pod('p', far(nobody)), [db])).toHaveLength(4);
});

test('preferences of the pod, and of those that are there, both ways', () => {
  const prefers = (kind: 'podAffinity' | 'podAntiAffinity', app: string, weight: number): Part<Pod> => ({
    spec: {
      affinity: {
        [kind]: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight, podAffinityTerm: term(app) }] },
      },
    },
  });
  const scores = (asks: Pod, pods: readonly Pod[]) => scoresOf(interPodAffinity, asks, snapshotOf(nodes, pods));
  expect(scores(pod('p', prefers('podAffinity', 'db', 10)), [db])).toEqual({ a1: 100, a2: 100, b1: 0, bare: 0 });
  expect(scores(pod('p', prefers('podAntiAffinity', 'db', 10)), [db])).toEqual({ a1: 0, a2: 0, b1: 100, bare: 100 });
  const fond = pod('fond', prefers('podAffinity', 'web', 10), onNode('b1'));
  expect(scores(pod('p', web), [fond])).toEqual({ a1: 0, a2: 0, b1: 100, bare: 0 });
  const bound = pod('bound', labelled({ app: 'x' }), near(term('web')), onNode('a1'));
  expect(scores(pod('p', web), [bound, fond])).toEqual({ a1: 10, a2: 10, b1: 100, bare: 0 });
});

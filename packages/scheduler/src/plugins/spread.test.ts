/** Topology spread. */
import type { Pod, TopologySpreadConstraint } from '@skiff/api';
import { inNamespace, labelled, node, onNode, type Part, pod, tainted } from '@skiff/client/testing';
import { describe, expect, test } from 'vitest';
import { judge, scoresOf, snapshotOf } from '../framework/testing.ts';
import { podTopologySpread } from './pod-topology-spread.ts';

const app = labelled({ app: 'web' });
const zoned = (name: string, zone: string, ...parts: object[]) =>
  node(name, { metadata: { labels: { zone } } }, ...parts);
const nodes = [zoned('a1', 'a'), zoned('a2', 'a'), zoned('b1', 'b')];
const refusal = "node(s) didn't match pod topology spread constraints";

const spreading = (more: Partial<TopologySpreadConstraint> = {}, ...parts: Part<Pod>[]): Pod =>
  pod('new', app, ...parts, {
    spec: {
      topologySpreadConstraints: [
        {
          maxSkew: 1,
          topologyKey: 'zone',
          whenUnsatisfiable: 'DoNotSchedule',
          labelSelector: { matchLabels: { app: 'web' } },
          ...more,
        },
      ],
    },
  });
const on = (name: string, where: string, ...parts: Part<Pod>[]): Pod => pod(name, app, onNode(where), ...parts);
const fitting = (asks: Pod, pods: readonly Pod[], among = nodes): string[] =>
  Object.entries(judge(podTopologySpread, asks, snapshotOf(among, pods)))
    .filter(([, verdict]) => verdict === 'fits')
    .map(([name]) => name);

describe('hard constraints', () => {
  test('the skew between the fullest and the emptiest domain stays within maxSkew', () => {
    const pods = [on('p', 'a1')];
    expect(judge(podTopologySpread, spreading(), snapshotOf(nodes, pods))).toEqual({
      a1: refusal,
      a2: refusal,
      b1: 'fits',
    });
    expect(fitting(spreading({ maxSkew: 2 }), pods)).toEqual(['a1', 'a2', 'b1']);
    expect(fitting(spreading(), [])).toEqual(['a1', 'a2', 'b1']);
  });

  test('only pods that match, in the same namespace, that are not on their way out, count', () => {
    expect(fitting(spreading(), [on('p', 'a1', inNamespace('other'))])).toHaveLength(3);
    expect(fitting(spreading(), [pod('p', onNode('a1'))])).toHaveLength(3);
    expect(
      fitting(spreading(), [on('p', 'a1', { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } })]),
    ).toHaveLength(3);
  });

  test('a pod that does not match itself may go where it adds nothing', () => {
    expect(fitting(spreading({}, labelled({ app: 'other' })), [on('p', 'a1')])).toEqual(['a1', 'a2', 'b1']);
  });

  test('a node without the key takes none, and is no domain', () => {
    const among = [...nodes, node('bare')];
    const verdicts = judge(podTopologySpread, spreading(), snapshotOf(among, [on('p', 'a1')]));
    expect(verdicts).toMatchObject({ bare: `!${refusal} (missing required label)`, b1: 'fits' });
  });

  test('with several constraints, nodes that lack one key count for none', () => {
    const two = spreading();
    const [zone] = two.spec.topologySpreadConstraints ?? [];
    const both = pod('new', app, {
      spec: { topologySpreadConstraints: [zone as never, { ...(zone as object), topologyKey: 'rack' } as never] },
    });
    const racked = (name: string, z: string, rack: string) => node(name, { metadata: { labels: { zone: z, rack } } });
    const among = [racked('a1', 'a', 'r1'), racked('b1', 'b', 'r2'), zoned('c1', 'c')];
    expect(fitting(both, [on('p', 'a1'), on('q', 'b1')], among)).toEqual(['a1', 'b1']);
  });

  test('minDomains: with fewer domains, the emptiest counts as empty', () => {
    const pods = [on('p', 'a1'), on('q', 'b1')];
    expect(fitting(spreading({ minDomains: 2 }), pods)).toEqual(['a1', 'a2', 'b1']);
    expect(fitting(spreading({ minDomains: 3 }), pods)).toEqual([]);
  });

  test('nodeAffinityPolicy: nodes that the pod cannot use are domains only when it is Ignore', () => {
    const onlyA = { spec: { nodeSelector: { zone: 'a' } } };
    expect(fitting(spreading({}, onlyA), [on('p', 'a1')])).toEqual(['a1', 'a2', 'b1']);
    expect(fitting(spreading({ nodeAffinityPolicy: 'Ignore' }, onlyA), [on('p', 'a1')])).toEqual(['b1']);
  });

  test('nodeTaintsPolicy: tainted nodes are domains unless it is Honor', () => {
    const among = [zoned('a1', 'a'), zoned('b1', 'b', tainted({ key: 'k', effect: 'NoSchedule' }))];
    expect(fitting(spreading(), [on('p', 'a1')], among)).toEqual(['b1']);
    expect(fitting(spreading({ nodeTaintsPolicy: 'Honor' }), [on('p', 'a1')], among)).toEqual(['a1', 'b1']);
  });

  test('matchLabelKeys: only pods with the same value count', () => {
    const version = (hash: string): Part<Pod> => ({ metadata: { labels: { hash } } });
    const asks = spreading({ matchLabelKeys: ['hash'] }, version('2'));
    expect(fitting(asks, [on('p', 'a1', version('1'))])).toEqual(['a1', 'a2', 'b1']);
    expect(fitting(asks, [on('p', 'a1', version('2'))])).toEqual(['b1']);
  });

  test('a selector that asks for nothing counts nobody', () => {
    expect(fitting(spreading({ labelSelector: {} }), [on('p', 'a1')])).toHaveLength(3);
  });
});

describe('soft constraints', () => {
  const soft = (more: Partial<TopologySpreadConstraint> = {}) =>
    spreading({ whenUnsatisfiable: 'ScheduleAnyway', ...more });

  test('the domain with fewer pods is liked more; a node without the key least', () => {
    const among = [...nodes, node('bare')];
    expect(scoresOf(podTopologySpread, soft(), snapshotOf(among, [on('p', 'a1'), on('q', 'a1')]))).toEqual({
      a1: 0,
      a2: 0,
      b1: 100,
      bare: 0,
    });
    expect(fitting(soft(), [on('p', 'a1')], among)).toHaveLength(4);
  });

  test('pods on nodes that do not take this one count too', () => {
    const snapshot = snapshotOf(nodes, [on('p', 'a2'), on('q', 'a2')]);
    const scorer = podTopologySpread.prepareScore(
      soft(),
      snapshot,
      snapshot.nodes.filter(({ node }) => node.metadata.name !== 'a2'),
    );
    const raw = snapshot.nodes.map((info) => scorer?.score(info) ?? 0);
    expect(raw[0]).toBeGreaterThan(raw[2] ?? 0);
  });

  test('pods of one Service or controller spread by default', () => {
    const spreadSelectors = () => [(labels: Readonly<Record<string, string>>) => labels.app === 'web'];
    const scores = scoresOf(
      podTopologySpread,
      pod('new', app),
      snapshotOf([node('n1'), node('n2')], [on('p', 'n1')], { spreadSelectors }),
    );
    expect(scores.n2).toBeGreaterThan(scores.n1 ?? 0);
    expect(scoresOf(podTopologySpread, pod('new', app), snapshotOf([node('n1'), node('n2')], [on('p', 'n1')]))).toEqual(
      { n1: 0, n2: 0 },
    );
  });
});

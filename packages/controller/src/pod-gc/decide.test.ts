import { node, pod, running, tainted } from '@skiff/client/testing';
import { expect, test } from 'vitest';
import { fateOf, surplus } from './decide.ts';

const going = { metadata: { deletionTimestamp: '2026-01-02T03:04:05Z' } };
const out = tainted({ key: 'node.kubernetes.io/out-of-service', effect: 'NoExecute' });
const unready = { status: { conditions: [{ type: 'Ready', status: 'False' as const }] } };

test.each([
  ['runs', pod('p', running('n1')), node('n1'), 'nothing'],
  ['has no node', pod('p'), undefined, 'nothing'],
  ['has no node and goes', pod('p', going), undefined, 'force'],
  ['its node is gone', pod('p', running('n1')), undefined, 'orphaned'],
  ['goes on a node out of service', pod('p', running('n1'), going), node('n1', out, unready), 'force'],
  ['goes on a node out of service that is ready', pod('p', running('n1'), going), node('n1', out), 'nothing'],
  ['stays on a node out of service', pod('p', running('n1')), node('n1', out, unready), 'nothing'],
])('a pod that %s', (_, one, on, fate) => expect(fateOf(one, on).do).toBe(fate));

test('beyond the threshold evicted pods go first, then the oldest', () => {
  const finished = (name: string, day: number, reason = '') =>
    pod(name, { metadata: { creationTimestamp: `2026-01-0${day}T00:00:00Z` }, status: { phase: 'Failed', reason } });
  const pods = [finished('new', 3), finished('old', 1), finished('evicted', 4, 'Evicted'), pod('runs', running('n1'))];
  expect(surplus(pods, 1).map((one) => one.metadata.name)).toEqual(['evicted', 'old']);
  expect(surplus(pods, 3)).toEqual([]);
});

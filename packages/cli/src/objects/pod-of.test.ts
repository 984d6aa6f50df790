import { pod } from '@skiff/client/testing';
import { expect, test } from 'vitest';
import { choosePod, podSelectorOf } from './pod-of.ts';

const selecting = (selector?: unknown) => ({
  apiVersion: 'v1',
  kind: 'Any',
  metadata: { name: 'x' },
  spec: { selector },
});

test.each([
  ['a workload’s', { matchLabels: { app: 'web' } }, 'app=web'],
  ['expressions', { matchExpressions: [{ key: 'app', operator: 'Exists' }] }, 'app'],
  ['a Service’s', { app: 'web', tier: 'front' }, 'app=web,tier=front'],
  ['none', undefined, undefined],
  ['an empty one', {}, undefined],
  ['a text', 'app=web', undefined],
])('%s', (_title, selector, text) => {
  expect(podSelectorOf(selecting(selector) as never)).toBe(text);
});

test('a pod that runs is chosen before one that does not', () => {
  const at = (name: string, phase: 'Pending' | 'Running') => ({ ...pod(name), status: { phase } });
  expect(choosePod([at('a', 'Pending'), at('c', 'Running'), at('b', 'Running')])?.metadata.name).toBe('b');
  expect(choosePod([at('a', 'Pending')])?.metadata.name).toBe('a');
  expect(choosePod([])).toBeUndefined();
});

import type { JsonObject } from '@skiff/api';
import { describe, expect, it } from 'vitest';
import { reconcileRbac } from './reconcile.ts';

const annotations = { 'rbac.authorization.kubernetes.io/autoupdate': 'true' };
const pods = (...verbs: string[]): JsonObject => ({ verbs, apiGroups: [''], resources: ['pods'] });
const role = (rules: JsonObject[], metadata: JsonObject = { annotations }): JsonObject => ({
  kind: 'ClusterRole',
  metadata: { name: 'x', ...metadata },
  rules,
});
const binding = (name: string, subjects: string[]): JsonObject => ({
  kind: 'ClusterRoleBinding',
  metadata: { name: 'x', annotations },
  roleRef: { kind: 'ClusterRole', name },
  subjects: subjects.map((one) => ({ kind: 'Group', name: one })),
});

describe('a default role', () => {
  it.each<[string, JsonObject, JsonObject, unknown]>([
    ['that is whole is left', role([pods('get')]), role([pods('get')]), undefined],
    ['that allows more is left', role([pods('*')]), role([pods('get')]), undefined],
    [
      'gets what it lacks, one by one',
      role([pods('get')]),
      role([pods('get', 'list')]),
      role([pods('get'), pods('list')]),
    ],
    [
      'that is its owner’s is left',
      role([], { annotations: { ...annotations, [Object.keys(annotations)[0] ?? '']: 'false' } }),
      role([pods('get')]),
      undefined,
    ],
    [
      'gets its labels, and keeps those of others',
      role([], { annotations, labels: { mine: 'a' } }),
      role([], { annotations, labels: { mine: 'b', ours: 'c' } }),
      role([], { annotations, labels: { mine: 'a', ours: 'c' } }),
    ],
  ])('%s', (_what, current, wanted, expected) => {
    expect(reconcileRbac(current, wanted)).toEqual(expected);
  });

  it('that is a sum gets its selectors, and its rules from the sum', () => {
    const sum = (rules: JsonObject[], ...labels: string[]): JsonObject => ({
      ...role(rules),
      aggregationRule: { clusterRoleSelectors: labels.map((label) => ({ matchLabels: { [label]: 'true' } })) },
    });
    expect(reconcileRbac(sum([pods('get')], 'mine'), sum([], 'ours'))).toEqual(sum([pods('get')], 'mine', 'ours'));
  });
});

describe('a default binding', () => {
  it.each<[string, JsonObject, JsonObject, unknown]>([
    ['that is whole is left', binding('r', ['a', 'b']), binding('r', ['b']), undefined],
    ['gets who is missing', binding('r', ['a']), binding('r', ['b']), binding('r', ['a', 'b'])],
    ['of another role is made anew', binding('r', ['a']), binding('s', ['a']), 'recreate'],
  ])('%s', (_what, current, wanted, expected) => {
    expect(reconcileRbac(current, wanted)).toEqual(expected);
  });
});

import { expect, it } from 'vitest';
import type { Pod } from '../kinds/types.ts';
import { prepared } from '../validation/testing.ts';
import { isInScope, type ScopeRequirement } from './pods.ts';

const pod = (spec: string): Pod =>
  prepared(`{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: c, image: i}], ${spec}}}`)
    .object as unknown as Pod;
const required = (term: string): string =>
  `affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: a, labelSelector: {}, ${term}}]}}`;
const preferred = (term: string): string =>
  `affinity: {podAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 1, podAffinityTerm: {topologyKey: a, labelSelector: {}, ${term}}}]}}`;
const byClass = (operator: string, ...values: string[]): ScopeRequirement =>
  ({ scopeName: 'PriorityClass', operator, values }) as ScopeRequirement;
const across = { scopeName: 'CrossNamespacePodAffinity', operator: 'Exists' } as ScopeRequirement;

it.each<[string, ScopeRequirement, boolean]>([
  ['priorityClassName: high', byClass('Exists'), true],
  ['', byClass('Exists'), false],
  ['', byClass('DoesNotExist'), true],
  ['priorityClassName: high', byClass('DoesNotExist'), false],
  ['priorityClassName: high', byClass('In', 'low', 'high'), true],
  ['priorityClassName: high', byClass('In', 'low'), false],
  ['', byClass('In', 'low'), false],
  ['priorityClassName: high', byClass('NotIn', 'low'), true],
  ['priorityClassName: high', byClass('NotIn', 'high'), false],
  ['', across, false],
  [required('mismatchLabelKeys: []'), across, false],
  [required('namespaces: [x]'), across, true],
  [required('namespaceSelector: {}'), across, true],
  [preferred('namespaces: [x]'), across, true],
  [preferred('namespaceSelector: {matchLabels: {a: b}}'), across, true],
  ['activeDeadlineSeconds: 5', { scopeName: 'Terminating', operator: 'Exists' }, true],
  ['', { scopeName: 'NotTerminating', operator: 'Exists' }, true],
  ['', { scopeName: 'BestEffort', operator: 'Exists' }, true],
])('a pod of {%s} and the scope %j', (spec, requirement, expected) => {
  expect(isInScope(pod(spec), requirement)).toBe(expected);
});

import { describe, expect, test } from 'vitest';
import { goQuantity } from '../algebra/go-quantity.ts';
import { faultsOf } from './testing.ts';

const shown = (amount: number): string => goQuantity(amount).text;

const named = (kind: string, spec: string): string =>
  `{apiVersion: v1, kind: ${kind}, metadata: {name: a}, spec: {${spec}}}`;

describe('quotas and limits', () => {
  const quota = (body: string): string[] => faultsOf(named('ResourceQuota', body));
  test.each([
    [
      'hard: {pods: 1, requests.cpu: 1, count/jobs.batch: 2, requests.example.com/gpu: 1, x.storageclass.storage.k8s.io/requests.storage: 1Gi}',
    ],
    ['hard: {pods: 1, cpu: 1}, scopes: [NotTerminating]'],
    ['hard: {storage: 1Gi}', 'spec.hard[storage]: Invalid value: "storage": must be a standard resource for quota'],
    [
      'hard: {secrets: 1}, scopes: [Terminating]',
      'spec.scopes: Invalid value: []core.ResourceQuotaScope{"Terminating"}: unsupported scope applied to resource',
    ],
    [
      'hard: {cpu: 1}, scopes: [BestEffort]',
      'spec.scopes: Invalid value: []core.ResourceQuotaScope{"BestEffort"}: unsupported scope applied to resource',
    ],
    ['hard: {pods: 1}, scopeSelector: {matchExpressions: [{scopeName: PriorityClass, operator: In, values: [high]}]}'],
  ])('quota %s', (body, ...faults) => {
    expect(quota(body)).toEqual(faults);
  });
  test('a scope that is there or not has no values', () => {
    const [fault] = quota(
      'hard: {pods: 1}, scopeSelector: {matchExpressions: [{scopeName: BestEffort, operator: In, values: [x]}]}',
    );
    expect(fault).toMatch(
      /^spec\.scopeSelector\.matchExpressions\.operator: Invalid value: "In": must be 'Exists' when scope/,
    );
  });

  const range = (body: string): string[] => faultsOf(named('LimitRange', `limits: [{${body}}]`));
  const at = 'spec.limits[0]';
  test.each([
    [
      'type: Container, min: {cpu: 1}, max: {cpu: 2}, default: {cpu: 2}, defaultRequest: {cpu: 1}, maxLimitRequestRatio: {cpu: 2}',
    ],
    ['type: PersistentVolumeClaim, min: {storage: 1Gi}'],
    ['type: Cup, min: {cpu: 1}', `${at}.type: Invalid value: "Cup": must be a standard limit type or fully qualified`],
    [
      'type: PersistentVolumeClaim',
      `${at}.limits: Required value: either minimum or maximum storage value is required, but neither was provided`,
    ],
    [
      'type: Pod, max: {storage: 1}',
      `${at}.max[storage]: Invalid value: "storage": must be a standard resource for containers`,
    ],
    [
      'type: Pod, min: {cpu: 2}, max: {cpu: 1}',
      `${at}.min[cpu]: Invalid value: ${shown(2)}: min value 2 is greater than max value 1`,
    ],
    [
      'type: Container, min: {cpu: 2}, defaultRequest: {cpu: 1}, default: {cpu: 3}',
      `${at}.defaultRequest[cpu]: Invalid value: ${shown(1)}: min value 2 is greater than default request value 1`,
    ],
    [
      'type: Container, defaultRequest: {cpu: 2}, default: {cpu: 1}',
      `${at}.defaultRequest[cpu]: Invalid value: ${shown(2)}: default request value 2 is greater than default limit value 1`,
    ],
    [
      'type: Container, min: {cpu: 1}, max: {cpu: 2}, maxLimitRequestRatio: {cpu: 3}',
      `${at}.maxLimitRequestRatio[cpu]: Invalid value: ${shown(3)}: ratio 3 is greater than max/min = 2.000000`,
    ],
  ])('limit %s', (body, ...faults) => {
    expect(range(body)).toEqual(faults);
  });
});

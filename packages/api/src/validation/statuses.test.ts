import { expect, test } from 'vitest';
import { faultsOfChange } from './testing.ts';

const object = (apiVersion: string, kind: string, status: string): string =>
  `{apiVersion: ${apiVersion}, kind: ${kind}, metadata: {name: a}, spec: {}, status: {${status}}}`;

test.each([
  ['apps/v1', 'Deployment', 'replicas: 2, readyReplicas: 2, availableReplicas: 1', []],
  [
    'apps/v1',
    'Deployment',
    'replicas: 1, readyReplicas: 2, unavailableReplicas: -1',
    [
      'status.unavailableReplicas: Invalid value: -1: must be greater than or equal to 0',
      'status.readyReplicas: Invalid value: 2: cannot be greater than status.replicas',
    ],
  ],
  [
    'apps/v1',
    'ReplicaSet',
    'replicas: 2, readyReplicas: 1, availableReplicas: 2',
    ['status.availableReplicas: Invalid value: 2: cannot be greater than readyReplicas'],
  ],
  [
    'apps/v1',
    'StatefulSet',
    'replicas: 2, readyReplicas: 1, availableReplicas: 2, collisionCount: 0',
    ['status.availableReplicas: Invalid value: 2: cannot be greater than status.readyReplicas'],
  ],
  [
    'apps/v1',
    'DaemonSet',
    'numberReady: -1',
    ['status.numberReady: Invalid value: -1: must be greater than or equal to 0'],
  ],
  ['batch/v1', 'Job', 'active: -1', ['status.active: Invalid value: -1: must be greater than or equal to 0']],
  [
    'autoscaling/v2',
    'HorizontalPodAutoscaler',
    'desiredReplicas: -1',
    ['status.desiredReplicas: Invalid value: -1: must be greater than or equal to 0'],
  ],
  [
    'policy/v1',
    'PodDisruptionBudget',
    'disruptionsAllowed: -1, conditions: [{type: A, status: Maybe, reason: a b, observedGeneration: -1}]',
    [
      'status.conditions[0].status: Unsupported value: "Maybe": supported values: "False", "True", "Unknown"',
      'status.conditions[0].observedGeneration: Invalid value: -1: must be greater than or equal to zero',
      'status.conditions[0].lastTransitionTime: Required value: must be set',
      "status.conditions[0].reason: Invalid value: \"a b\": a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters or '_,:', and must end with an alphanumeric character or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName',  or 'ReasonA,ReasonB',  or 'ReasonA:ReasonB', regex used for validation is '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?')",
      'status.disruptionsAllowed: Invalid value: -1: must be greater than or equal to 0',
    ],
  ],
  [
    'networking.k8s.io/v1',
    'Ingress',
    'loadBalancer: {ingress: [{ip: 10.0.0.1}, {hostname: 10.0.0.1}]}',
    ['status.loadBalancer.ingress[1].hostname: Invalid value: "10.0.0.1": must be a DNS name, not an IP address'],
  ],
])('%s %s with %s', (apiVersion, kind, status, faults) => {
  expect(faultsOfChange(object(apiVersion, kind, status), object(apiVersion, kind, ''), 'status')).toEqual(faults);
});

test('collisions are only added to', () => {
  const set = (count: string): string => object('apps/v1', 'Deployment', count);
  expect(faultsOfChange(set('collisionCount: 1'), set('collisionCount: 2'), 'status')).toEqual([
    'status.collisionCount: Invalid value: 1: cannot be decremented',
  ]);
  expect(faultsOfChange(set('collisionCount: 2'), set('collisionCount: 1'), 'status')).toEqual([]);
});

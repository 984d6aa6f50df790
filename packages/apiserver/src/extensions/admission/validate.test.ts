import type { JsonObject } from '@skiff/api';
import { expect, test } from 'vitest';
import { policyFaults } from './validate.ts';

const policy = (paramKind: JsonObject): JsonObject => ({
  metadata: { name: 'p' },
  spec: {
    failurePolicy: 'Fail',
    paramKind,
    matchConstraints: {
      matchPolicy: 'Equivalent',
      resourceRules: [{ operations: ['*'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'], scope: '*' }],
    },
    validations: [{ expression: 'true' }],
  },
});

test.each<[string, readonly unknown[]]>([
  ['v1', []],
  ['a.io/v1', []],
  ['', ['Required value']],
  ['/', ['Invalid value: "/": version must be specified']],
  ['a.io/', ['Invalid value: "a.io/": version must be specified']],
  ['a/b/c', ['Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c']],
  [
    'A.io/1',
    [
      expect.stringMatching(/^Invalid value: "A\.io": a lowercase RFC 1123 subdomain/),
      expect.stringMatching(/^Invalid value: "1": a DNS-1035 label must consist/),
    ],
  ],
])('parameters of the version %j', (apiVersion, expected) => {
  const faults = policyFaults(policy({ apiVersion, kind: 'ConfigMap' }));
  expect(faults.map(({ message }) => message)).toEqual(expected);
  expect(faults.every(({ field }) => field === 'spec.paramKind.apiVersion')).toBe(true);
});

test('rules are looked at before they are missed', () => {
  const { metadata, spec } = policy({ apiVersion: 'v1', kind: 'ConfigMap' });
  const object = {
    metadata,
    spec: { ...(spec as JsonObject), matchConstraints: { matchPolicy: 'Near' } },
  } as JsonObject;
  expect(policyFaults(object).map(({ field, message }) => `${field}: ${message}`)).toEqual([
    'spec.matchConstraints.matchPolicy: Unsupported value: "Near": supported values: "Equivalent", "Exact"',
    'spec.matchConstraints.resourceRules: Required value',
  ]);
});

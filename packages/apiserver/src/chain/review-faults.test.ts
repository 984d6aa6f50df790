import type { JsonObject } from '@skiff/api';
import { describe, expect, test } from 'vitest';
import { reviewFaults } from './review-faults.ts';

const faultsOf = (kind: string, spec: JsonObject, metadata: JsonObject = {}): string[] =>
  reviewFaults(kind, { metadata, spec }).map((fault) => `${fault.field}: ${fault.message}`);

const user = { user: 'ann' };
const pods = { resourceAttributes: { verb: 'get', resource: 'pods' } };
const healthz = { nonResourceAttributes: { verb: 'get', path: '/healthz' } };
const one = 'exactly one of nonResourceAttributes or resourceAttributes must be specified';

describe('a review', () => {
  test.each<[string, string, JsonObject, JsonObject?]>([
    ['of a resource', 'SubjectAccessReview', { ...user, ...pods }],
    ['of a path', 'SubjectAccessReview', { groups: ['a'], ...healthz }],
    ['of the asker', 'SelfSubjectAccessReview', pods, { managedFields: [{ manager: 'm' }] }],
    ['with an operator of tomorrow', 'SelfSubjectAccessReview', selecting('fieldSelector', { operator: 'Near' })],
    ['in a namespace', 'LocalSubjectAccessReview', { ...user, ...within('a') }, { namespace: 'a' }],
  ])('%s is fine', (_, kind, spec, metadata) => expect(faultsOf(kind, spec, metadata)).toEqual([]));

  test.each<[string, string, JsonObject, JsonObject, string[]]>([
    ['of nothing', 'SelfSubjectAccessReview', {}, {}, [`spec.resourceAttributes: Invalid value: "null": ${one}`]],
    [
      'of everything, by nobody',
      'SubjectAccessReview',
      { ...pods, ...healthz },
      {},
      [
        'spec.nonResourceAttributes: Invalid value: authorization.NonResourceAttributes{Path:"/healthz", Verb:"get"}: cannot be specified in combination with resourceAttributes',
        'spec.user: Invalid value: "": at least one of user or group must be specified',
      ],
    ],
    [
      'with a name',
      'SelfSubjectAccessReview',
      pods,
      { name: 'a' },
      [expect.stringMatching(/^metadata: .*: must be empty$/)],
    ],
    [
      'of a path in a namespace',
      'LocalSubjectAccessReview',
      { ...user, ...healthz },
      { namespace: 'a', labels: { a: 'b' } },
      [
        expect.stringMatching(/^metadata: .*: must be empty except for namespace$/),
        'spec.nonResourceAttributes: Invalid value: authorization.NonResourceAttributes{Path:"/healthz", Verb:"get"}: disallowed on this kind of request',
      ],
    ],
    [
      'of another namespace',
      'LocalSubjectAccessReview',
      { ...user, ...within('b') },
      { namespace: 'a' },
      ['spec.resourceAttributes.namespace: Invalid value: "b": must match metadata.namespace'],
    ],
    [
      'with an empty selector',
      'SelfSubjectAccessReview',
      { resourceAttributes: { labelSelector: {} } },
      {},
      [
        'spec.resourceAttributes.labelSelector.requirements: Required value: when spec.resourceAttributes.labelSelector is specified, requirements or rawSelector is required',
      ],
    ],
    [
      'with two selectors',
      'SelfSubjectAccessReview',
      { resourceAttributes: { fieldSelector: { rawSelector: 'a=b', requirements: [{ operator: 'In' }] } } },
      {},
      [
        'spec.resourceAttributes.fieldSelector.rawSelector: Invalid value: "a=b": may not specified at the same time as requirements',
        'spec.resourceAttributes.fieldSelector.requirements[0].key: Required value: must be specified',
        "spec.resourceAttributes.fieldSelector.requirements[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
      ],
    ],
    [
      'with values that mean nothing',
      'SelfSubjectAccessReview',
      selecting('fieldSelector', { operator: 'Exists', values: ['a'] }),
      {},
      [
        "spec.resourceAttributes.fieldSelector.requirements[0].values: Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
      ],
    ],
  ])('%s is refused', (_, kind, spec, metadata, faults) => expect(faultsOf(kind, spec, metadata)).toEqual(faults));
});

function within(namespace: string): JsonObject {
  return { resourceAttributes: { verb: 'get', resource: 'pods', namespace } };
}

function selecting(name: string, requirement: JsonObject): JsonObject {
  return { resourceAttributes: { [name]: { requirements: [{ key: 'k', ...requirement }] } } };
}

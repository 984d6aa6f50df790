import { expect, test } from 'vitest';
import { faultsOf } from './testing.ts';

const schema = (spec: string, name = 'mine'): string[] =>
  faultsOf(`{apiVersion: flowcontrol.apiserver.k8s.io/v1, kind: FlowSchema, metadata: {name: ${name}}, spec: ${spec}}`);
const level = (spec: string, name = 'mine'): string[] =>
  faultsOf(
    `{apiVersion: flowcontrol.apiserver.k8s.io/v1, kind: PriorityLevelConfiguration, metadata: {name: ${name}}, spec: ${spec}}`,
  );

const rule =
  '{subjects: [{kind: User, user: {name: a}}], nonResourceRules: [{verbs: [get], nonResourceURLs: ["/a/*"]}]}';

test.each<[string, string, string[]]>([
  ['the least', `{priorityLevelConfiguration: {name: x}, rules: [${rule}]}`, []],
  [
    'nothing',
    '{matchingPrecedence: 0}',
    ['spec.priorityLevelConfiguration.name: Required value: must reference a priority level'],
  ],
  [
    'numbers out of range',
    '{matchingPrecedence: 10001, priorityLevelConfiguration: {name: x}, distinguisherMethod: {type: ByHat}}',
    [
      'spec.matchingPrecedence: Invalid value: 10001: must not be greater than 10000',
      'spec.distinguisherMethod.type: Unsupported value: "ByHat": supported values: "ByNamespace", "ByUser"',
    ],
  ],
  [
    'the precedence of exempt',
    '{matchingPrecedence: 1, priorityLevelConfiguration: {name: x}}',
    ["spec.matchingPrecedence: Invalid value: 1: only the schema named 'exempt' may have matchingPrecedence 1"],
  ],
  [
    'an empty rule',
    '{priorityLevelConfiguration: {name: x}, rules: [{}]}',
    [
      'spec.rules[0].subjects: Required value: subjects must contain at least one value',
      'spec.rules[0]: Required value: at least one of resourceRules and nonResourceRules has to be non-empty',
    ],
  ],
  [
    'subjects that are two things, or none',
    `{priorityLevelConfiguration: {name: x}, rules: [{subjects: [{kind: User, group: {name: a}}, {kind: Hat}, {kind: ServiceAccount, serviceAccount: {name: "*"}}],
      nonResourceRules: [{verbs: ["*"], nonResourceURLs: ["*"]}]}]}`,
    [
      "spec.rules[0].subjects[0].user: Required value: user is required when subject kind is 'User'",
      "spec.rules[0].subjects[0].group: Forbidden: group is forbidden when subject kind is not 'Group'",
      'spec.rules[0].subjects[1].kind: Unsupported value: "Hat": supported values: "Group", "ServiceAccount", "User"',
      'spec.rules[0].subjects[2].serviceAccount.namespace: Required value: must specify namespace for service account',
    ],
  ],
  [
    'resources of nothing and of too much',
    `{priorityLevelConfiguration: {name: x}, rules: [{subjects: [{kind: Group, group: {name: a}}],
      resourceRules: [{}, {verbs: [get], apiGroups: ["*"], resources: [pods], namespaces: [A]}]}]}`,
    [
      'spec.rules[0].resourceRules[0].verbs: Required value: verbs must contain at least one value',
      'spec.rules[0].resourceRules[0].apiGroups: Required value: resource rules must supply at least one api group',
      'spec.rules[0].resourceRules[0].resources: Required value: resource rules must supply at least one resource',
      'spec.rules[0].resourceRules[0].namespaces: Required value: resource rules that are not cluster scoped must supply at least one namespace',
      "spec.rules[0].resourceRules[1].namespaces[0]: Invalid value: \"A\": each member of this list must be '*' or a DNS-1123 label; a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
    ],
  ],
])('a flow schema of %s', (_what, spec, expected) => {
  expect(schema(spec)).toEqual(expected);
});

test.each([
  ['', 'must not be empty'],
  ['healthz', 'must start with slash'],
  ['/a b', 'must not contain white-space'],
  ['/a//b', 'must not contain double slash'],
  ['/a*', 'wildcard can only do suffix matching'],
  ['/*/*', 'wildcard can only do suffix matching'],
])('a path such as %j is refused', (url, why) => {
  const faults = schema(
    `{priorityLevelConfiguration: {name: x}, rules: [{subjects: [{kind: User, user: {name: a}}], nonResourceRules: [{verbs: [get], nonResourceURLs: [${JSON.stringify(url)}]}]}]}`,
  );
  expect(faults).toEqual([
    `spec.rules[0].nonResourceRules[0].nonResourceURLs[0]: Invalid value: ${JSON.stringify(url)}: ${why}`,
  ]);
});

test.each<[string, string, string, string[]]>([
  ['of queues', 'mine', '{type: Limited, limited: {limitResponse: {type: Queue, queuing: {}}}}', []],
  ['of no kind', 'mine', '{type: Hat}', ['spec.type: Unsupported value: "Hat": supported values: "Exempt", "Limited"']],
  [
    'that is both',
    'mine',
    '{type: Limited, exempt: {}}',
    [
      'spec.exempt: Forbidden: must be nil if the type is Limited',
      'spec.limited: Required value: must not be empty when type is Limited',
    ],
  ],
  [
    'that says exempt',
    'mine',
    '{type: Exempt, exempt: {nominalConcurrencyShares: -1, lendablePercent: 101}}',
    [
      "spec.type: Invalid value: \"Exempt\": type must be 'Exempt' if and only if name is 'exempt'",
      'spec.exempt.nominalConcurrencyShares: Invalid value: -1: must be a non-negative integer',
      'spec.exempt.lendablePercent: Invalid value: 101: must be between 0 and 100, inclusive',
    ],
  ],
  ['named exempt with other numbers', 'exempt', '{type: Exempt, exempt: {lendablePercent: 7}}', []],
  [
    'that refuses and queues',
    'mine',
    '{type: Limited, limited: {limitResponse: {type: Reject, queuing: {}}}}',
    ['spec.limited.limitResponse.queuing: Forbidden: must be nil if limited.limitResponse.type is not Limited'],
  ],
  [
    'that queues nowhere',
    'mine',
    '{type: Limited, limited: {limitResponse: {type: Queue}}}',
    ['spec.limited.limitResponse.queuing: Required value: must not be empty if limited.limitResponse.type is Limited'],
  ],
  [
    'of numbers out of range',
    'mine',
    '{type: Limited, limited: {nominalConcurrencyShares: -1, lendablePercent: 101, borrowingLimitPercent: -1, limitResponse: {type: Hat}}}',
    [
      'spec.limited.nominalConcurrencyShares: Invalid value: -1: must be a non-negative integer',
      'spec.limited.limitResponse.type: Unsupported value: "Hat": supported values: "Queue", "Reject"',
      'spec.limited.lendablePercent: Invalid value: 101: must be between 0 and 100, inclusive',
      'spec.limited.borrowingLimitPercent: Invalid value: -1: if specified, must be a non-negative integer',
    ],
  ],
  [
    'of too many hands',
    'mine',
    '{type: Limited, limited: {limitResponse: {type: Queue, queuing: {queues: 512, handSize: 8}}}}',
    [
      'spec.limited.limitResponse.queuing.handSize: Invalid value: 8: required entropy bits of deckSize 512 and handSize 8 should not be greater than 60',
    ],
  ],
  [
    'of a hand above the deck',
    'mine',
    '{type: Limited, limited: {limitResponse: {type: Queue, queuing: {queues: 7, handSize: 8, queueLengthLimit: -1}}}}',
    [
      'spec.limited.limitResponse.queuing.queueLengthLimit: Invalid value: -1: must be positive',
      'spec.limited.limitResponse.queuing.handSize: Invalid value: 8: should not be greater than queues (7)',
    ],
  ],
])('a priority level %s', (_what, name, spec, expected) => {
  expect(level(spec, name)).toEqual(expected);
});

test('the mandatory objects are as they are', () => {
  const [fault = ''] = level('{type: Limited, limited: {limitResponse: {type: Reject}}}', 'catch-all');
  expect(fault).toMatch(/^spec: Invalid value: .*: spec of 'catch-all' must equal the fixed value$/s);
  const [other = ''] = schema('{priorityLevelConfiguration: {name: exempt}}', 'exempt');
  expect(other).toMatch(/^spec: Invalid value: .*: spec of 'exempt' must equal the fixed value$/s);
});

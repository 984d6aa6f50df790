import { expect, test } from 'vitest';
import { faultsOf, faultsOfChange } from './testing.ts';

const template =
  'template: {metadata: {labels: {a: b}}, spec: {restartPolicy: Never, containers: [{name: a, image: "a:1"}]}}';
const job = (spec: string, rest = template, name = 'a'): string =>
  `{apiVersion: batch/v1, kind: Job, metadata: {name: ${name}}, spec: {manualSelector: true, selector: {matchLabels: {a: b}}, ${spec} ${rest}}}`;
const rule = (text: string): string => `podFailurePolicy: {rules: [{${text}}]},`;
const success = (text: string): string =>
  `completionMode: Indexed, completions: 10, successPolicy: {rules: [${text}]},`;

test.each([
  ['completions: 1,', []],
  ['completions: -1,', ['spec.completions: Invalid value: -1: must be greater than or equal to 0']],
  ['completionMode: Indexed,', []],
  ['completionMode: Indexed, parallelism: 2,', ['spec.completions: Required value: when completion mode is Indexed']],
  [
    'completionMode: Any,',
    ['spec.completionMode: Unsupported value: "Any": supported values: "NonIndexed", "Indexed"'],
  ],
  [
    'maxFailedIndexes: 1,',
    [
      'spec.backoffLimitPerIndex: Required value: when maxFailedIndexes is specified',
      'spec.maxFailedIndexes: Invalid value: 1: requires indexed completion mode',
    ],
  ],
  [
    'completionMode: Indexed, completions: 2, backoffLimitPerIndex: 1, maxFailedIndexes: 3,',
    ['spec.maxFailedIndexes: Invalid value: 3: must be less than or equal to completions'],
  ],
  [
    'completionMode: Indexed, completions: 200000, parallelism: 20000, backoffLimitPerIndex: 1,',
    [
      'spec.maxFailedIndexes: Required value: must be specified when completions is above 100000',
      'spec.parallelism: Invalid value: 20000: must be less than or equal to 10000 when completions are above 100000 and used with backoff limit per index',
    ],
  ],
  ['managedBy: kueue.x-k8s.io/multikueue,', []],
  [
    'managedBy: kueue,',
    ['spec.managedBy: Invalid value: "kueue": must be a domain-prefixed path (such as "acme.io/foo")'],
  ],
  [`managedBy: "a.io/${'b'.repeat(60)}",`, ['spec.managedBy: Too long: may not be more than 63 bytes']],
  [rule('action: Ignore, onPodConditions: [{type: DisruptionTarget}]'), []],
  [rule('action: FailJob, onExitCodes: {containerName: a, operator: In, values: [1, 42]}'), []],
  [
    rule('onPodConditions: [{type: Any}]'),
    ['spec.podFailurePolicy.rules[0].action: Required value: valid values: ["Count" "FailIndex" "FailJob" "Ignore"]'],
  ],
  [
    rule('action: FailIndex, onExitCodes: {containerName: z, operator: In, values: [2, 0, 2]}'),
    [
      'spec.podFailurePolicy.rules[0].action: Invalid value: "FailIndex": requires the backoffLimitPerIndex to be set',
      'spec.podFailurePolicy.rules[0].onExitCodes.containerName: Invalid value: "z": must be one of the container or initContainer names in the pod template',
      'spec.podFailurePolicy.rules[0].onExitCodes.values[1]: Invalid value: 0: must not be 0 for the In operator',
      'spec.podFailurePolicy.rules[0].onExitCodes.values[2]: Duplicate value: 2',
      'spec.podFailurePolicy.rules[0].onExitCodes.values: Invalid value: []int32{2, 0, 2}: must be ordered',
    ],
  ],
  [
    rule('action: Count'),
    ['spec.podFailurePolicy.rules[0]: Invalid value: specifying one of OnExitCodes and OnPodConditions is required'],
  ],
  [
    `podReplacementPolicy: TerminatingOrFailed, ${rule('action: Count, onPodConditions: [{type: Any}]')}`,
    ['spec.podReplacementPolicy: Unsupported value: "TerminatingOrFailed": supported values: "Failed"'],
  ],
  [success('{succeededIndexes: "0,3-5", succeededCount: 4}'), []],
  [
    success('{}'),
    [
      'spec.successPolicy.rules[0]: Required value: at least one of succeededCount or succeededIndexes must be specified',
    ],
  ],
  [
    success(
      '{succeededIndexes: "1-2-3"}, {succeededIndexes: "9,10"}, {succeededIndexes: "3,3"}, {succeededIndexes: x}',
    ),
    [
      'spec.successPolicy.rules[0].succeededIndexes: Invalid value: "1-2-3": error parsing succeededIndexes: the fragment "1-2-3" violates the requirement that an index interval can have at most two parts separated by \'-\'',
      'spec.successPolicy.rules[1].succeededIndexes: Invalid value: "9,10": error parsing succeededIndexes: too large index: "10"',
      'spec.successPolicy.rules[2].succeededIndexes: Invalid value: "3,3": error parsing succeededIndexes: non-increasing order, previous: 3, current: 3',
      'spec.successPolicy.rules[3].succeededIndexes: Invalid value: "x": error parsing succeededIndexes: cannot convert string to integer for index: "x"',
    ],
  ],
  [
    success('{succeededIndexes: "1", succeededCount: 2}'),
    [
      'spec.successPolicy.rules[0].succeededCount: Invalid value: 2: must be less than or equal to 1 (the number of indexes in the specified succeededIndexes field)',
    ],
  ],
  [
    'successPolicy: {rules: [{succeededCount: 1}]},',
    [
      'spec.successPolicy: Invalid value: batch.SuccessPolicy{Rules:[]batch.SuccessPolicyRule{batch.SuccessPolicyRule{SucceededIndexes:(*string)(nil), SucceededCount:(*int32)(0x0)}}}: requires indexed completion mode',
    ],
  ],
])('Job %s', (spec, faults) => {
  expect(faultsOf(job(spec))).toEqual(faults);
});

test('a job that would run for ever', () => {
  expect(faultsOf(job('', template.replace('restartPolicy: Never, ', '')))).toEqual([
    'spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"',
  ]);
});

test('the pods of an indexed job are named after it, and cannot be when its name has dots', () => {
  expect(faultsOf(job('completionMode: Indexed, completions: 3,', template, 'a.b'))).toEqual([
    'metadata.name: Invalid value: "a.b": will not able to create pod with invalid DNS label: a.b-2',
  ]);
  expect(faultsOf(job('completions: 3,', template, 'a.b'))).toEqual([]);
});

test('labels and a selector that another job was given are refused', () => {
  const copied =
    '{controller-uid: old, job-name: a, batch.kubernetes.io/controller-uid: old, batch.kubernetes.io/job-name: a}';
  const spec = `selector: {matchLabels: {batch.kubernetes.io/controller-uid: old}}, ${template.replace('{a: b}', copied)}`;
  const lines = faultsOf(`{apiVersion: batch/v1, kind: Job, metadata: {name: a, uid: new}, spec: {${spec}}}`);
  const shown =
    'map[string]string{"batch.kubernetes.io/controller-uid":"old", "batch.kubernetes.io/job-name":"a", "controller-uid":"old", "job-name":"a"}';
  expect(lines).toEqual([
    `spec.template.metadata.labels[controller-uid]: Invalid value: ${shown}: must be 'new'`,
    `spec.template.metadata.labels[batch.kubernetes.io/controller-uid]: Invalid value: ${shown}: must be 'new'`,
    'spec.selector: Invalid value: v1.LabelSelector{MatchLabels:map[string]string{"batch.kubernetes.io/controller-uid":"old"}, MatchExpressions:[]v1.LabelSelectorRequirement(nil)}: `selector` not auto-generated',
  ]);
});

const indexed = 'completionMode: Indexed,';
const podAffinity =
  'podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: k, labelSelector: {}}]}';
const nodeAffinity =
  'nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: k, operator: Exists}]}]}}';
const withSpec = (text: string): string => template.replace('containers:', `${text}, containers:`);

test.each([
  ['completions', 'completions: 2,', 'completions: 1,', /^spec\.completions: Invalid value: 2: field is immutable$/],
  ['parallelism', 'parallelism: 2, completions: 2,', 'parallelism: 1, completions: 2,', undefined],
  [
    'an index with it',
    `${indexed} completions: 2, parallelism: 2,`,
    `${indexed} completions: 1, parallelism: 1,`,
    undefined,
  ],
  [
    'an index alone',
    `${indexed} completions: 2, parallelism: 1,`,
    `${indexed} completions: 1, parallelism: 1,`,
    /^spec\.completions: Invalid value: 2: can only be modified in tandem with spec\.parallelism$/,
  ],
  ['its manager', 'managedBy: a.io/b,', '', /^spec\.managedBy: Invalid value: "a\.io\/b": field is immutable$/],
  [
    'the success policy',
    success('{succeededCount: 2}'),
    success('{succeededCount: 1}'),
    /^spec\.successPolicy: .*: field is immutable$/,
  ],
  ['the suspension', 'suspend: true,', 'suspend: false,', undefined],
])('a change of %s', (_name, next, previous, fault) => {
  const faults = faultsOfChange(job(next), job(previous));
  if (fault === undefined) expect(faults).toEqual([]);
  else expect(faults[0]).toMatch(fault);
});

test.each([
  ['image', template.replace('a:1', 'a:2'), template, false],
  ['node selector', withSpec('nodeSelector: {k: v}'), template, true],
  ['tolerations', template, withSpec('tolerations: [{operator: Exists}]'), true],
  ['annotations', template.replace('metadata: {', 'metadata: {annotations: {k: v}, '), template, true],
  ['labels', template.replace('{a: b}', '{a: b, c: d}'), template, true],
  ['node affinity', withSpec(`affinity: {${nodeAffinity}}`), template, true],
  ['node affinity away', template, withSpec(`affinity: {${nodeAffinity}}`), true],
  [
    'node affinity beside',
    withSpec(`affinity: {${nodeAffinity}, ${podAffinity}}`),
    withSpec(`affinity: {${podAffinity}}`),
    true,
  ],
  ['pod affinity', withSpec(`affinity: {${podAffinity}}`), template, false],
  ['pod affinity away', template, withSpec(`affinity: {${nodeAffinity}, ${podAffinity}}`), false],
])('the %s of the template changes only before a suspended job runs', (_name, next, previous, isAllowed) => {
  const refused = /^spec\.template: Invalid value: .*: field is immutable$/;
  const suspended = faultsOfChange(job('suspend: true,', next), job('suspend: true,', previous));
  if (isAllowed) expect(suspended).toEqual([]);
  else expect(suspended[0]).toMatch(refused);
  expect(faultsOfChange(job('', next), job('', previous))[0]).toMatch(refused);
  const started = job('suspend: true,', previous).replace(/\}$/, ', status: {startTime: "2024-01-01T00:00:00Z"}}');
  expect(faultsOfChange(job('suspend: true,', next), started)[0]).toMatch(refused);
});

const cron = (spec: string, name = 'a'): string =>
  `{apiVersion: batch/v1, kind: CronJob, metadata: {name: ${name}}, spec: {schedule: "@daily", jobTemplate: {spec: {${spec} ${template}}}}}`;

test('the jobs of a CronJob get their selectors later', () => {
  expect(faultsOf(cron('selector: {matchLabels: {a: b}}, manualSelector: true,'))).toEqual([
    'spec.jobTemplate.spec.selector: Invalid value: v1.LabelSelector{MatchLabels:map[string]string{"a":"b"}, MatchExpressions:[]v1.LabelSelectorRequirement(nil)}: `selector` will be auto-generated',
    'spec.jobTemplate.spec.manualSelector: Unsupported value: true: supported values: "nil", "false"',
  ]);
});

test('a long name is refused to a new CronJob only', () => {
  const long = cron('', 'a'.repeat(53));
  expect(faultsOf(long)[0]).toMatch(/^metadata\.name: .*: must be no more than 52 characters$/);
  expect(faultsOfChange(long, long)).toEqual([]);
});

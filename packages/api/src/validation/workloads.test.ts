import { expect, test } from 'vitest';
import { faultsOf, faultsOfChange } from './testing.ts';

const pod = 'spec: {containers: [{name: a, image: "a:1"}]}';
const template = `template: {metadata: {labels: {a: b}}, ${pod}}`;
const selected = `selector: {matchLabels: {a: b}}, ${template}`;
const of = (kind: string, spec: string, name = 'a'): string =>
  `{apiVersion: apps/v1, kind: ${kind}, metadata: {name: ${name}}, spec: {${spec}}}`;

const mismatch = (labels: string): string =>
  `spec.template.metadata.labels: Invalid value: map[string]string${labels}: \`selector\` does not match template \`labels\``;
const shown = (labels: string): string =>
  `v1.LabelSelector{MatchLabels:map[string]string${labels}, MatchExpressions:[]v1.LabelSelectorRequirement(nil)}`;

test.each([
  ['Deployment', template, ['spec.selector: Required value', mismatch('{"a":"b"}')]],
  ['ReplicaSet', template, ['spec.selector: Required value', mismatch('{"a":"b"}')]],
  ['StatefulSet', template, ['spec.selector: Required value', mismatch('{"a":"b"}')]],
  // A DaemonSet without a selector selects nothing, and its own pods are not told from others.
  ['DaemonSet', template, [mismatch('{"a":"b"}')]],
  ['Deployment', `selector: {matchLabels: {a: b}}, template: {${pod}}`, [mismatch('(nil)')]],
  [
    'Deployment',
    'selector: {matchLabels: {a: b}}',
    [mismatch('(nil)'), 'spec.template.spec.containers: Required value'],
  ],
  [
    'DaemonSet',
    `selector: {}, ${template}`,
    [`spec.selector: Invalid value: ${shown('(nil)')}: empty selector is invalid for daemonset`],
  ],
  ['StatefulSet', selected, []],
])('the selector of a %s with %s', (kind, spec, faults) => {
  expect(faultsOf(of(kind, spec))).toEqual(faults);
});

test('a selector that cannot be read is told twice, and the template is not looked at', () => {
  const broken = 'selector: {matchLabels: {"": b}}, template: {}';
  const twice = (kind: string): string[] => faultsOf(of(kind, broken)).map((line) => line.replace(/^.*\}: /, ''));
  expect(twice('Deployment').at(-1)).toBe('invalid label selector');
  expect(faultsOf(of('StatefulSet', broken)).at(-1)).toBe(`spec.selector: Invalid value: ${shown('{"":"b"}')}`);
});

test.each([
  [
    'DaemonSet',
    'updateStrategy: {type: Slow}',
    'spec.updateStrategy: Unsupported value: apps.DaemonSetUpdateStrategy{Type:"Slow", RollingUpdate:(*apps.RollingUpdateDaemonSet)(nil)}: supported values: "RollingUpdate", "OnDelete"',
  ],
  [
    'DaemonSet',
    'updateStrategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 1}}',
    'spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: intstr.IntOrString{Type:0, IntVal:1, StrVal:""}: may not be set when maxUnavailable is non-zero',
  ],
  [
    'StatefulSet',
    'updateStrategy: {type: Slow}',
    "spec.updateStrategy: Invalid value: apps.StatefulSetUpdateStrategy{Type:\"Slow\", RollingUpdate:(*apps.RollingUpdateStatefulSetStrategy)(nil)}: must be 'RollingUpdate' or 'OnDelete'",
  ],
  [
    'StatefulSet',
    'updateStrategy: {type: OnDelete, rollingUpdate: {partition: 1}}',
    "spec.updateStrategy.rollingUpdate: Invalid value: apps.RollingUpdateStatefulSetStrategy{Partition:1, MaxUnavailable:(*intstr.IntOrString)(nil)}: only allowed for updateStrategy 'RollingUpdate'",
  ],
  [
    'StatefulSet',
    'podManagementPolicy: Any',
    "spec.podManagementPolicy: Invalid value: \"Any\": must be 'OrderedReady' or 'Parallel'",
  ],
  [
    'StatefulSet',
    'persistentVolumeClaimRetentionPolicy: {whenScaled: Never}',
    'spec.persistentVolumeClaimRetentionPolicy.whenScaled: Unsupported value: "Never": supported values: "Retain", "Delete"',
  ],
  [
    'StatefulSet',
    'ordinals: {start: -1}',
    'spec.ordinals.start: Invalid value: -1: must be greater than or equal to 0',
  ],
])('%s %s', (kind, spec, fault) => {
  expect(faultsOf(of(kind, `${spec}, ${selected}`))).toEqual([fault]);
});

test('the pods of a stateful set are named after it: its name is a label', () => {
  expect(faultsOf(of('StatefulSet', selected, 'a.b'))[0]).toMatch(/^metadata\.name: Invalid value: "a\.b": .*dots/);
  expect(faultsOf(of('Deployment', selected, 'a.b'))).toEqual([]);
  // One that is stored under such a name can still be changed.
  expect(faultsOfChange(of('StatefulSet', selected, 'a.b'), of('StatefulSet', selected, 'a.b'))).toEqual([]);
});

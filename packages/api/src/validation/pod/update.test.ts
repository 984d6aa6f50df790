import { describe, expect, test } from 'vitest';
import { faultsOfChange, podText as pod } from '../testing.ts';

test('of a pod only images, the deadline and more tolerations change', () => {
  expect(faultsOfChange(pod('activeDeadlineSeconds: 5').replace('i:1', 'i:2'), pod())).toEqual([]);
  expect(faultsOfChange(pod('tolerations: [{key: a, operator: Exists}]'), pod())).toEqual([]);
  expect(faultsOfChange(pod(), pod('activeDeadlineSeconds: 5'))).toEqual([
    'spec.activeDeadlineSeconds: Invalid value: "null": must not update from a positive integer to nil value',
  ]);
  expect(faultsOfChange(pod('activeDeadlineSeconds: 6'), pod('activeDeadlineSeconds: 5'))).toEqual([
    'spec.activeDeadlineSeconds: Invalid value: 6: must be less than or equal to previous value',
  ]);
  expect(faultsOfChange(pod(), pod('tolerations: [{key: a, operator: Exists}]'))).toEqual([
    'spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds',
  ]);
  const [fault] = faultsOfChange(pod('nodeName: n2', 'args: [x]'), pod('nodeName: n1'));
  expect(fault).toMatch(
    /^spec: Forbidden: pod updates may not change fields other than `spec.containers\[\*\].image`,`spec.initContainers\[\*\].image`,/,
  );
  expect(fault).toContain('changed: spec.containers, spec.nodeName');
  expect(faultsOfChange(pod('initContainers: [{name: d, image: i}]'), pod())).toEqual([
    'spec.initContainers: Forbidden: pod updates may not add or remove containers',
  ]);
});

test('gates may be removed, and a gated pod narrowed', () => {
  const gated = 'schedulingGates: [{name: a.b/c}]';
  expect(faultsOfChange(pod('nodeSelector: {a: b}'), pod(gated))).toEqual([]);
  expect(faultsOfChange(pod(gated), pod())).toEqual([
    "spec.schedulingGates[0].name: Forbidden: only deletion is allowed, but found new scheduling gate 'a.b/c'",
  ]);
});

test('ephemeral containers are added through their subresource, and stay', () => {
  const debug = 'ephemeralContainers: [{name: d, image: i, targetContainerName: c}]';
  expect(faultsOfChange(pod(debug), pod(), 'ephemeralcontainers')).toEqual([]);
  expect(faultsOfChange(pod(), pod(debug), 'ephemeralcontainers')).toEqual([
    'spec.ephemeralContainers: Forbidden: existing ephemeral containers "d" may not be removed\n',
  ]);
  expect(
    faultsOfChange(
      pod('ephemeralContainers: [{name: d, image: i, targetContainerName: x, ports: [{containerPort: 1}]}]'),
      pod(),
      'ephemeralcontainers',
    ),
  ).toEqual([
    'spec.ephemeralContainers[0].targetContainerName: Not found: "x"',
    'spec.ephemeralContainers[0].ports: Forbidden: cannot be set for an Ephemeral Container',
  ]);
});

test.each([
  ['nodeSelector: {a: c}', 'only additions to spec.nodeSelector are allowed (no mutations or deletions)'],
  ['', 'only additions to spec.nodeSelector are allowed (no mutations or deletions)'],
])('a gated pod keeps the labels it asks for: %s', (spec, why) => {
  const gated = 'schedulingGates: [{name: a.b/c}]';
  const [fault, ...others] = faultsOfChange(
    pod(`${gated}${spec === '' ? '' : `, ${spec}`}`),
    pod(`${gated}, nodeSelector: {a: b}`),
  );
  expect(fault).toMatch(/^spec\.nodeSelector: Invalid value: map\[string\]string/);
  expect(fault).toContain(why);
  expect(others).toEqual([]);
});

describe('the node affinity of a gated pod', () => {
  const required = 'requiredDuringSchedulingIgnoredDuringExecution';
  const gated = (terms: string, more = ''): string =>
    pod(
      `schedulingGates: [{name: a.b/c}], affinity: {nodeAffinity: {${required}: {nodeSelectorTerms: ${terms}}}${more}}`,
    );
  const a = '{key: a, operator: Exists}';
  const b = '{key: b, operator: Exists}';
  const path = `spec.affinity.nodeAffinity.${required}.nodeSelectorTerms`;

  test('may be set, and gets more requirements', () => {
    expect(faultsOfChange(gated(`[{matchExpressions: [${a}]}]`), pod('schedulingGates: [{name: a.b/c}]'))).toEqual([]);
    expect(faultsOfChange(gated(`[{matchExpressions: [${a}, ${b}]}]`), gated(`[{matchExpressions: [${a}]}]`))).toEqual(
      [],
    );
  });

  test('gets no other terms', () => {
    const [more] = faultsOfChange(
      gated(`[{matchExpressions: [${a}]}, {matchExpressions: [${b}]}]`),
      gated(`[{matchExpressions: [${a}]}]`),
    );
    expect(more?.startsWith(`${path}: Invalid value`)).toBe(true);
    expect(more).toContain('no additions/deletions to non-empty NodeSelectorTerms list are allowed');
    const [other] = faultsOfChange(gated(`[{matchExpressions: [${b}]}]`), gated(`[{matchExpressions: [${a}]}]`));
    expect(other?.startsWith(`${path}[0]: Invalid value`)).toBe(true);
    expect(other).toContain('only additions are allowed (no mutations or deletions)');
  });

  test('is all of the affinity that changes', () => {
    const [fault] = faultsOfChange(
      gated(
        `[{matchExpressions: [${a}]}]`,
        ', podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: z}]}',
      ),
      gated(`[{matchExpressions: [${a}]}]`),
    );
    expect(fault).toMatch(/^spec: Forbidden: pod updates may not change fields other than/);
  });
});

test('marks of mirror pods and AppArmor profiles are given once', () => {
  const marked = (annotations: string): string => pod('nodeName: n1', '', `annotations: {${annotations}}`);
  const mirrored = 'kubernetes.io/config.mirror: x';
  const at = 'metadata.annotations[kubernetes.io/config.mirror]: Forbidden';
  expect(faultsOfChange(marked(mirrored), marked(''))).toEqual([`${at}: may not add mirror pod annotation`]);
  expect(faultsOfChange(marked(''), marked(mirrored))).toEqual([
    `${at}: may not remove or update mirror pod annotation`,
  ]);
  const profile = 'container.apparmor.security.beta.kubernetes.io/c';
  expect(faultsOfChange(marked(`${profile}: unconfined`), marked(`${profile}: runtime/default`))).toEqual([
    `metadata.annotations[${profile}]: Forbidden: may not remove or update AppArmor annotations`,
  ]);
  expect(faultsOfChange(marked(mirrored), marked(mirrored), 'ephemeralcontainers')).toEqual([
    '[]: Forbidden: static pods do not support ephemeral containers',
  ]);
});

import { expect, test } from 'vitest';
import { inApplyOrder, isDefinedBy } from './apply-order.ts';

const manifest = (apiVersion: string, kind: string, spec?: object) => ({ apiVersion, kind, metadata: {}, spec });
const gear = manifest('example.com/v1', 'Gear');
const definition = manifest('apiextensions.k8s.io/v1', 'CustomResourceDefinition', {
  group: 'example.com',
  names: { kind: 'Gear' },
});
const namespace = manifest('v1', 'Namespace');
const pod = manifest('v1', 'Pod');

test('kinds and namespaces come first, in the order they are written', () => {
  expect(inApplyOrder([gear, definition, pod, namespace])).toEqual([definition, namespace, gear, pod]);
});

test.each([
  ['its own', [definition], gear, true],
  ['any of its versions', [pod, definition], manifest('example.com/v2', 'Gear'), true],
  ['another kind', [definition], manifest('example.com/v1', 'Wheel'), false],
  ['another group', [definition], manifest('v1', 'Gear'), false],
  ['no definition', [gear, pod], gear, false],
  ['a definition without a spec', [manifest('apiextensions.k8s.io/v1', 'CustomResourceDefinition')], gear, false],
])('a definition defines %s', (_title, manifests, one, defined) => {
  expect(isDefinedBy(manifests, one)).toBe(defined);
});

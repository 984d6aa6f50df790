import { expect, test } from 'vitest';
import { faultsOf, faultsOfChange } from './testing.ts';

const storageClass = (rest: string): string =>
  `{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: a}, ${rest}}`;
const topologies = (terms: string): string => storageClass(`provisioner: a.b/c, allowedTopologies: [${terms}]`);
const term = (...requirements: string[]): string => `{matchLabelExpressions: [${requirements.join(', ')}]}`;

test.each([
  [storageClass('provisioner: a.b/c'), []],
  [storageClass('provisioner: a.b/c, parameters: {"": x}'), ['parameters: Invalid value: "": field can not be empty.']],
  [
    storageClass('provisioner: a.b/c, reclaimPolicy: Recycle'),
    ['reclaimPolicy: Unsupported value: "Recycle": supported values: "Delete", "Retain"'],
  ],
  [topologies(term('{key: zone, values: [a, b]}')), []],
  [
    topologies(term('{key: zone}', '{key: zone, values: [a, a]}')),
    [
      'allowedTopologies[0].matchLabelExpressions[0].values: Required value',
      'allowedTopologies[0].matchLabelExpressions[1].values[1]: Duplicate value: "a"',
      'allowedTopologies[0].matchLabelExpressions[1].key: Duplicate value: "zone"',
    ],
  ],
  [
    topologies(`${term('{key: zone, values: [a, b]}')}, ${term('{key: zone, values: [b, a]}')}`),
    ['allowedTopologies[1].matchLabelExpressions: Duplicate value: ""'],
  ],
])('%s', (document, faults) => {
  expect(faultsOf(document)).toEqual(faults);
});

test('too many parameters', () => {
  const many = Array.from({ length: 513 }, (_, index) => `p${index}: x`).join(', ');
  expect(faultsOf(storageClass(`provisioner: a.b/c, parameters: {${many}}`))).toEqual([
    'parameters: Too long: may not be more than 512 bytes',
  ]);
});

test('how volumes are bound never changes', () => {
  const bound = (mode: string): string => storageClass(`provisioner: a.b/c, volumeBindingMode: ${mode}`);
  expect(faultsOfChange(bound('Immediate'), bound('WaitForFirstConsumer'))).toEqual([
    'volumeBindingMode: Invalid value: "Immediate": field is immutable',
  ]);
});

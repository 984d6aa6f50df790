import { expect, test } from 'vitest';
import { faultsOf, faultsOfChange } from './testing.ts';

const object = (kind: string, rest: string): string =>
  `{apiVersion: storage.k8s.io/v1, kind: ${kind}, metadata: {name: a.b}, ${rest}}`;
const node = (driver: string): string => object('CSINode', `spec: {drivers: [${driver}]}`);
const inline = 'spec.source.inlineVolumeSpec';
const attachment = (spec: string): string => object('VolumeAttachment', `spec: {${spec}}`);

test.each([
  [object('CSIDriver', 'spec: {tokenRequests: [{audience: a, expirationSeconds: 600}, {audience: b}]}'), []],
  [
    object(
      'CSIDriver',
      'spec: {tokenRequests: [{audience: a, expirationSeconds: 1}, {audience: a}], volumeLifecycleModes: [Short]}',
    ),
    [
      'spec.tokenRequests[0].expirationSeconds: Invalid value: 1: may not specify a duration less than 10 minutes',
      'spec.tokenRequests[1].audience: Duplicate value: "a"',
      'spec.volumeLifecycleModes: Unsupported value: "Short": supported values: "Persistent", "Ephemeral"',
    ],
  ],
  [node('{name: a.b, nodeID: x, allocatable: {count: 1}, topologyKeys: [a.b/zone]}'), []],
  [
    node('{name: a.b, nodeID: x, allocatable: {count: -1}, topologyKeys: [a, a]}, {name: a.b}'),
    [
      'spec.drivers[0].allocatable.count: Invalid value: -1: must be greater than or equal to 0',
      'spec.drivers[0]: Duplicate value: "a"',
      'spec.drivers[1].nodeID: Required value',
      'spec.drivers[1].name: Duplicate value: "a.b"',
    ],
  ],
  [
    node(`{name: a.b, nodeID: ${'x'.repeat(257)}}`),
    [`spec.drivers[0].nodeID: Invalid value: "${'x'.repeat(257)}": must be 256 characters or less`],
  ],
  [object('CSIStorageCapacity', 'storageClassName: a, capacity: 1Gi, nodeTopology: {}'), []],
  [
    object('CSIStorageCapacity', 'storageClassName: a, capacity: -1'),
    ['capacity: Invalid value: "-1": must be greater than or equal to 0'],
  ],
  [attachment('attacher: a.b, nodeName: x, source: {persistentVolumeName: v}'), []],
  [
    attachment('attacher: a.b, nodeName: x, source: {}'),
    ['spec.source: Required value: must specify exactly one of inlineVolumeSpec and persistentVolumeName'],
  ],
  [
    attachment('attacher: a.b, nodeName: x, source: {persistentVolumeName: ""}'),
    [
      'spec.source.persistentVolumeName: Required value: must specify non empty persistentVolumeName',
      expect.stringMatching(/^spec\.source\.persistentVolumeName: Invalid value: "": a lowercase RFC 1123 subdomain/),
    ],
  ],
  [
    attachment(
      'attacher: a.b, nodeName: x, source: {inlineVolumeSpec: {accessModes: [ReadWriteOnce], csi: {driver: a.b, volumeHandle: h}}}',
    ),
    [],
  ],
  [
    attachment(
      'nodeName: x, source: {inlineVolumeSpec: {capacity: {storage: 1Gi}, claimRef: {name: c}, persistentVolumeReclaimPolicy: Delete, nodeAffinity: {}, storageClassName: s, volumeMode: Block, hostPath: {path: /a}}}',
    ),
    [
      'spec.attacher: Required value',
      ...[
        'claimRef: Forbidden: may not be specified',
        'capacity: Forbidden: may not be specified',
        'csi: Required value: has to be specified',
      ].map((text) => `${inline}.${text} in the context of inline volumes`),
      `${inline}.accessModes: Required value`,
      ...[
        'persistentVolumeReclaimPolicy: Forbidden: may only be Retain',
        'nodeAffinity: Forbidden: may not be specified',
        'storageClassName: Forbidden: may not be specified',
        'volumeMode: Forbidden: may not specify volumeMode other than Filesystem',
      ].map((text) => `${inline}.${text} in the context of inline volumes`),
      'spec.attacher: Required value',
      expect.stringMatching(/^spec\.attacher: Invalid value: "": a lowercase RFC 1123 subdomain/),
    ],
  ],
])('%s', (document, faults) => {
  expect(faultsOf(document)).toEqual(faults);
});

test('what is fixed once it is said', () => {
  const driver = (attach: boolean): string => object('CSIDriver', `spec: {attachRequired: ${attach}}`);
  expect(faultsOfChange(driver(false), driver(true))).toEqual([
    'spec.attachedRequired: Invalid value: false: field is immutable',
  ]);
  const known = node('{name: a.b, nodeID: x}');
  expect(faultsOfChange(node('{name: a.b, nodeID: z}'), known)[0]).toMatch(/^spec\.drivers: .*field is immutable$/);
  expect(faultsOfChange(node('{name: a.b, nodeID: x}, {name: c.d, nodeID: z}'), known)).toEqual([]);
  const capacity = (name: string): string => object('CSIStorageCapacity', `storageClassName: ${name}`);
  expect(faultsOfChange(capacity('b'), capacity('a'))).toEqual([
    'storageClassName: Invalid value: "b": field is immutable',
  ]);
});

test('an attachment tells what it has to in few words', () => {
  const spec = 'spec: {attacher: a.b, nodeName: x, source: {persistentVolumeName: v}}';
  const status = (text: string): string => object('VolumeAttachment', `${spec}, status: {attached: true, ${text}}`);
  expect(faultsOfChange(status('attachError: {message: none}'), status(''), 'status')).toEqual([]);
  expect(
    faultsOfChange(
      status(`attachmentMetadata: {a: ${'x'.repeat(262_144)}}, detachError: {message: ${'x'.repeat(1025)}}`),
      status(''),
      'status',
    ),
  ).toEqual([
    'status.attachmentMetadata: Too long: may not be more than 262144 bytes',
    'status.detachError.message: Too long: may not be more than 262144 bytes',
  ]);
});

import { expect, test } from 'vitest';
import type { Faults } from './support.ts';
import { addIscsi, addNeeded } from './volume-sources.ts';

const told = (faults: Faults): string[] => faults.map((fault) => `${fault.field}: ${fault.message}`);
const faultsOf = (name: string, source: object): string[] => {
  const faults: Faults = [];
  if (name === 'iscsi') addIscsi(faults, source as Readonly<Record<string, unknown>>, 'v');
  else addNeeded(faults, name, source, 'v');
  return told(faults);
};

const iscsi = { targetPortal: '10.0.0.1:3260', iqn: 'iqn.2015-02.example.com:test', lun: 0 };
const azure = { diskName: 'd', diskURI: 'https://a.blob.core.windows.net/c/d.vhd' };

test.each<[string, object, string[]]>([
  ['iscsi', iscsi, []],
  ['iscsi', { ...iscsi, iqn: 'eui.0123456789ABCDEF' }, []],
  ['iscsi', { ...iscsi, iqn: 'x' }, ['v.iqn: Invalid value: "x": must be valid format starting with iqn, eui, or naa']],
  ['iscsi', { ...iscsi, iqn: 'iqn.2015' }, ['v.iqn: Invalid value: "iqn.2015": must be valid format']],
  ['iscsi', { ...iscsi, lun: 256 }, ['v.lun: Invalid value: 256: must be between 0 and 255, inclusive']],
  ['iscsi', { ...iscsi, chapAuthSession: true }, ['v.secretRef: Required value']],
  ['iscsi', { ...iscsi, initiatorName: 'naa.1' }, ['v.initiatorname: Invalid value: "naa.1": must be valid format']],
  ['fc', {}, ['v.targetWWNs: Required value: must specify either targetWWNs or wwids, but not both']],
  ['fc', { targetWWNs: ['a'] }, ['v.lun: Required value: lun is required if targetWWNs is specified']],
  [
    'fc',
    { targetWWNs: ['a'], wwids: ['b'], lun: 1 },
    ['v.targetWWNs: Invalid value: []string{"a"}: targetWWNs and wwids can not be specified simultaneously'],
  ],
  [
    'gcePersistentDisk',
    { pdName: 'a', partition: 256 },
    ['v.partition: Invalid value: 256: must be between 1 and 255, inclusive'],
  ],
  ['gitRepo', { repository: 'x', directory: '../a' }, ['v.directory: Invalid value: "../a": must not contain \'..\'']],
  ['flexVolume', { driver: 'a/b', options: { size: '1', 'example.com/a': 'b' } }, []],
  [
    'flexVolume',
    { driver: 'a/b', options: { 'x.K8s.io/a': 'b' } },
    ['v.options[x.K8s.io/a]: Invalid value: "x.K8s.io/a": kubernetes.io and k8s.io namespaces are reserved'],
  ],
  ['storageos', {}, ['v.volumeName: Required value']],
  ['storageos', { volumeName: 'a.b' }, ['v.volumeName: Invalid value: "a.b": must not contain dots']],
  ['cinder', { volumeID: 'a', secretRef: {} }, ['v.secretRef.name: Required value']],
  ['azureFile', { secretName: 'a', shareName: 'b', secretNamespace: '' }, ['v.secretNamespace: Required value']],
  ['azureDisk', { ...azure, kind: 'Dedicated' }, []],
  [
    'azureDisk',
    { ...azure, kind: 'Hat' },
    ['v.kind: Unsupported value: "Hat": supported values: "Dedicated", "Managed", "Shared"'],
  ],
  [
    'azureDisk',
    { ...azure, cachingMode: 'X' },
    ['v.cachingMode: Unsupported value: "X": supported values: "None", "ReadOnly", "ReadWrite"'],
  ],
  [
    'azureDisk',
    { ...azure, kind: 'Managed' },
    [
      'v.diskURI: Unsupported value: "https://a.blob.core.windows.net/c/d.vhd": supported values: "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}"',
    ],
  ],
  ['quobyte', { volume: 'v', registry: 'a:1,[::1]:2' }, []],
  [
    'quobyte',
    { volume: 'v' },
    ['v.registry: Required value: must be a host:port pair or multiple pairs separated by commas'],
  ],
  [
    'quobyte',
    { volume: 'v', registry: 'a' },
    ['v.registry: Invalid value: "a": must be a host:port pair or multiple pairs separated by commas'],
  ],
  ['flocker', {}, ['v: Required value: one of datasetName and datasetUUID is required']],
  ['flocker', { datasetName: 'a/b' }, ['v.datasetName: Invalid value: "a/b": must not contain \'/\'']],
])('%s of %j', (name, source, expected) => {
  expect(faultsOf(name, source)).toEqual(expected);
});

const long = 'x'.repeat(50);
test.each<[object, string, string[]]>([
  [{ ...iscsi, initiatorName: iscsi.iqn }, 'v', []],
  [iscsi, long, []],
  [
    { ...iscsi, initiatorName: 'x' },
    long,
    [
      'v.targetportal: Invalid value: "10.0.0.1:3260": Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.',
      'v.initiatorname: Invalid value: "x": must be valid format',
    ],
  ],
  [
    { ...iscsi, iqn: 'x', secretRef: {} },
    'v',
    ['v.iqn: Invalid value: "x": must be valid format', 'v.secretRef.name: Required value'],
  ],
  [{}, 'v', ['v.targetPortal: Required value', 'v.iqn: Required value']],
])('iscsi of %j in the PersistentVolume %s', (source, volume, expected) => {
  const faults: Faults = [];
  addIscsi(faults, source as Readonly<Record<string, unknown>>, 'v', volume === long ? `${long}xxx` : volume);
  expect(told(faults)).toEqual(expected);
});

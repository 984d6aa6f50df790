/** Rows of volumes, claims, storage classes and CSI objects. */
import type { JsonObject } from '@skiff/api';
import { listAt, objectAt, objectsAt, own, textAt } from '../../patch/values.ts';
import type { Column } from '../contract.ts';
import { ageColumn, boolean, integer, nameColumn, text, wideText } from './columns.ts';

const accessModes: readonly [string, string][] = [
  ['ReadWriteOnce', 'RWO'],
  ['ReadOnlyMany', 'ROX'],
  ['ReadWriteMany', 'RWX'],
  ['ReadWriteOncePod', 'RWOP'],
];

const modesText = (modes: readonly unknown[]): string =>
  accessModes
    .filter(([mode]) => modes.includes(mode))
    .map(([, short]) => short)
    .join(',');

const phaseOf = (object: JsonObject): string =>
  textAt(object, 'metadata', 'deletionTimestamp') === '' ? textAt(object, 'status', 'phase') : 'Terminating';

const classAnnotation = 'volume.beta.kubernetes.io/storage-class';
const classOf = (object: JsonObject): string =>
  textAt(object, 'metadata', 'annotations', classAnnotation) || textAt(object, 'spec', 'storageClassName');

const specText = (object: JsonObject, key: string): string => textAt(object, 'spec', key);
const attributesClass = text(
  'VolumeAttributesClass',
  'The class of the changeable attributes.',
  (object) => specText(object, 'volumeAttributesClassName') || '<unset>',
);
const volumeMode = wideText(
  'VolumeMode',
  'Filesystem or block.',
  (object) => specText(object, 'volumeMode') || '<unset>',
);

const quantityOf = (object: JsonObject | undefined, key: string): string => String(own(object ?? {}, key) ?? '0');

export const persistentVolumeColumns: readonly Column[] = [
  nameColumn,
  text('Capacity', 'The size of the volume.', (object) => quantityOf(objectAt(object, 'spec', 'capacity'), 'storage')),
  text('Access Modes', 'How the volume can be mounted.', (object) => modesText(listAt(object, 'spec', 'accessModes'))),
  text('Reclaim Policy', 'What happens when its claim is gone.', (object) =>
    specText(object, 'persistentVolumeReclaimPolicy'),
  ),
  text('Status', 'Whether a claim has the volume.', phaseOf),
  text('Claim', 'The claim that has the volume.', (object) => {
    const claim = objectAt(object, 'spec', 'claimRef');
    return claim === undefined ? '' : `${textAt(claim, 'namespace')}/${textAt(claim, 'name')}`;
  }),
  text('StorageClass', 'StorageClass of the pv', classOf),
  attributesClass,
  text('Reason', 'Why the volume is in this state.', (object) => textAt(object, 'status', 'reason')),
  ageColumn,
  volumeMode,
];

const isBound = (object: JsonObject): boolean => specText(object, 'volumeName') !== '';

export const persistentVolumeClaimColumns: readonly Column[] = [
  nameColumn,
  text('Status', 'Whether the claim has a volume.', phaseOf),
  text('Volume', 'The volume behind the claim.', (object) => specText(object, 'volumeName')),
  text('Capacity', 'The size of the volume.', (object) =>
    isBound(object) ? quantityOf(objectAt(object, 'status', 'capacity'), 'storage') : '',
  ),
  text('Access Modes', 'How the volume can be mounted.', (object) =>
    isBound(object) ? modesText(listAt(object, 'status', 'accessModes')) : '',
  ),
  text('StorageClass', 'StorageClass of the pvc', classOf),
  attributesClass,
  ageColumn,
  volumeMode,
];

const isDefaultClass = (object: JsonObject): boolean =>
  ['storageclass.kubernetes.io/is-default-class', 'storageclass.beta.kubernetes.io/is-default-class'].some(
    (key) => textAt(object, 'metadata', 'annotations', key) === 'true',
  );

export const storageClassColumns: readonly Column[] = [
  {
    ...nameColumn,
    cell: (object) => `${textAt(object, 'metadata', 'name')}${isDefaultClass(object) ? ' (default)' : ''}`,
  },
  text('Provisioner', 'What makes volumes of the class.', (object) => textAt(object, 'provisioner')),
  text('ReclaimPolicy', 'What happens when a claim is gone.', (object) => textAt(object, 'reclaimPolicy') || 'Delete'),
  text(
    'VolumeBindingMode',
    'When a claim gets its volume.',
    (object) => textAt(object, 'volumeBindingMode') || 'Immediate',
  ),
  text('AllowVolumeExpansion', 'Claims may grow.', (object) => own(object, 'allowVolumeExpansion') === true),
  ageColumn,
];

const flag = (object: JsonObject, key: string, fallback: boolean): boolean => {
  const value = own(objectAt(object, 'spec') ?? {}, key);
  return typeof value === 'boolean' ? value : fallback;
};

export const csiDriverColumns: readonly Column[] = [
  nameColumn,
  boolean('AttachRequired', 'Volumes are attached before they are mounted.', (object) =>
    flag(object, 'attachRequired', true),
  ),
  boolean('PodInfoOnMount', 'Mounts are told about the pod.', (object) => flag(object, 'podInfoOnMount', false)),
  boolean('StorageCapacity', 'The scheduler considers capacity.', (object) => flag(object, 'storageCapacity', false)),
  text('TokenRequests', 'Audiences of the tokens the driver gets.', (object) => {
    const requests = own(objectAt(object, 'spec') ?? {}, 'tokenRequests');
    if (requests === undefined) return '<unset>';
    return objectsAt(object, 'spec', 'tokenRequests')
      .map((request) => textAt(request, 'audience'))
      .join(',');
  }),
  boolean('RequiresRepublish', 'Mounts are renewed from time to time.', (object) =>
    flag(object, 'requiresRepublish', false),
  ),
  text(
    'Modes',
    'Which volumes the driver handles.',
    (object) => listAt(object, 'spec', 'volumeLifecycleModes').join(',') || '<none>',
  ),
  ageColumn,
];

export const csiNodeColumns: readonly Column[] = [
  nameColumn,
  integer(
    'Drivers',
    'Drivers indicates the number of CSI drivers registered on the node',
    (object) => listAt(object, 'spec', 'drivers').length,
  ),
  ageColumn,
];

export const csiStorageCapacityColumns: readonly Column[] = [
  nameColumn,
  text('StorageClassName', 'The class the capacity is for.', (object) => textAt(object, 'storageClassName')),
  text('Capacity', 'What is left.', (object) => String(own(object, 'capacity') ?? '<unset>')),
];

export const volumeAttachmentColumns: readonly Column[] = [
  nameColumn,
  { ...text('Attacher', 'The driver that attaches.', (object) => specText(object, 'attacher')), format: 'name' },
  text('PV', 'The volume.', (object) => textAt(object, 'spec', 'source', 'persistentVolumeName')),
  text('Node', 'The node.', (object) => specText(object, 'nodeName')),
  boolean('Attached', 'It is attached.', (object) => own(objectAt(object, 'status') ?? {}, 'attached') === true),
  ageColumn,
];

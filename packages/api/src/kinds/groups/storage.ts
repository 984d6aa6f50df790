import type { Definition } from '../../definition.ts';
import { groupVersion, status } from '../define.ts';

const storage = groupVersion('storage.k8s.io', 'v1', 'io.k8s.api.storage.v1');

/** storage.k8s.io/v1. */
export const storageKinds: readonly Definition[] = [
  storage('CSIDriver', 'csidrivers', { clusterScoped: true }),
  storage('CSINode', 'csinodes', { clusterScoped: true }),
  storage('CSIStorageCapacity', 'csistoragecapacities'),
  storage('StorageClass', 'storageclasses', { clusterScoped: true, shortNames: ['sc'] }),
  storage('VolumeAttachment', 'volumeattachments', { clusterScoped: true, subresources: [status] }),
];

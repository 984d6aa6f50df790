import type { Definition } from '../../definition.ts';
import { groupVersion, status } from '../define.ts';

const batch = groupVersion('batch', 'v1', 'io.k8s.api.batch.v1');

/** batch/v1. */
export const batchKinds: readonly Definition[] = [
  batch('CronJob', 'cronjobs', { shortNames: ['cj'], categories: ['all'], subresources: [status] }),
  batch('Job', 'jobs', { categories: ['all'], subresources: [status] }),
];

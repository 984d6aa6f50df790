/** Volumes and claims. */
import type { Strategy } from '../contract.ts';
import { standard } from './standard.ts';

const pending = { status: { phase: 'Pending' } };

export const persistentVolumes: Strategy = standard(pending, { returnsDeletedObject: true });
export const persistentVolumeClaims: Strategy = standard(pending, { returnsDeletedObject: true });

export const volumeAttachments: Strategy = standard(
  { status: { attached: false } },
  { returnsDeletedObject: true, requiresResourceVersion: true },
);

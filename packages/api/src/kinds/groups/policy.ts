import type { Definition } from '../../definition.ts';
import { groupVersion, status } from '../define.ts';

const policy = groupVersion('policy', 'v1', 'io.k8s.api.policy.v1');

/** policy/v1. */
export const policyKinds: readonly Definition[] = [
  policy('PodDisruptionBudget', 'poddisruptionbudgets', { shortNames: ['pdb'], subresources: [status] }),
];

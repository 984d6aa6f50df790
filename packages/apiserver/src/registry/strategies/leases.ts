/** Leases: candidates elect themselves, as in Kubernetes 1.32 without its gate CoordinatedLeaderElection. */
import type { JsonObject } from '@skiff/api';
import { objectAt, own } from '../../patch/values.ts';
import type { Strategy } from '../contract.ts';

/** What only an election by the server means is left out, unless the lease had it before. */
export function dropElection(object: JsonObject, old: JsonObject): void {
  const [spec, before] = [object, old].map((lease) => objectAt(lease, 'spec') ?? {});
  for (const name of ['strategy', 'preferredHolder'] as const)
    if (spec !== undefined && own(before ?? {}, name) === undefined) delete spec[name];
}

export const leases: Strategy = {
  allowCreateOnUpdate: true,
  requiresResourceVersion: true,
  prepareForCreate: (object) => dropElection(object, {}),
  prepareForUpdate: dropElection,
};

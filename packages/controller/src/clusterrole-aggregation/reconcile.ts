/** Keeps the rules of every aggregated ClusterRole the sum of the roles that it selects. Keyed by name. */
import { type ClusterRole, isReason, resources } from '@skiff/api';
import type { Client, InformerFactory } from '@skiff/client';
import type { Controller } from '../runtime/controller.ts';
import { aggregatedRules, sameRules } from './decide.ts';

export function clusterRoleAggregationController(client: Client, informers: InformerFactory): Controller {
  const roles = informers.informer(resources.clusterroles);

  /** Any role may be part of any aggregated one. */
  const watch = (enqueue: (key: string) => void): (() => void) =>
    roles.onChange((change) => {
      enqueue(change.object.metadata.name);
      for (const role of roles.list()) if (aggregates(role)) enqueue(role.metadata.name);
    });

  async function reconcile(name: string): Promise<undefined> {
    const role = roles.get('', name);
    if (role === undefined) return undefined;
    const rules = aggregatedRules(role, roles.list());
    if (rules === undefined || sameRules(rules, role.rules ?? [])) return undefined;
    const { resourceVersion } = role.metadata;
    try {
      await client.resource(resources.clusterroles).patch('', name, 'merge', { metadata: { resourceVersion }, rules });
    } catch (error) {
      if (!isReason(error, 'NotFound')) throw error;
    }
    return undefined;
  }

  return { name: 'clusterrole-aggregation', watch, reconcile };
}

const aggregates = (role: ClusterRole): boolean => role.aggregationRule !== undefined;

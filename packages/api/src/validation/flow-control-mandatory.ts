/** The flow schemas and priority levels without which no server runs; their specs are fixed (pkg/apis/flowcontrol/bootstrap). */
import type { FlowSchemaSpec, PriorityLevelConfigurationSpec } from '../kinds/nested-types.ts';

/** Every verb on every resource and path, for groups. */
const everythingOf = (...groups: string[]): NonNullable<FlowSchemaSpec['rules']>[number] => ({
  subjects: groups.map((name) => ({ kind: 'Group', group: { name } })),
  resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'], clusterScope: true, namespaces: ['*'] }],
  nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
});

export const mandatoryPriorityLevels: Readonly<Record<string, PriorityLevelConfigurationSpec | undefined>> = {
  exempt: { type: 'Exempt', exempt: { nominalConcurrencyShares: 0, lendablePercent: 0 } },
  'catch-all': {
    type: 'Limited',
    limited: { nominalConcurrencyShares: 5, limitResponse: { type: 'Reject' }, lendablePercent: 0 },
  },
};

export const mandatoryFlowSchemas: Readonly<Record<string, FlowSchemaSpec | undefined>> = {
  exempt: {
    priorityLevelConfiguration: { name: 'exempt' },
    matchingPrecedence: 1,
    rules: [everythingOf('system:masters')],
  },
  'catch-all': {
    priorityLevelConfiguration: { name: 'catch-all' },
    matchingPrecedence: 10_000,
    distinguisherMethod: { type: 'ByUser' },
    rules: [everythingOf('system:unauthenticated', 'system:authenticated')],
  },
};

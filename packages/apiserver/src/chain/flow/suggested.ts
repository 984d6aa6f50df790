/** The flow schemas and priority levels that a new cluster gets, besides the mandatory ones (apis/flowcontrol/bootstrap of v1.32). */
import type { FlowSchemaSpec, JsonObject, PriorityLevelConfigurationSpec } from '@skiff/api';
import { mandatoryFlowSchemas, mandatoryPriorityLevels } from '@skiff/api/validation';

/** Set to `true` the server keeps the object's spec; set to `false` it is its owner's. */
export const autoUpdateAnnotation = 'apf.kubernetes.io/autoupdate-spec';

export interface FlowObject {
  readonly resource: 'flowschemas' | 'prioritylevelconfigurations';
  readonly name: string;
  /** A mandatory object is kept whatever its annotation says. */
  readonly mandatory: boolean;
  readonly object: JsonObject;
}

type Rule = NonNullable<FlowSchemaSpec['rules']>[number];
type Subjects = NonNullable<Rule['subjects']>;

const groups = (...names: string[]): Subjects => names.map((name) => ({ kind: 'Group', group: { name } }));
const users = (...names: string[]): Subjects => names.map((name) => ({ kind: 'User', user: { name } }));
const systemAccounts = (...names: string[]): Subjects =>
  names.map((name) => ({ kind: 'ServiceAccount', serviceAccount: { name, namespace: 'kube-system' } }));

const everyone = groups('system:unauthenticated', 'system:authenticated');

/** All of a group's resources in every namespace; `cluster` also outside of them. */
const resources = (verbs: string[], apiGroup: string, names: string[], cluster = false) => ({
  ...{ verbs, apiGroups: [apiGroup], resources: names, namespaces: ['*'] },
  ...(cluster ? { clusterScope: true } : {}),
});

const everything = (subjects: Subjects): Rule => ({
  subjects,
  resourceRules: [resources(['*'], '*', ['*'], true)],
  nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
});

const leases = 'coordination.k8s.io';
const election = ['get', 'create', 'update'];

type SchemaRow = readonly [name: string, level: string, precedence: number, by: '' | 'ByUser' | 'ByNamespace', Rule];

const schemas: readonly SchemaRow[] = [
  [
    ...(['probes', 'exempt', 2, ''] as const),
    {
      subjects: everyone,
      nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/healthz', '/readyz', '/livez'] }],
    },
  ],
  [
    ...(['system-leader-election', 'leader-election', 100, 'ByUser'] as const),
    {
      subjects: [...users('system:kube-controller-manager', 'system:kube-scheduler'), ...systemAccounts('*')],
      resourceRules: [resources(election, leases, ['leases'])],
    },
  ],
  [
    ...(['endpoint-controller', 'workload-high', 150, 'ByUser'] as const),
    {
      subjects: [
        ...users('system:kube-controller-manager'),
        ...systemAccounts('endpoint-controller', 'endpointslicemirroring-controller'),
      ],
      resourceRules: [resources(election, '', ['endpoints'])],
    },
  ],
  [
    ...(['workload-leader-election', 'leader-election', 200, 'ByUser'] as const),
    {
      subjects: systemAccounts('*'),
      resourceRules: [resources(election, '', ['endpoints', 'configmaps']), resources(election, leases, ['leases'])],
    },
  ],
  [
    ...(['system-node-high', 'node-high', 400, 'ByUser'] as const),
    {
      subjects: groups('system:nodes'),
      resourceRules: [resources(['*'], '', ['nodes', 'nodes/status'], true), resources(['*'], leases, ['leases'])],
    },
  ],
  ['system-nodes', 'system', 500, 'ByUser', everything(groups('system:nodes'))],
  ['kube-controller-manager', 'workload-high', 800, 'ByNamespace', everything(users('system:kube-controller-manager'))],
  ['kube-scheduler', 'workload-high', 800, 'ByNamespace', everything(users('system:kube-scheduler'))],
  ['kube-system-service-accounts', 'workload-high', 900, 'ByNamespace', everything(systemAccounts('*'))],
  ['service-accounts', 'workload-low', 9000, 'ByUser', everything(groups('system:serviceaccounts'))],
  ['global-default', 'global-default', 9900, 'ByUser', everything(everyone)],
];

/** Name, shares, percentage lent, queues, hand. */
const levels: readonly (readonly [string, number, number, number, number])[] = [
  ['system', 30, 33, 64, 6],
  ['node-high', 40, 25, 64, 6],
  ['leader-election', 10, 0, 16, 4],
  ['workload-high', 40, 50, 128, 6],
  ['workload-low', 100, 90, 128, 6],
  ['global-default', 20, 50, 128, 6],
];

const limited = ([, shares, lendable, queues, handSize]: (typeof levels)[number]): PriorityLevelConfigurationSpec => ({
  type: 'Limited',
  limited: {
    nominalConcurrencyShares: shares,
    limitResponse: { type: 'Queue', queuing: { queues, handSize, queueLengthLimit: 50 } },
    lendablePercent: lendable,
  },
});

const schemaSpec = ([, level, precedence, by, rule]: SchemaRow): FlowSchemaSpec => ({
  priorityLevelConfiguration: { name: level },
  matchingPrecedence: precedence,
  ...(by === '' ? {} : { distinguisherMethod: { type: by } }),
  rules: [rule],
});

const made = (resource: FlowObject['resource'], name: string, spec: object, mandatory: boolean): FlowObject => ({
  ...{ resource, name, mandatory },
  object: {
    apiVersion: 'flowcontrol.apiserver.k8s.io/v1',
    kind: resource === 'flowschemas' ? 'FlowSchema' : 'PriorityLevelConfiguration',
    metadata: { name, annotations: { [autoUpdateAnnotation]: 'true' } },
    spec: spec as JsonObject,
  },
});

/** All of them, levels before the schemas that refer to them. */
export const bootstrapFlowObjects: readonly FlowObject[] = [
  ...Object.entries(mandatoryPriorityLevels).map(([name, spec]) =>
    made('prioritylevelconfigurations', name, spec ?? {}, true),
  ),
  ...levels.map((row) => made('prioritylevelconfigurations', row[0], limited(row), false)),
  ...Object.entries(mandatoryFlowSchemas).map(([name, spec]) => made('flowschemas', name, spec ?? {}, true)),
  ...schemas.map((row) => made('flowschemas', row[0], schemaSpec(row), false)),
];

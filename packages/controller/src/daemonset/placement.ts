/** On which nodes a DaemonSet's pods belong, and how a pod is bound to its node. Pure. Rules: Kubernetes' daemon controller. */
import { type DaemonSet, matchesLabels, type Node, type Pod, type SelectorOperator, type Toleration } from '@skiff/api';
import { tolerates } from '../node-lifecycle/decide.ts';

type NodeAffinity = NonNullable<NonNullable<NonNullable<Pod['spec']>['affinity']>['nodeAffinity']>;
type Term = NonNullable<NodeAffinity['requiredDuringSchedulingIgnoredDuringExecution']>['nodeSelectorTerms'][number];
type Expression = NonNullable<Term['matchExpressions']>[number];

/** Daemons run where others may not: on nodes that are not ready, under pressure or cordoned. */
const ownTolerations: readonly Toleration[] = [
  { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute' },
  { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute' },
  { key: 'node.kubernetes.io/disk-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/memory-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/pid-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/unschedulable', operator: 'Exists', effect: 'NoSchedule' },
];
const hostNetworkToleration: Toleration = {
  key: 'node.kubernetes.io/network-unavailable',
  operator: 'Exists',
  effect: 'NoSchedule',
};

export function tolerationsOf(spec: Pod['spec']): Toleration[] {
  const given = spec.tolerations ?? [];
  const own = spec.hostNetwork === true ? [...ownTolerations, hostNetworkToleration] : ownTolerations;
  const has = (one: Toleration): boolean =>
    given.some(({ key, operator, effect }) => key === one.key && operator === one.operator && effect === one.effect);
  return [...given, ...own.filter((one) => !has(one))];
}

/** `run`: a pod belongs there. `keep`: one that runs there already may stay. */
export function placement(set: DaemonSet, node: Node): { run: boolean; keep: boolean } {
  const spec = set.spec.template.spec ?? { containers: [] };
  const named = spec.nodeName === undefined || spec.nodeName === '' || spec.nodeName === node.metadata.name;
  if (!named || !fits(spec, node)) return { run: false, keep: false };
  const tolerations = tolerationsOf(spec);
  const refused = (node.spec?.taints ?? []).filter(
    (taint) => taint.effect !== 'PreferNoSchedule' && !tolerations.some((one) => tolerates(one, taint)),
  );
  return { run: refused.length === 0, keep: refused.every((taint) => taint.effect !== 'NoExecute') };
}

function fits(spec: Pod['spec'], node: Node): boolean {
  const labels = node.metadata.labels ?? {};
  const selected = Object.entries(spec.nodeSelector ?? {}).every(([key, value]) => labels[key] === value);
  const terms = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  return selected && (terms === undefined || terms.some((term) => matchesTerm(term, node)));
}

const operators: Readonly<Record<string, SelectorOperator>> = {
  In: 'in',
  NotIn: 'notin',
  Exists: 'exists',
  DoesNotExist: '!',
  Gt: 'gt',
  Lt: 'lt',
};

/** An empty term matches nothing. */
function matchesTerm({ matchExpressions = [], matchFields = [] }: Term, node: Node): boolean {
  if (matchExpressions.length + matchFields.length === 0) return false;
  return (
    matchesAll(matchExpressions, node.metadata.labels ?? {}) &&
    matchesAll(matchFields, { 'metadata.name': node.metadata.name })
  );
}

const matchesAll = (expressions: readonly Expression[], values: Readonly<Record<string, string>>): boolean =>
  expressions.every(({ key, operator, values: wanted = [] }) => {
    const known = operators[operator];
    return known !== undefined && matchesLabels({ requirements: [{ key, operator: known, values: wanted }] }, values);
  });

/** Binds a pod to a node through the scheduler: by a required affinity to its name, in place of any other. */
export function boundTo(spec: Pod['spec'], node: string): Pod['spec'] {
  const term = { matchFields: [{ key: 'metadata.name', operator: 'In' as const, values: [node] }] };
  const nodeAffinity = {
    ...spec.affinity?.nodeAffinity,
    requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [term] },
  };
  return { ...spec, affinity: { ...spec.affinity, nodeAffinity }, tolerations: tolerationsOf(spec) };
}

/** The node a pod is on, or is bound for. */
export function nodeOf(pod: Pod): string | undefined {
  if (pod.spec.nodeName !== undefined && pod.spec.nodeName !== '') return pod.spec.nodeName;
  const terms = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  const field = terms?.[0]?.matchFields?.[0];
  return field?.key === 'metadata.name' && field.operator === 'In' ? field.values?.[0] : undefined;
}

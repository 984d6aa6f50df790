/** Spreads pods over nodes and zones: topologySpreadConstraints, and without them the pods of one Service or controller (KEP-895, KEP-1258). */
import { matchesLabels, type Pod, type Selector, type TopologySpreadConstraint, toSelector } from '@skiff/api';
import {
  type FilterPlugin,
  type NodeInfo,
  refuse,
  refuseForGood,
  type ScorePlugin,
  type Snapshot,
} from '../framework/types.ts';
import { matchesRequired } from './node-affinity.ts';
import { tolerates } from './taint-toleration.ts';

type Counts = (labels: Readonly<Record<string, string>>) => boolean;

interface Constraint {
  readonly key: string;
  readonly maxSkew: number;
  readonly minDomains: number;
  readonly counts: Counts;
  readonly spec: TopologySpreadConstraint | undefined;
}

const inSelector =
  (selector: Selector): Counts =>
  (labels) =>
    matchesLabels(selector, labels);

function constraintsOf(pod: Pod, when: 'DoNotSchedule' | 'ScheduleAnyway'): Constraint[] {
  return (pod.spec.topologySpreadConstraints ?? [])
    .filter((one) => one.whenUnsatisfiable === when)
    .map((spec) => ({
      key: spec.topologyKey,
      maxSkew: spec.maxSkew,
      minDomains: spec.minDomains ?? 1,
      counts: inSelector(selectorOf(spec, pod)),
      spec,
    }));
}

/** matchLabelKeys: the pod's own values of these labels count too (KEP-3243). */
function selectorOf(spec: TopologySpreadConstraint, pod: Pod): Selector {
  const own = (spec.matchLabelKeys ?? [])
    .filter((key) => pod.metadata.labels?.[key] !== undefined)
    .map((key) => [key, pod.metadata.labels?.[key] ?? ''] as const);
  const base = spec.labelSelector ?? {};
  return toSelector(
    own.length === 0 ? base : { ...base, matchLabels: { ...base.matchLabels, ...Object.fromEntries(own) } },
  );
}

/** Kubernetes' defaults for pods of a Service or controller. */
function defaultConstraints(pod: Pod, snapshot: Snapshot): Constraint[] {
  const selectors = snapshot.spreadSelectors(pod);
  if (selectors.length === 0) return [];
  const counts: Counts = (labels) => selectors.every((selects) => selects(labels));
  return [
    { key: 'kubernetes.io/hostname', maxSkew: 3, minDomains: 1, counts, spec: undefined },
    { key: 'topology.kubernetes.io/zone', maxSkew: 5, minDomains: 1, counts, spec: undefined },
  ];
}

/** nodeAffinityPolicy and nodeTaintsPolicy (KEP-3094): nodes the pod could not use anyway do not count. */
function countsNode(constraint: Constraint, pod: Pod, { node }: NodeInfo): boolean {
  if (node.metadata.labels?.[constraint.key] === undefined) return false;
  if (constraint.spec?.nodeAffinityPolicy !== 'Ignore' && !matchesRequired(pod, node)) return false;
  if (constraint.spec?.nodeTaintsPolicy !== 'Honor') return true;
  const hard = (node.spec?.taints ?? []).filter((taint) => taint.effect !== 'PreferNoSchedule');
  return hard.every((taint) => (pod.spec.tolerations ?? []).some((toleration) => tolerates(toleration, taint)));
}

/** Pods that count, in each domain. */
function countDomains(constraint: Constraint, pod: Pod, nodes: readonly NodeInfo[]): Map<string, number> {
  const domains = new Map<string, number>();
  for (const info of nodes) {
    if (!countsNode(constraint, pod, info)) continue;
    const domain = info.node.metadata.labels?.[constraint.key] ?? '';
    const count = info.pods.filter(
      (one) =>
        one.metadata.namespace === pod.metadata.namespace &&
        one.metadata.deletionTimestamp === undefined &&
        constraint.counts(one.metadata.labels ?? {}),
    ).length;
    domains.set(domain, (domains.get(domain) ?? 0) + count);
  }
  return domains;
}

export const podTopologySpread: FilterPlugin & ScorePlugin = {
  name: 'PodTopologySpread',
  weight: 2,
  prepareFilter(pod, snapshot) {
    const hard = constraintsOf(pod, 'DoNotSchedule').map((constraint) => ({
      constraint,
      domains: countDomains(constraint, pod, snapshot.nodes),
    }));
    if (hard.length === 0) return undefined;
    return ({ node }) => {
      for (const { constraint, domains } of hard) {
        const domain = node.metadata.labels?.[constraint.key];
        if (domain === undefined)
          return refuseForGood("node(s) didn't match pod topology spread constraints (missing required label)");
        const fewest = domains.size < constraint.minDomains ? 0 : Math.min(...domains.values());
        const self = constraint.counts(pod.metadata.labels ?? {}) ? 1 : 0;
        if ((domains.get(domain) ?? 0) + self - fewest > constraint.maxSkew)
          return refuse("node(s) didn't match pod topology spread constraints");
      }
      return undefined;
    };
  },
  prepareScore(pod, snapshot, nodes) {
    const explicit = (pod.spec.topologySpreadConstraints ?? []).length > 0;
    const soft = explicit ? constraintsOf(pod, 'ScheduleAnyway') : defaultConstraints(pod, snapshot);
    const counted = soft
      .map((constraint) => ({ constraint, domains: countDomains(constraint, pod, nodes) }))
      .filter(({ domains }) => domains.size > 0);
    if (counted.length === 0) return undefined;
    return {
      score: ({ node }) =>
        counted.reduce((sum, { constraint, domains }) => {
          const domain = node.metadata.labels?.[constraint.key];
          // Many domains each hold few pods: their counts weigh more, or hosts would never matter beside zones.
          const weight = Math.log(domains.size + 2);
          return sum + (domain === undefined ? 0 : (domains.get(domain) ?? 0) * weight + (constraint.maxSkew - 1));
        }, 0),
      normalise: 'lowest-is-best',
    };
  },
};

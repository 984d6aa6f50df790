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

function constraintsOf(pod: Pod, when: 'DoNotSchedule' | 'ScheduleAnyway'): Constraint[] {
  return (pod.spec.topologySpreadConstraints ?? [])
    .filter((one) => one.whenUnsatisfiable === when)
    .map((spec) => {
      const selector = selectorOf(spec, pod);
      // As in Kubernetes, a selector that asks for nothing counts no pod.
      const counts: Counts = (labels) => selector.requirements.length > 0 && matchesLabels(selector, labels);
      return { key: spec.topologyKey, maxSkew: spec.maxSkew, minDomains: spec.minDomains ?? 1, counts, spec };
    });
}

/** matchLabelKeys: the pod's own values of these labels count too (KEP-3243). */
function selectorOf(spec: TopologySpreadConstraint, pod: Pod): Selector {
  const own = (spec.matchLabelKeys ?? []).flatMap((key) => {
    const value = pod.metadata.labels?.[key];
    return value === undefined ? [] : [{ key, operator: 'in' as const, values: [value] }];
  });
  const selector = toSelector(spec.labelSelector);
  return { ...selector, requirements: [...selector.requirements, ...own] };
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
  if (constraint.spec?.nodeAffinityPolicy !== 'Ignore' && !matchesRequired(pod, node)) return false;
  if (constraint.spec?.nodeTaintsPolicy !== 'Honor') return true;
  const hard = (node.spec?.taints ?? []).filter((taint) => taint.effect !== 'PreferNoSchedule');
  return hard.every((taint) => (pod.spec.tolerations ?? []).some((toleration) => tolerates(toleration, taint)));
}

const domainOf = ({ node }: NodeInfo, { key }: Constraint): string | undefined => node.metadata.labels?.[key];

const hasEveryKey = (info: NodeInfo, constraints: readonly Constraint[]): boolean =>
  constraints.every((constraint) => domainOf(info, constraint) !== undefined);

/** Pods that count, in each domain of these nodes. */
function countDomains(constraint: Constraint, pod: Pod, nodes: readonly NodeInfo[]): Map<string, number> {
  const domains = new Map<string, number>();
  for (const info of nodes) {
    const domain = domainOf(info, constraint);
    if (domain === undefined || !countsNode(constraint, pod, info)) continue;
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

/** The score of a node that lacks a topology key of the pod's own constraints: it is liked least. */
const outside = -1;

function normalise(raw: readonly number[]): number[] {
  const inside = raw.filter((score) => score !== outside);
  const [lowest, highest] = [Math.min(...inside), Math.max(...inside)];
  return raw.map((score) => {
    if (score === outside) return 0;
    return highest === 0 ? 100 : Math.floor((100 * (highest + lowest - score)) / highest);
  });
}

export const podTopologySpread: FilterPlugin & ScorePlugin = {
  name: 'PodTopologySpread',
  weight: 2,
  prepareFilter(pod, snapshot) {
    const constraints = constraintsOf(pod, 'DoNotSchedule');
    if (constraints.length === 0) return undefined;
    const eligible = snapshot.nodes.filter((info) => hasEveryKey(info, constraints));
    const hard = constraints.map((constraint) => ({ constraint, domains: countDomains(constraint, pod, eligible) }));
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
    const inside = explicit ? nodes.filter((info) => hasEveryKey(info, soft)) : nodes;
    const everywhere = explicit ? snapshot.nodes.filter((info) => hasEveryKey(info, soft)) : snapshot.nodes;
    const counted = soft.map((constraint) => {
      const domains = countDomains(constraint, pod, everywhere);
      const reachable = new Set(inside.map((info) => domainOf(info, constraint)).filter((one) => one !== undefined));
      // Many domains each hold few pods: their counts weigh more, or hosts would never matter beside zones.
      return { constraint, domains, weight: Math.log(reachable.size + 2) };
    });
    if (counted.length === 0) return undefined;
    const insiders = new Set(inside);
    return {
      score(info) {
        if (!insiders.has(info)) return outside;
        const sum = counted.reduce((total, { constraint, domains, weight }) => {
          const domain = domainOf(info, constraint);
          return domain === undefined ? total : total + (domains.get(domain) ?? 0) * weight + (constraint.maxSkew - 1);
        }, 0);
        return Math.round(sum);
      },
      normalise,
    };
  },
};

/** Making room for a pod by removing less important ones. Pure. Rules: Kubernetes' DefaultPreemption. */
import { matchesLabels, type Pod, type PodDisruptionBudget, toSelector } from '@skiff/api';
import { addResources, podRequests } from './resources.ts';
import { explain, filterNodes } from './schedule.ts';
import type { FilterPlugin, NodeInfo, Refusal, Snapshot } from './types.ts';

export interface Candidate {
  readonly node: string;
  readonly victims: readonly Pod[];
  /** Victims whose budget does not allow their going. */
  readonly violations: number;
}

export type Preemption =
  | { readonly type: 'candidate'; readonly candidate: Candidate }
  | { readonly type: 'none'; readonly message: string };

export const priorityOf = (pod: Pod): number => pod.spec.priority ?? 0;

/** `refusals`: why each node refused the pod as things are. */
export function planPreemption(
  snapshot: Snapshot,
  pod: Pod,
  refusals: ReadonlyMap<string, Refusal>,
  filters: readonly FilterPlugin[],
  budgets: readonly PodDisruptionBudget[],
): Preemption {
  const total = snapshot.nodes.length;
  if (pod.spec.preemptionPolicy === 'Never')
    return { type: 'none', message: `preemption: not eligible due to preemptionPolicy=Never.` };
  const outcomes = new Map<string, Refusal>();
  const candidates: Candidate[] = [];
  for (const info of snapshot.nodes) {
    const name = info.node.metadata.name;
    if (refusals.get(name)?.unresolvable === true) {
      outcomes.set(name, { reasons: ['Preemption is not helpful for scheduling'], unresolvable: true });
      continue;
    }
    const candidate = candidateOn(snapshot, pod, info, filters, budgets);
    if (candidate === undefined)
      outcomes.set(name, { reasons: ['No preemption victims found for incoming pod'], unresolvable: false });
    else candidates.push(candidate);
  }
  const [best] = candidates.sort(compareCandidates);
  return best === undefined
    ? { type: 'none', message: `preemption: ${explain(total, outcomes.values())}` }
    : { type: 'candidate', candidate: best };
}

/** The fewest and least important pods whose going lets the pod in; undefined when even all do not. */
function candidateOn(
  snapshot: Snapshot,
  pod: Pod,
  info: NodeInfo,
  filters: readonly FilterPlugin[],
  budgets: readonly PodDisruptionBudget[],
): Candidate | undefined {
  const lower = info.pods.filter((one) => priorityOf(one) < priorityOf(pod));
  if (lower.length === 0) return undefined;
  const fits = (without: ReadonlySet<Pod>): boolean => fitsOn(snapshot, pod, removePods(info, without), filters);
  const gone = new Set(lower);
  if (!fits(gone)) return undefined;
  // Give back as many as possible: first those whose budget forbids their going, then the most important.
  const protectedPods = new Set(budgetViolators(lower, budgets));
  const order = [...lower].sort(
    (a, b) => Number(protectedPods.has(b)) - Number(protectedPods.has(a)) || moreImportantFirst(a, b),
  );
  for (const one of order) {
    gone.delete(one);
    if (!fits(gone)) gone.add(one);
  }
  const victims = [...gone].sort(moreImportantFirst);
  return {
    node: info.node.metadata.name,
    victims,
    violations: victims.filter((victim) => protectedPods.has(victim)).length,
  };
}

const startOf = (pod: Pod): number => Date.parse(pod.status?.startTime ?? pod.metadata.creationTimestamp);

/** The one that has run longer is the more important of equals. */
const moreImportantFirst = (a: Pod, b: Pod): number => priorityOf(b) - priorityOf(a) || startOf(a) - startOf(b);

function removePods(info: NodeInfo, without: ReadonlySet<Pod>): NodeInfo {
  const requested = new Map(info.requested);
  for (const pod of without) addResources(requested, podRequests(pod), -1);
  return { ...info, pods: info.pods.filter((pod) => !without.has(pod)), requested };
}

function fitsOn(snapshot: Snapshot, pod: Pod, changed: NodeInfo, filters: readonly FilterPlugin[]): boolean {
  const name = changed.node.metadata.name;
  const nodes = snapshot.nodes.map((info) => (info.node.metadata.name === name ? changed : info));
  const hypothetical: Snapshot = {
    ...snapshot,
    nodes,
    byName: new Map(nodes.map((info) => [info.node.metadata.name, info])),
  };
  return filterNodes(hypothetical, pod, filters).feasible.includes(changed);
}

/** Pods that go beyond what their budgets still allow, counted in order of importance. */
function budgetViolators(pods: readonly Pod[], budgets: readonly PodDisruptionBudget[]): Pod[] {
  const left = new Map(budgets.map((budget) => [budget, budget.status?.disruptionsAllowed ?? 0]));
  return [...pods].sort(moreImportantFirst).filter((pod) => {
    let violates = false;
    for (const [budget, allowed] of left) {
      const selects =
        budget.metadata.namespace === pod.metadata.namespace &&
        matchesLabels(toSelector(budget.spec.selector), pod.metadata.labels ?? {});
      if (!selects) continue;
      left.set(budget, allowed - 1);
      if (allowed <= 0) violates = true;
    }
    return violates;
  });
}

/** Kubernetes' order: fewest broken budgets, least important victims, fewest victims, those that started last. */
function compareCandidates(a: Candidate, b: Candidate): number {
  const highest = (candidate: Candidate): number => Math.max(...candidate.victims.map(priorityOf));
  const sum = (candidate: Candidate): number =>
    candidate.victims.reduce((total, victim) => total + priorityOf(victim) + 2 ** 31, 0);
  const earliest = (candidate: Candidate): number =>
    Math.min(...candidate.victims.filter((victim) => priorityOf(victim) === highest(candidate)).map(startOf));
  return (
    a.violations - b.violations ||
    highest(a) - highest(b) ||
    sum(a) - sum(b) ||
    a.victims.length - b.victims.length ||
    earliest(b) - earliest(a)
  );
}

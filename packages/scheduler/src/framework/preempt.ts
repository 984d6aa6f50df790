/** Making room for a pod by removing less important ones. Pure. Rules: Kubernetes' DefaultPreemption. */
import { matchesLabels, type Pod, type PodDisruptionBudget, toSelector } from '@skiff/api';
import { addPod, removePod } from './node-info.ts';
import { moreImportantFirst, priorityOf, startOf } from './priority.ts';
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
  /** The pod may not preempt, or not now. */
  | { readonly type: 'ineligible'; readonly message: string }
  | { readonly type: 'none'; readonly message: string };

/** So many candidates are looked for before the best is taken, as in Kubernetes: 100, or a tenth of the nodes. */
const leastCandidates = 100;
const candidateShare = 0.1;

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
    return { type: 'ineligible', message: 'preemption: not eligible due to preemptionPolicy=Never.' };
  if (victimsLeaving(snapshot, pod, refusals))
    return { type: 'ineligible', message: 'preemption: not eligible due to a terminating pod on the nominated node.' };
  const outcomes = new Map<string, Refusal>();
  const candidates: Candidate[] = [];
  const enough = Math.max(leastCandidates, total * candidateShare);
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
    if (candidates.length >= enough) break;
  }
  const [best] = candidates.sort(compareCandidates);
  return best === undefined
    ? { type: 'none', message: `preemption: ${explain(total, outcomes.values())}` }
    : { type: 'candidate', candidate: best };
}

/** Room is being made for the pod already: on the node it is nominated for, preempted pods have not gone yet. */
function victimsLeaving(snapshot: Snapshot, pod: Pod, refusals: ReadonlyMap<string, Refusal>): boolean {
  const nominated = pod.status?.nominatedNodeName ?? '';
  if (nominated === '' || refusals.get(nominated)?.unresolvable === true) return false;
  const here = snapshot.nodes.find(({ node }) => node.metadata.name === nominated)?.pods ?? [];
  return here.some(
    (one) => one.metadata.deletionTimestamp !== undefined && priorityOf(one) < priorityOf(pod) && wasPreempted(one),
  );
}

const wasPreempted = (pod: Pod): boolean =>
  (pod.status?.conditions ?? []).some(
    ({ type, status, reason }) =>
      type === 'DisruptionTarget' && status === 'True' && reason === 'PreemptionByScheduler',
  );

/** The fewest and least important pods whose going lets the pod in; undefined when even all do not. */
function candidateOn(
  snapshot: Snapshot,
  pod: Pod,
  info: NodeInfo,
  filters: readonly FilterPlugin[],
  budgets: readonly PodDisruptionBudget[],
): Candidate | undefined {
  const lower = info.pods.filter((one) => priorityOf(one) < priorityOf(pod)).sort(moreImportantFirst);
  if (lower.length === 0) return undefined;
  let left = lower.reduce(removePod, info);
  if (!fitsOn(snapshot, pod, left, filters)) return undefined;
  // Give back as many as possible: first those whose budget forbids their going, then the most important.
  const protectedPods = new Set(budgetViolators(lower, budgets));
  const isProtected = (one: Pod): boolean => protectedPods.has(one);
  const victims: Pod[] = [];
  for (const one of [...lower.filter(isProtected), ...lower.filter((other) => !isProtected(other))]) {
    const crowded = addPod(left, one);
    if (fitsOn(snapshot, pod, crowded, filters)) left = crowded;
    else victims.push(one);
  }
  return {
    node: info.node.metadata.name,
    victims: victims.sort(moreImportantFirst),
    violations: victims.filter(isProtected).length,
  };
}

function fitsOn(snapshot: Snapshot, pod: Pod, changed: NodeInfo, filters: readonly FilterPlugin[]): boolean {
  const name = changed.node.metadata.name;
  const nodes = snapshot.nodes.map((info) => (info.node.metadata.name === name ? changed : info));
  return filterNodes({ ...snapshot, nodes }, pod, filters, [changed]).feasible.length === 1;
}

/** Of pods in order of importance, those that go beyond what their budgets still allow. */
function budgetViolators(pods: readonly Pod[], budgets: readonly PodDisruptionBudget[]): Pod[] {
  const left = new Map(budgets.map((budget) => [budget, budget.status?.disruptionsAllowed ?? 0]));
  return pods.filter((pod) => {
    let violates = false;
    for (const [budget, allowed] of left) {
      if (!guards(budget, pod)) continue;
      left.set(budget, allowed - 1);
      if (allowed <= 0) violates = true;
    }
    return violates;
  });
}

/** An empty selector guards nothing here, as in Kubernetes' scheduler; who is on the way out already was counted then. */
function guards({ metadata, spec, status }: PodDisruptionBudget, pod: Pod): boolean {
  const selector = toSelector(spec.selector);
  return (
    metadata.namespace === pod.metadata.namespace &&
    selector.requirements.length > 0 &&
    matchesLabels(selector, pod.metadata.labels) &&
    !Object.hasOwn(status?.disruptedPods ?? {}, pod.metadata.name)
  );
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

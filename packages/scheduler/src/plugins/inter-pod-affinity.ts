/** Pods that want to be near others, or far from them; and what pods already there want. Near means: same value of a node label. */
import { matchesLabels, type Pod, type PodAffinityTerm, type Selector, toSelector } from '@skiff/api';
import { spreadOut } from '../framework/normalise.ts';
import {
  type FilterPlugin,
  type NodeInfo,
  refuse,
  refuseForGood,
  type ScorePlugin,
  type Snapshot,
} from '../framework/types.ts';

/** Does `pod` count for `term` of `owner`? */
function selectsPod(term: PodAffinityTerm, owner: Pod, pod: Pod, snapshot: Snapshot): boolean {
  return (
    inNamespaces(term, owner, pod.metadata.namespace ?? '', snapshot) &&
    matchesLabels(selectorOf(term, owner), pod.metadata.labels ?? {})
  );
}

/** matchLabelKeys and mismatchLabelKeys: the owner's own values of these labels are asked for, or avoided (KEP-3633). */
function selectorOf(term: PodAffinityTerm, owner: Pod): Selector {
  const selector = toSelector(term.labelSelector);
  const own = (keys: readonly string[] | undefined, operator: 'in' | 'notin') =>
    (keys ?? []).flatMap((key) => {
      const value = owner.metadata.labels?.[key];
      return value === undefined ? [] : [{ key, operator, values: [value] }];
    });
  const { matchLabelKeys, mismatchLabelKeys } = term;
  return {
    ...selector,
    requirements: [...selector.requirements, ...own(matchLabelKeys, 'in'), ...own(mismatchLabelKeys, 'notin')],
  };
}

/** Namespaces named, or selected, or without either the owner's own. */
function inNamespaces(term: PodAffinityTerm, owner: Pod, namespace: string, snapshot: Snapshot): boolean {
  const named = term.namespaces ?? [];
  if (named.length === 0 && term.namespaceSelector === undefined) return namespace === owner.metadata.namespace;
  if (named.includes(namespace)) return true;
  return (
    term.namespaceSelector !== undefined &&
    matchesLabels(toSelector(term.namespaceSelector), snapshot.namespaceLabels(namespace))
  );
}

const domainOf = ({ node }: NodeInfo, key: string): string | undefined => node.metadata.labels?.[key];

const requiredAffinity = (pod: Pod): readonly PodAffinityTerm[] =>
  pod.spec.affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
const requiredAntiAffinity = (pod: Pod): readonly PodAffinityTerm[] =>
  pod.spec.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];

/** Values of the term's key where a pod stands that counts. */
function domainsWith(term: PodAffinityTerm, snapshot: Snapshot, counts: (pod: Pod) => boolean): Set<string> {
  const domains = new Set<string>();
  for (const info of snapshot.nodes) {
    const domain = domainOf(info, term.topologyKey);
    if (domain !== undefined && info.pods.some(counts)) domains.add(domain);
  }
  return domains;
}

/** Keys and values where an existing pod's anti-affinity keeps `pod` away. */
function forbiddenByOthers(pod: Pod, snapshot: Snapshot): Map<string, Set<string>> {
  const forbidden = new Map<string, Set<string>>();
  for (const info of snapshot.nodes) {
    for (const existing of info.podsWithAffinity) {
      for (const term of requiredAntiAffinity(existing)) {
        const domain = domainOf(info, term.topologyKey);
        if (domain === undefined || !selectsPod(term, existing, pod, snapshot)) continue;
        const domains = forbidden.get(term.topologyKey) ?? new Set();
        domains.add(domain);
        forbidden.set(term.topologyKey, domains);
      }
    }
  }
  return forbidden;
}

export const interPodAffinity: FilterPlugin & ScorePlugin = {
  name: 'InterPodAffinity',
  weight: 2,
  prepareFilter(pod, snapshot) {
    const terms = requiredAffinity(pod);
    // To be near somebody means one pod that every term selects.
    const isCompany = (other: Pod): boolean => terms.every((term) => selectsPod(term, pod, other, snapshot));
    const near = terms.map((term) => ({ term, domains: domainsWith(term, snapshot, isCompany) }));
    const far = requiredAntiAffinity(pod).map((term) => ({
      term,
      domains: domainsWith(term, snapshot, (other) => selectsPod(term, pod, other, snapshot)),
    }));
    const forbidden = forbiddenByOthers(pod, snapshot);
    if (near.length === 0 && far.length === 0 && forbidden.size === 0) return undefined;
    // The first pod of a group that wants to be together has nobody to join yet.
    const isFirst = near.every(({ domains }) => domains.size === 0) && isCompany(pod);
    return (info) => {
      const joins = near.every(({ term, domains }) => {
        const domain = domainOf(info, term.topologyKey);
        return domain !== undefined && (isFirst || domains.has(domain));
      });
      if (!joins) return refuseForGood("node(s) didn't match pod affinity rules");
      if (far.some(({ term, domains }) => domains.has(domainOf(info, term.topologyKey) ?? '\0')))
        return refuse("node(s) didn't match pod anti-affinity rules");
      for (const [key, domains] of forbidden) {
        if (domains.has(domainOf(info, key) ?? '\0'))
          return refuse("node(s) didn't satisfy existing pods anti-affinity rules");
      }
      return undefined;
    };
  },
  prepareScore(pod, snapshot) {
    const weights = preferenceWeights(pod, snapshot);
    if (weights.size === 0) return undefined;
    const raw = ({ node }: NodeInfo): number =>
      [...weights].reduce((sum, [key, byDomain]) => sum + (byDomain.get(node.metadata.labels?.[key] ?? '\0') ?? 0), 0);
    return { score: raw, normalise: spreadOut };
  },
};

/** Key → value → sum of the weights of preferences that a node with that value would satisfy. */
function preferenceWeights(pod: Pod, snapshot: Snapshot): Map<string, Map<string, number>> {
  const weights = new Map<string, Map<string, number>>();
  const add = (info: NodeInfo, key: string, weight: number): void => {
    const domain = domainOf(info, key);
    if (domain === undefined) return;
    const byDomain = weights.get(key) ?? new Map<string, number>();
    byDomain.set(domain, (byDomain.get(domain) ?? 0) + weight);
    weights.set(key, byDomain);
  };
  const preferences = (owner: Pod) => [
    ...(owner.spec.affinity?.podAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map((one) => ({
      ...one,
      sign: 1,
    })),
    ...(owner.spec.affinity?.podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map((one) => ({
      ...one,
      sign: -1,
    })),
  ];
  const own = preferences(pod);
  for (const info of snapshot.nodes) {
    for (const existing of own.length === 0 ? [] : info.pods)
      for (const { podAffinityTerm: term, weight, sign } of own)
        if (selectsPod(term, pod, existing, snapshot)) add(info, term.topologyKey, sign * weight);
    for (const existing of info.podsWithAffinity) {
      // What a pod that runs prefers counts as well, and its hard affinity a little (hardPodAffinityWeight 1).
      for (const { podAffinityTerm: term, weight, sign } of preferences(existing))
        if (selectsPod(term, existing, pod, snapshot)) add(info, term.topologyKey, sign * weight);
      for (const term of requiredAffinity(existing))
        if (selectsPod(term, existing, pod, snapshot)) add(info, term.topologyKey, 1);
    }
  }
  return weights;
}

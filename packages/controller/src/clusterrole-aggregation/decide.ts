/** What an aggregated ClusterRole allows: the rules of the roles that its selectors match. Pure. */
import { type ClusterRole, matchesLabels, toSelector } from '@skiff/api';

type Rules = NonNullable<ClusterRole['rules']>;

/** Each rule once, role by role in the order of the selectors, then of the names. Undefined when the role aggregates nothing. */
export function aggregatedRules(role: ClusterRole, all: readonly ClusterRole[]): Rules | undefined {
  const selectors = role.aggregationRule?.clusterRoleSelectors;
  if (selectors === undefined) return undefined;
  const others = all
    .filter((other) => other.metadata.name !== role.metadata.name)
    .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  const rules = new Map<string, Rules[number]>();
  for (const selector of selectors) {
    const wanted = toSelector(selector);
    for (const other of others) {
      if (!matchesLabels(wanted, other.metadata.labels)) continue;
      for (const rule of other.rules ?? []) rules.set(textOf(rule), rules.get(textOf(rule)) ?? rule);
    }
  }
  return [...rules.values()];
}

export const sameRules = (a: Rules, b: Rules): boolean =>
  a.length === b.length && a.every((rule, index) => textOf(rule) === textOf(b[index]));

const textOf = (rule: Rules[number] | undefined): string =>
  JSON.stringify([rule?.verbs, rule?.apiGroups, rule?.resources, rule?.resourceNames, rule?.nonResourceURLs]);

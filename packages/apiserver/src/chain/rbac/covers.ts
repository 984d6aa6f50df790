/** Whether rules are held already by somebody who wants to give them (k8s.io/component-helpers auth/rbac/validation, policy_comparator). Pure. */
import type { Rule } from './rules.ts';

/** Rules of one verb, group, resource, name or URL each, among `wanted`, that none of `held` allows. */
export const uncovered = (held: readonly Rule[], wanted: readonly Rule[]): readonly Rule[] =>
  wanted.flatMap(single).filter((one) => !held.some((rule) => covers(rule, one)));

function single(rule: Rule): readonly Rule[] {
  const names = rule.resourceNames.length === 0 ? [[]] : rule.resourceNames.map((name) => [name]);
  const none = { apiGroups: [], resources: [], resourceNames: [], nonResourceURLs: [] };
  return rule.verbs.flatMap((verb) => [
    ...rule.apiGroups.flatMap((group) =>
      rule.resources.flatMap((resource) =>
        names.map((resourceNames) => ({
          ...{ ...none, verbs: [verb], apiGroups: [group] },
          ...{ resources: [resource], resourceNames },
        })),
      ),
    ),
    ...rule.nonResourceURLs.map((url) => ({ ...none, verbs: [verb], nonResourceURLs: [url] })),
  ]);
}

function covers(held: Rule, one: Rule): boolean {
  const all = (have: readonly string[], want: readonly string[]): boolean =>
    have.includes('*') || want.every((value) => have.includes(value));
  if (!all(held.verbs, one.verbs)) return false;
  const [url] = one.nonResourceURLs;
  if (url !== undefined) return held.nonResourceURLs.some((pattern) => urlCovers(pattern, url));
  if (!all(held.apiGroups, one.apiGroups)) return false;
  if (!one.resources.every((resource) => resourceCovers(held.resources, resource))) return false;
  if (held.resourceNames.length === 0) return true;
  return one.resourceNames.length > 0 && one.resourceNames.every((name) => held.resourceNames.includes(name));
}

function resourceCovers(held: readonly string[], resource: string): boolean {
  if (held.includes('*') || held.includes(resource)) return true;
  const slash = resource.indexOf('/');
  return slash >= 0 && held.includes(`*${resource.slice(slash)}`);
}

const urlCovers = (pattern: string, url: string): boolean =>
  pattern === url || (pattern.endsWith('*') && url.startsWith(pattern.slice(0, -1)));

/** `{APIGroups:[""], Resources:["pods"], Verbs:["get" "list"]}`, the verbs of one thing together, sorted. */
export function shownRules(rules: readonly Rule[]): readonly string[] {
  const verbs = new Map<string, string[]>();
  for (const rule of rules) {
    const what = [
      part('APIGroups', rule.apiGroups),
      part('Resources', rule.resources),
      part('NonResourceURLs', rule.nonResourceURLs),
      part('ResourceNames', rule.resourceNames),
    ].join('');
    verbs.set(what, [...new Set([...(verbs.get(what) ?? []), ...rule.verbs])]);
  }
  return [...verbs].map(([what, list]) => `{${what}Verbs:${quoted(list)}}`).sort();
}

const quoted = (list: readonly string[]): string => `[${list.map((one) => JSON.stringify(one)).join(' ')}]`;
const part = (name: string, list: readonly string[]): string => (list.length === 0 ? '' : `${name}:${quoted(list)}, `);

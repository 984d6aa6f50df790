/** Labels of nodes that have newer names (pkg/api/node/util.go). */
import type { NodeSelectorTerm } from '../kinds/types.ts';
import type { Loose } from '../validation/support.ts';

const newer: ReadonlyMap<string, string> = new Map([
  ['beta.kubernetes.io/arch', 'deprecated since v1.14; use "kubernetes.io/arch" instead'],
  ['beta.kubernetes.io/os', 'deprecated since v1.14; use "kubernetes.io/os" instead'],
  ['failure-domain.beta.kubernetes.io/region', 'deprecated since v1.17; use "topology.kubernetes.io/region" instead'],
  ['failure-domain.beta.kubernetes.io/zone', 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead'],
  ['beta.kubernetes.io/instance-type', 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead'],
]);

export const deprecatedLabel = (key: string): string | undefined => newer.get(key);

/** `x.key: beta.kubernetes.io/os is deprecated …` for each expression of the term. */
export const termWarnings = (term: Loose<NodeSelectorTerm> | undefined, path: string): string[] =>
  (term?.matchExpressions ?? []).flatMap(({ key = '' }, index) => {
    const why = deprecatedLabel(key);
    return why === undefined ? [] : [`${path}.matchExpressions[${index}].key: ${key} is ${why}`];
  });

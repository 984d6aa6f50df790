/** nodeSelector and node affinity. Required terms: any one of them, every expression of it; preferred ones add their weight. */
import { matchesLabels, type Node, type NodeSelectorRequirement, type NodeSelectorTerm, type Pod } from '@skiff/api';
import { highestIsBest } from '../framework/normalise.ts';
import { type FilterPlugin, refuseForGood, type ScorePlugin } from '../framework/types.ts';

export const nodeAffinity: FilterPlugin & ScorePlugin = {
  name: 'NodeAffinity',
  weight: 2,
  prepareFilter(pod) {
    if (pod.spec.nodeSelector === undefined && requiredTerms(pod) === undefined) return undefined;
    return ({ node }) =>
      matchesRequired(pod, node) ? undefined : refuseForGood("node(s) didn't match Pod's node affinity/selector");
  },
  prepareScore(pod) {
    const preferred = pod.spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
    if (preferred.length === 0) return undefined;
    return {
      score: ({ node }) =>
        preferred
          .filter(({ preference }) => matchesTerm(preference, node))
          .reduce((sum, { weight }) => sum + weight, 0),
      normalise: highestIsBest,
    };
  },
};

const requiredTerms = (pod: Pod): readonly NodeSelectorTerm[] | undefined =>
  pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;

/** Whether a node satisfies the pod's nodeSelector and required affinity. */
export function matchesRequired(pod: Pod, node: Node): boolean {
  const labels = node.metadata.labels ?? {};
  for (const [name, value] of Object.entries(pod.spec.nodeSelector ?? {}))
    if (!Object.hasOwn(labels, name) || labels[name] !== value) return false;
  const terms = requiredTerms(pod);
  return terms === undefined || terms.some((term) => matchesTerm(term, node));
}

/** A term without expressions matches nothing. */
function matchesTerm(term: NodeSelectorTerm, node: Node): boolean {
  const expressions = term.matchExpressions ?? [];
  const fields = term.matchFields ?? [];
  if (expressions.length === 0 && fields.length === 0) return false;
  const fieldValues = { 'metadata.name': node.metadata.name };
  return (
    expressions.every((one) => matchesRequirement(one, node.metadata.labels ?? {})) &&
    fields.every((one) => matchesRequirement(one, fieldValues))
  );
}

function matchesRequirement(
  { key, operator, values = [] }: NodeSelectorRequirement,
  labels: Readonly<Record<string, string>>,
): boolean {
  const operators = { In: 'in', NotIn: 'notin', Exists: 'exists', DoesNotExist: '!', Gt: 'gt', Lt: 'lt' } as const;
  const known = Object.hasOwn(operators, operator) ? operators[operator as keyof typeof operators] : undefined;
  return known !== undefined && matchesLabels({ requirements: [{ key, operator: known, values }] }, labels);
}

/** Taints that a pod does not tolerate keep it away (NoSchedule, NoExecute) or make a node less liked (PreferNoSchedule). */
import type { Taint, Toleration } from '@skiff/api';
import { lowestIsBest } from '../framework/normalise.ts';
import { type FilterPlugin, refuseForGood, type ScorePlugin } from '../framework/types.ts';

/** The matching rule of core/v1 Toleration. */
export function tolerates(toleration: Toleration, taint: Pick<Taint, 'key' | 'value' | 'effect'>): boolean {
  const {
    effect,
    key = '',
    operator,
    value = '',
  }: { effect?: string; key?: string; operator?: string; value?: string } = toleration;
  if (effect !== undefined && effect !== '' && effect !== taint.effect) return false;
  if (key !== '' && key !== taint.key) return false;
  if (operator === 'Exists') return true;
  const isEqual = operator === undefined || operator === '' || operator === 'Equal';
  return isEqual && key !== '' && value === (taint.value ?? '');
}

const untolerated = (
  taints: readonly Taint[],
  tolerations: readonly Toleration[],
  effects: readonly string[],
): Taint[] =>
  taints.filter(
    (taint) => effects.includes(taint.effect) && !tolerations.some((toleration) => tolerates(toleration, taint)),
  );

export const taintToleration: FilterPlugin & ScorePlugin = {
  name: 'TaintToleration',
  weight: 3,
  prepareFilter(pod) {
    const tolerations = pod.spec.tolerations ?? [];
    return ({ node }) => {
      const [taint] = untolerated(node.spec?.taints ?? [], tolerations, ['NoSchedule', 'NoExecute']);
      return taint === undefined
        ? undefined
        : refuseForGood(`node(s) had untolerated taint {${taint.key}: ${taint.value ?? ''}}`);
    };
  },
  prepareScore(pod, _snapshot, nodes) {
    if (!nodes.some(({ node }) => node.spec?.taints?.some((taint) => taint.effect === 'PreferNoSchedule')))
      return undefined;
    const tolerations = pod.spec.tolerations ?? [];
    return {
      score: ({ node }) => untolerated(node.spec?.taints ?? [], tolerations, ['PreferNoSchedule']).length,
      normalise: lowestIsBest,
    };
  },
};

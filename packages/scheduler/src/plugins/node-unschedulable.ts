/** A cordoned node takes no pod that does not tolerate it. */
import { type FilterPlugin, refuseForGood } from '../framework/types.ts';
import { tolerates } from './taint-toleration.ts';

export const nodeUnschedulable: FilterPlugin = {
  name: 'NodeUnschedulable',
  prepareFilter(pod) {
    const tolerated = (pod.spec.tolerations ?? []).some((toleration) =>
      tolerates(toleration, { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }),
    );
    if (tolerated) return undefined;
    return ({ node }) => (node.spec?.unschedulable === true ? refuseForGood('node(s) were unschedulable') : undefined);
  },
};
